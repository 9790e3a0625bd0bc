"""The duel on Compare, played to its end."""

from app.duel import PAIRS, sides
from tests.app.reading import open_page, pictures, words


def buttons(at) -> dict[str, object]:
    return {each.label: each for each in at.button if str(each.key).startswith("compare_duel_")}


def test_a_duel_hides_its_tally_until_the_last_pair(models):
    from app.services.catalogue import experiments

    family, first = next(each for each in experiments() if each.name == "tiny-2d"), sides(3)
    # The viewer takes the first prior wherever it stands, but for five pairs; all but the last two are played.
    wanted = [side if pair >= 5 else {"left": "right", "right": "left"}[side] for pair, side in enumerate(first)]
    played = PAIRS - 2
    at = open_page("compare", experiment="tiny-2d", compare_duel="true", compare_duel_seed="3")
    at.session_state["_duel_chosen"] = {(family.ref("sg"), family.ref("vamp"), 3): tuple(wanted[:played])}
    at.run()
    for pair in range(played, PAIRS):
        said = words(at)
        assert f"Pair {pair + 1} of {PAIRS}" in said
        assert "This viewer" not in said
        at = buttons(at)[{"left": "First", "right": "Second"}[wanted[pair]]].click().run()
        assert not at.exception
    said = words(at)
    assert (
        f"This viewer chose Standard normal in {PAIRS - 5} of {PAIRS} pairs**, 75 % (95 % interval 53 to 89 %" in said
    )
    assert "to this viewer, samples of Standard normal look more real" in said
    assert "First" not in buttons(at)
    at = buttons(at)["Play again with other samples"].click().run()
    assert f"Pair 1 of {PAIRS}" in words(at)
    assert at.session_state["compare_duel_seed"] == 4
    at = buttons(at)["End the duel"].click().run()
    assert "compare_duel" not in at.query_params
    assert list(buttons(at)) == [f"Judge {PAIRS} pairs of samples without knowing which prior drew them"]
    at = at.button(key="compare_duel_begin").click().run()
    assert f"Pair 1 of {PAIRS}" in words(at)


def test_the_first_prior_stands_where_the_sides_say(models):
    from app.figures.tiles import data_uri
    from app.services import catalogue, images
    from app.widgets.duel import _NOT_SHOWN
    from app.widgets.pictures import images_png

    family = next(each for each in catalogue.experiments() if each.name == "tiny-2d")
    expected = {}
    for prior in ("sg", "vamp"):
        ref = family.ref(prior)
        drawn = images.prior_samples(ref, PAIRS, 8 + _NOT_SHOWN).pixels[:1]
        expected[data_uri(images_png(drawn, catalogue.facts(ref).binary))] = prior
    at = open_page("compare", experiment="tiny-2d", compare_duel="true", compare_duel_seed="8")
    left, right = (expected[each] for each in pictures(at) if each in expected)
    assert (left, right) == (("sg", "vamp") if sides(8)[0] == "left" else ("vamp", "sg"))
