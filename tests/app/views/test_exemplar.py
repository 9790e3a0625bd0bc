"""Mixtures that are unlike the others on every page: of 1,197 images, and with components that are not there."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.services import catalogue, prior_components
from tests import pages
from tests.app.reading import charts, metric, open_page, ref_of, wall, words
from tests.app.views.plane import array

VIEWS = pages.OF_A_MODEL
PAGES = [(view, prior) for view in VIEWS for prior in ("Exemplars", "Vamp")]
ROOM, ALIVE = 6, (0, 2, 3, 5)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A family of exemplars and of a VampPrior that lacks two of the six components that it has room for."""
    from tests.small_runs import config, digits
    from vampcore.checkpoints import Snapshot, load, save
    from vampcore.distributions import DiagNormalMixture
    from vampcore.training import fit

    root = tmp_path_factory.mktemp("grown")
    for made in (
        config("exemplar", epochs=1, batch_size=200, neighbours=2),
        config("vamp", epochs=4, batch_size=200, components=ROOM, grow_from=3, grow_every=1),
    ):
        list(fit(made, digits(), root / "small" / made.prior))
    stored = load(root / "small" / "vamp")
    stored.model.prior.alive.copy_(torch.tensor([k in ALIVE for k in range(ROOM)]))
    first, *others = stored.snapshots
    logits = torch.tensor([0.0, 0, 0, -torch.inf, -torch.inf, -torch.inf])
    start = Snapshot(0, DiagNormalMixture(first.mixture.components, logits), first.pseudo_inputs)
    save(dataclasses.replace(stored, snapshots=(start, *others)), root / "small" / "vamp")
    return root


@pytest.fixture
def models(grown: Path, listing) -> Path:
    return listing.use(grown)


def opened(view: str, **query: str | list[str]) -> AppTest:
    return open_page(view, **query)


@pytest.mark.parametrize(("view", "prior"), PAGES)
def test_every_page_opens(models, view, prior):
    assert charts(opened(view, prior=prior))


def test_exemplars_are_shown_decoded_and_the_page_says_why(models):
    at = opened("pseudo_inputs", prior="Exemplars")
    assert "training images, which are not stored in the checkpoint" in at.info[0].value
    assert "Shown instead: the decoded mean of every component" in at.info[0].value
    assert len(wall(at)["order"]) == 500
    assert "The 500 most used of 1,197 components" in words(at)


def test_of_many_components_the_most_used_are_shown_in_every_order(models):
    ref = ref_of("small", "exemplar")
    used = prior_components.summary(ref).usage
    least = np.sort(used)[-500]
    for by in prior_components.ORDERS:
        at = opened("pseudo_inputs", prior="Exemplars", pseudo_order=by)
        shown = wall(at)["order"]
        assert shown == [
            k for k in prior_components.order(ref, by) if k in set(prior_components.most_used(ref).tolist())
        ]
        assert used[shown].min() == least


def test_one_that_is_not_among_the_most_used_can_be_chosen_by_its_number(models):
    ref = ref_of("small", "exemplar")
    rarest = int(prior_components.order(ref, "usage")[-1])
    at = opened("pseudo_inputs", prior="Exemplars", component=f"{rarest}")
    assert f"Component {rarest}, step by step" in [each.value for each in at.header]


def test_the_list_of_components_holds_the_most_used_and_says_so(models):
    at = opened("components", prior="Exemplars", components_beside="chosen")
    chooser = at.multiselect(key="components_chosen")
    assert chooser.label == "Components (of the 500 most used)"
    assert len(chooser.options) == 500


def test_where_there_are_more_components_than_images_the_page_says_what_dead_means_then(models, monkeypatch):
    said = "more components (1,197) than test images (300)"
    known = prior_components.summary

    def with_a_dead_one(ref):
        dead = known(ref).dead.copy()
        dead[0] = True
        return dataclasses.replace(known(ref), dead=dead)

    monkeypatch.setattr(prior_components, "summary", with_a_dead_one)
    assert said in words(opened("components", prior="Exemplars"))
    assert "more components (" not in words(opened("components", prior="Vamp"))


def test_ellipses_of_all_exemplars(models):
    at = opened("latent_space", prior="Exemplars", latent_ellipses="true")
    centres = next(trace for trace in charts(at)[0]["data"] if trace.get("name") == "components")
    assert len(centres["marker"]["color"]) == 1197


class TestMissingComponents:
    @pytest.fixture
    def ref(self, models):
        return ref_of("small", "vamp")

    def test_are_in_no_order_and_never_dead(self, models, ref):
        known = prior_components.summary(ref)
        assert known.present.tolist() == list(ALIVE)
        assert known.missing.tolist() == [1, 4]
        assert not known.dead[[1, 4]].any()
        assert known.weights[[1, 4]].tolist() == [0, 0]
        for by in prior_components.ORDERS:
            assert sorted(prior_components.order(ref, by).tolist()) == list(ALIVE)
        assert (catalogue.facts(ref).info.components, catalogue.facts(ref).alive) == (ROOM, len(ALIVE))

    def test_are_not_among_the_pseudo_inputs(self, models):
        at = opened("pseudo_inputs", prior="Vamp")
        assert sorted(wall(at)["order"]) == list(ALIVE)

    def test_those_that_came_later_are_empty_at_the_start(self, models):
        at = opened("pseudo_inputs", prior="Vamp", pseudo_show="pseudo-inputs", pseudo_epoch="0, before training")
        assert "Empty: added after epoch 0: 3, 5" in words(at)

    def test_asked_for_by_number_one_is_said_to_be_missing(self, models, ref):
        at = opened("components", prior="Vamp", component="4")
        most_used = prior_components.order(ref, "usage")[0]
        assert f"Component 4 is not in the mixture (removed, or never added). Shown instead: {most_used}." in words(at)

    def test_are_named_on_the_page_of_components(self, models):
        at = opened("components", prior="Vamp")
        assert "Removed, or never added while the mixture grew: 2 of 6 components" in words(at)
        assert "no page shows them: 1, 4" in words(at)
        assert metric(at, "Effective components")

    def test_have_no_ellipse(self, models):
        at = opened("latent_space", prior="Vamp", latent_ellipses="true")
        figure = charts(at)[0]
        curves = [array(each["x"]) for each in figure["data"] if each.get("connectgaps") is False]
        # Each curve ends with a gap.
        assert sum(int(np.isnan(curve).sum()) for curve in curves) == len(ALIVE)
        # Of neighbours one has its number. Classes are called 0 to 9 too; they have a frame.
        written = figure["layout"]["annotations"]
        numbers = {each["text"] for each in written if "yshift" in each and "bordercolor" not in each}
        assert numbers
        assert numbers <= {str(k) for k in ALIVE}
