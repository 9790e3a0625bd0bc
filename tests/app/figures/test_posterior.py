from app.figures.export import alt_text
from app.figures.posterior import posterior_map
from app.figures.theme import LIGHT, prior_colour
from app.records import Window

WINDOW = Window(-4, 4, -4, 4)


def test_a_stand_in_is_drawn_over_one_dotted_line_of_the_truth(normal):
    alone = posterior_map(LIGHT, WINDOW, normal, title="p", alt="the truth", prior="vamp").checked()
    both = posterior_map(LIGHT, WINDOW, normal, title="q", alt="a stand-in", prior="vamp", truth=normal).checked()
    assert [trace.name for trace in alone.data] == ["p"]
    assert [(trace.name, trace.line.dash) for trace in both.data] == [("true posterior", "dot"), ("q", "solid")]
    assert (both.data[0].contours.start, both.data[0].contours.end) == (1, 1)
    assert (both.data[1].contours.start, both.data[1].contours.end) == (0, 3)
    assert both.layout.title.text == "q"
    assert alt_text(both) == "a stand-in"
    assert both.layout.xaxis.linecolor == prior_colour("vamp")
    assert tuple(both.layout.xaxis.range) == (-4, 4)
    assert "50 %" in {each.text for each in both.layout.annotations}
