"""Every page with a prior, and with a posterior, that is a normalising flow: what it shows, and what it says is not."""

import functools
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue, densities, hole_mass, images, prior_components, units
from app.services.latent_plane import encoding
from app.services.loading import ServiceError
from app.widgets import numbers
from tests import pages
from tests.app.reading import as_shown, charts, metric, open_page, pictures, ref_of, words

PAGES = pages.OF_A_MODEL
pytestmark = pytest.mark.usefixtures("at_rest")
# Experiment, prior, posterior, latent dimensions.
FAMILIES = (
    ("flow-2d", "realnvp", "normal", 2),
    ("flow-2d", "sg", "normal", 2),
    ("flow-5d", "realnvp", "normal", 5),
    ("iaf-3d", "sg", "iaf", 3),
    ("nf-hvae", "sg", "nf", 2),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs on digits each."""
    from tests.small_runs import config, digits, train

    root = tmp_path_factory.mktemp("flows")
    sizes = {"hidden": 24, "transforms": 2, "transform_hidden": 8, "epochs": 2, "batch_size": 100}
    for experiment, prior, posterior, latent_dim in FAMILIES:
        model = "hvae" if experiment.endswith("hvae") else "vae"
        chosen = config(prior, experiment=experiment, model=model, posterior=posterior, latent_dim=latent_dim, **sizes)
        train(chosen, root / experiment / prior, digits())
    return root


@pytest.fixture
def models(trained: Path, listing) -> Path:
    return listing.use(trained)


def opened(page: str, **query: str) -> AppTest:
    return open_page(page, **query)


def said(at: AppTest) -> str:
    return "\n".join([words(at), *(each.value for each in at.info)])


def contours(chart: dict) -> int:
    return sum(trace["type"] == "contour" for trace in chart["data"])


flow_2d = functools.partial(opened, experiment="flow-2d", prior="Flow")
flow_5d = functools.partial(opened, experiment="flow-5d")
iaf = functools.partial(opened, experiment="iaf-3d")


class TestPriorOnItsOwnPlane:
    @pytest.mark.parametrize("page", PAGES)
    def test_every_page_opens(self, models, page):
        flow_2d(page)

    def test_density_on_the_plane_is_that_of_the_flow(self, models):
        import torch

        from app.services.loading import loaded

        ref = ref_of("flow-2d", "realnvp")
        window = densities.window((ref,))
        density = densities.prior_density(ref, window, 60)
        cell = (density.x[1] - density.x[0]) * (density.y[1] - density.y[0])
        assert 0.97 < float(np.exp(density.log_density.astype(np.float64)).sum() * cell) < 1.01
        with torch.inference_mode():
            place = torch.tensor([[float(density.x[20]), float(density.y[30])]])
            expected = loaded(ref).prior.log_prob(place).item()
        assert density.log_density[30, 20] == pytest.approx(expected, abs=1e-4)
        assert images.decode_place(ref, float(density.x[20]), float(density.y[30])).log_density == pytest.approx(
            expected, abs=1e-4
        )

    def test_levels_hold_their_share_of_the_draws(self, models):
        import torch

        from app.services.loading import loaded

        ref = ref_of("flow-2d", "realnvp")
        levels = densities.prior_density(ref, densities.window((ref,))).levels
        with torch.inference_mode():
            prior = loaded(ref).prior
            drawn = prior.log_prob(prior.sample((20_000,), torch.Generator().manual_seed(99))).numpy()
        for level, mass in zip(levels, (0.5, 0.8, 0.95, 0.99), strict=True):
            assert (drawn > level).mean() == pytest.approx(mass, abs=0.015)

    def test_maps_have_lines_and_no_components(self, models):
        at = flow_2d("latent_space")
        assert contours(charts(at)[0]) == 1
        assert "Log-density" in words(at)
        assert "Component **" not in words(at)
        assert not [each for each in at.toggle if each.label == "Component ellipses"]
        assert "No contours" not in said(at)
        maps = [chart for chart in charts(flow_2d("overview")) if contours(chart)]
        assert [contours(chart) for chart in maps] == [1, 1]

    def test_facts(self, models):
        facts = catalogue.facts(ref_of("flow-2d", "realnvp"))
        assert (facts.info.components, facts.has.components, facts.has.several_components) == (0, False, False)
        assert facts.has.posterior_density
        assert catalogue.facts(ref_of("flow-2d", "sg")).has.components

    def test_what_needs_components_is_refused_in_a_line(self, models):
        ref = ref_of("flow-2d", "realnvp")
        for ask in (prior_components.summary, densities.prior_on_plane, prior_components.component_images):
            with pytest.raises(ServiceError, match="has no components"):
                ask(ref)

    @pytest.mark.parametrize("page", ["components", "pseudo_inputs"])
    def test_samples_stand_in_for_components(self, models, page):
        at = flow_2d(page)
        assert "flow" in at.info[0].value
        assert "its samples" in at.info[0].value
        assert len(pictures(at)) + len(charts(at)) == 1

    def test_the_kl_stands_as_a_whole(self, models):
        at = flow_2d("active_units")
        assert units.kl_per_dimension(ref_of("flow-2d", "realnvp")) is None
        assert "The prior is a flow" in at.info[0].value

        stored = catalogue.metric(ref_of("flow-2d", "realnvp"), "kl")
        assert metric(at, "KL") == numbers.format_value(stored.value, stored.se)

    def test_comparison_measures_all(self, models):
        at = flow_2d("compare", compare_images="100", compare_importance="10")
        table = at.table[-1].value
        assert "not computed" not in table.to_numpy()
        assert table.shape[1] == 2


class TestPriorOfMoreDimensions:
    @pytest.mark.parametrize("page", PAGES)
    def test_every_page_opens(self, models, page):
        flow_5d(page)

    @pytest.mark.parametrize("page", ["overview", "latent_space", "compare"])
    def test_maps_have_no_lines_and_say_why(self, models, page):
        at = flow_5d(page)
        assert contours(charts(at)[0]) == 0
        assert "no exact projection onto a plane" in said(at)

    def test_a_place_is_the_point_of_the_plane(self, models):
        ref = ref_of("flow-5d", "realnvp")
        found = images.decode_place(ref, 0.3, -0.2)
        np.testing.assert_allclose(encoding.plane(ref).project(found.z[None])[0], [0.3, -0.2], atol=1e-5)
        assert found.log_density is found.less_dense is found.component is None

    def test_holes_have_no_map_and_no_number(self, models):
        at = flow_5d("compare")
        assert any("There is no map" in each.value for each in at.info)
        assert not [each for each in at.metric if "holes" in each.label]


class TestPosterior:
    @pytest.mark.parametrize("page", PAGES)
    def test_every_page_opens(self, models, page):
        iaf(page)

    @pytest.mark.parametrize("page", PAGES)
    def test_every_page_opens_with_two_layers(self, models, page):
        opened(page, experiment="nf-hvae")

    def test_layers_have_their_kl(self, models):
        at, ref = opened("active_units", experiment="nf-hvae"), ref_of("nf-hvae", "sg")

        for label, layer in (("KL of z2", 0), ("KL of z1", 1)):
            stored = catalogue.metric(ref, "kl", layer=layer)
            assert metric(at, label) == numbers.format_value(stored.value, stored.se)

    def test_holes_of_two_dimensions_are_left_out_too(self, models):
        at = opened("latent_space", experiment="nf-hvae")
        assert not [each for each in at.metric if "holes" in each.label]

    @pytest.mark.parametrize("page", ["overview", "latent_space", "compare"])
    def test_points_say_what_they_are(self, models, page):
        assert "The posteriors are flows" in said(iaf(page))

    def test_the_sidebar_names_the_flow(self, models):
        pickers = [
            at.sidebar.selectbox(key="experiment")
            for at in (iaf("overview"), opened("overview", experiment="nf-hvae"), flow_2d("overview"))
        ]
        named = [picker.options[picker.index] for picker in pickers]
        assert "flow posterior (IAF)" in named[0]
        assert "flow posterior (NF)" in named[1]
        assert "flow posterior" not in named[2]

    def test_what_needs_the_aggregate_is_left_out_and_named(self, models):
        ref = ref_of("iaf-3d", "sg")
        assert hole_mass.hole_share(ref) is None
        assert units.kl_per_dimension(ref) is None
        with pytest.raises(ServiceError, match="are flows"):
            densities.aggregate(ref)
        at = iaf("compare", compare_images="100", compare_importance="10")
        table = at.table[0].value
        assert not [name for name in table.index if "mutual" in name or "marginal" in name]
        assert "not computed where the posteriors are flows" in said(at)

    def test_an_edit_is_not_measured_and_the_page_says_why(self, models):
        at = iaf("edit_prior")
        at.button(key="edit_measure").click().run()
        assert "The posteriors of this model are flows: what an edit does to log p(x) is not" in as_shown(said(at))
        assert metric(at, "Components") == "1"

    def test_units_are_those_of_the_stored_means(self, models):
        ref = ref_of("iaf-3d", "sg")
        at = iaf("active_units")
        assert "The posterior is a flow" in at.info[0].value
        np.testing.assert_allclose(
            units.activity(ref)[0].activity, encoding.latents(ref).mean.var(0, ddof=1), rtol=1e-4
        )


@pytest.mark.parametrize(("experiment", "prior"), [("flow-2d", "realnvp"), ("iaf-3d", "sg"), ("nf-hvae", "sg")])
def test_a_viewers_image_lands_where_the_checkpoint_says(models, experiment, prior):
    from app.services import own_image
    from app.services.explained import explained

    ref = ref_of(experiment, prior)
    found = explained(ref, own_image.from_test_set(ref, 3))
    # Of a flow, from other draws.
    known = encoding.latents(ref)
    assert np.abs(found.mean - known.mean[3]).max() < 0.2 * known.scale[3].max()
    np.testing.assert_allclose(found.scale, known.scale[3], rtol=0.2)
    assert len(found.components) == (prior == "sg")
    assert found.log_likelihood.value > known.elbo[3] - 5
