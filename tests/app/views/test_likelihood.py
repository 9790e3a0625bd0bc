"""The page Likelihood: scores of single images, and the parts of the KL."""

import numpy as np
import pytest

from app.figures.image_scores import IMAGES
from app.services import per_image, scores
from app.services.live_bound import AT_ONCE, target
from app.services.posterior_maps import posterior_maps
from app.widgets import numbers
from tests.app.reading import charts, metric, open_page, words
from vampcore.metrics import PosteriorGrid


def test_scores_of_single_images_are_those_of_the_checkpoints(refs):
    at = open_page("likelihood", experiment="tiny-2d", likelihood_image="7")
    known = per_image.stored_scores(refs)
    said = words(at)
    assert "n = 300 test images, one-sample ELBO as it is stored" in said
    for ref, name, row in zip(refs, ("SG", "MoG", "Vamp"), known.values, strict=True):
        assert f"{name} **{numbers.format_value(float(row[7]))}**" in said, ref
        order = np.argsort(-row, kind="stable")
        listed = numbers.signed(", ".join(f"{row[i]:.0f}" for i in order[:6]))
        assert f"Highest one-sample ELBO: {listed} nats (images {', '.join(map(str, order[:6]))})" in said
    # The first and the last prior are compared, image by image.
    dots = next(each for chart in charts(at) for each in chart["data"] if each.get("name") == IMAGES)
    assert dots["type"] == "scattergl"
    found = scores.stored_difference(refs[2], refs[0])
    assert metric(at, "ELBO, Vamp minus SG") == numbers.signed_difference(found)
    assert found.n == 300


def test_two_other_priors_can_be_compared(refs):
    at = open_page("likelihood", experiment="tiny-2d", likelihood_one="MoG", likelihood_other="SG")
    found = scores.stored_difference(refs[0], refs[1])
    assert metric(at, "ELBO, SG minus MoG") == numbers.signed_difference(found)


def test_a_single_prior_has_a_distribution_and_no_comparison(models):
    at = open_page("likelihood", experiment="tiny-5d")
    assert charts(at)
    assert "there is nothing to compare it with" in words(at)
    assert not [each for each in at.metric if " minus " in each.label]


def test_the_parts_of_the_kl_are_bars_of_every_prior(refs):
    at = open_page("likelihood", experiment="tiny-2d")
    bars = charts(at)[-1]
    assert bars["layout"]["barmode"] == "stack"
    assert bars["data"][0]["y"] == ["SG", "MoG", "Vamp"]


def test_the_bound_grows_while_it_runs_and_stays_when_it_is_stopped(refs):
    at = open_page("likelihood", experiment="tiny-2d", likelihood_image="4")
    assert "likelihood_stop" not in {each.key for each in at.button}
    at.button(key="likelihood_start").click().run()
    live = at.session_state["_live_bound"]
    assert (live.rows, live.refs) == ((4,), refs)
    at.run()
    assert live.running
    first = live.drawn
    assert first >= 2 * AT_ONCE
    at.button(key="likelihood_stop").click().run()
    assert not live.running
    assert live.drawn == first
    table = at.table[0].value
    assert list(table.columns) == ["SG", "MoG", "Vamp"]
    for ref, name in zip(refs, table.columns, strict=True):
        one, line = live.growth(ref), target(ref, (4,))
        bound = float(one.of_images.mean())
        assert table.loc["L at all samples (nats)", name] == numbers.format_value(bound, one.error_of_mean)
        assert table.loc["log p(x), exact (nats)", name] == numbers.signed(f"{line.value:,.2f}")
        assert table.loc["effective samples", name] == f"{one.ess:,.0f} of {first:,}"
    assert table.loc["minus SG (nats)", "SG"] == "reference"
    assert "No diagnostic sees what was never sampled" in words(at)
    # What was drawn is of this image: another one begins anew. The last table is of the posterior.
    at.number_input(key="likelihood_image").set_value(5).run()
    assert len(at.table) == 1
    at.number_input(key="likelihood_image").set_value(4).run()
    assert len(at.table) == 2


def test_the_posterior_of_the_image_has_maps_of_one_prior_and_figures_of_all(refs):
    query = {"likelihood_image": "5", "likelihood_posterior": "MoG", "likelihood_weighted": "2"}
    at = open_page("likelihood", experiment="tiny-2d", **query)
    maps = [each for each in charts(at) if "title" in each["layout"] and each["data"][0]["type"] == "contour"]
    assert [each["layout"]["title"]["text"] for each in maps] == ["p(z | x), true", "q(z | x)", "weighted q, K = 2"]
    table = at.table[-1].value
    assert list(table.columns) == ["SG", "MoG", "Vamp"]
    for ref, name in zip(refs, table.columns, strict=True):
        found = posterior_maps(ref, 5, 2)
        assert table.loc["log p(x), exact (nats)", name] == numbers.signed(f"{found.log_likelihood:,.2f}")
        assert float(table.loc["KL(q \u2016 p(z | x)) (nats)", name]) == pytest.approx(found.of_q.kl, rel=0.01)
        weighted = numbers.format_value(found.of_weighted.kl, found.of_weighted.kl_error)
        assert table.loc["KL(weighted q, K = 2 \u2016 p(z | x)) (nats)", name] == weighted
    assert "Test image 5." in words(at)


def test_more_than_two_dimensions_have_no_map_of_the_posterior(models):
    at = open_page("likelihood", experiment="tiny-5d")
    assert "The true posterior" not in [each.value for each in at.header]


def test_a_posterior_that_no_grid_holds_has_no_map_and_no_figures(refs, monkeypatch):
    monkeypatch.setattr(PosteriorGrid, "holds", property(lambda grid: False))
    at = open_page("likelihood", experiment="tiny-2d", likelihood_image="5")
    assert "The posterior of image 5 under Vamp is too narrow for a grid" in words(at)
    assert not at.table
    assert not [each for each in charts(at) if each["data"][0]["type"] == "contour"]
