"""What is said of trainings with other seeds."""

from app.services import catalogue, spread
from app.services.spread import Spread
from app.widgets import seeds
from tests.app.reading import as_shown, charts, open_page, words


def test_the_spread_of_the_seeds_is_said_in_two_digits():
    found = Spread({2: -134.9, 0: -129.2, 1: -138.5})
    assert seeds.sd_words(found) == "SD 4.7 over 3 trainings"
    assert seeds.mean_words(found) == "−134.20 (SD 4.7)"
    assert seeds.mean_words(Spread({0: 1.0, 1: 2.0}), sign=True) == "+1.50 (SD 0.71)"
    assert seeds.mean_words(Spread({0: 1.0, 1: 1.0986})) == "1.05 (SD 0.070)"
    assert seeds.sd_words(Spread({0: 1.0, 1: 1.0})) == "SD 0 over 2 trainings"


def test_overview_says_which_training_its_scores_are_of_and_shows_the_others(shipped):
    at = open_page("overview", experiment="digits-2d")
    said = as_shown(words(at))
    refs = next(each.refs for each in catalogue.experiments() if each.name == "digits-2d")
    assert "Filled: the training that ships (seed 2). Hollow: the others" in said
    for ref in refs:
        assert seeds.score_words(ref).startswith("SD ")
        assert said.count(seeds.score_words(ref)) == 2
    hollow = [
        trace
        for chart in charts(at)
        for trace in chart["data"]
        if trace.get("marker", {}).get("symbol") == "circle-open" and len(trace["x"]) == 2
    ]
    # Of three priors' scores, and of two differences.
    assert len(hollow) == 5
    assert "Mean over all, as in the verdict: MoG +3.88 (SD 0.53)" in said
    assert "Another training seed may change" not in said
    assert "over 3 trainings" not in as_shown(words(open_page("overview", experiment="static-mnist-hvae")))


def test_pages_that_compare_say_over_how_many_trainings(shipped):
    shown = {page: as_shown(words(open_page(page, experiment="digits-2d"))) for page in ("likelihood", "compare")}
    for said in shown.values():
        assert "(mean over 3 trainings; ± is over images and trainings)" in said
    refs = next(each.refs for each in catalogue.experiments() if each.name == "digits-2d")
    over = spread.difference_spread("log_likelihood", refs[-1], refs[0])
    said = f"Of the training that ships; over 3 trainings {seeds.mean_words(over, sign=True)}."
    assert said in shown["likelihood"]
