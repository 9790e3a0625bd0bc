"""Comparing priors by their pictures: maps, samples, and the mass in holes."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue, densities, hole_mass, images
from app.widgets import numbers
from tests.app.reading import charts, pictures, words
from tests.app.views.comparing import number_of_pictures, opened

pytestmark = pytest.mark.usefixtures("at_rest")


HOLES = "Prior mass in holes, minus the floor"


def test_the_prior_mass_in_holes_is_shown_without_the_floor(refs):
    at = opened()
    assert {metric.label: metric.value for metric in at.metric if HOLES in metric.label} == {
        f"{HOLES}, {name}": numbers.format_metric(hole_mass.hole_share(ref))
        for ref, name in zip(refs, ("SG", "MoG", "Vamp"), strict=True)
    }
    assert "n = 300 test images; ± the spread over 20 random half-splits, 1,000 draws each; floor" in words(at)
    assert "projections onto two axes" not in words(at)


@pytest.mark.parametrize("experiment", ["digits-2d", "frey-2d"])
def test_there_is_no_such_number_where_the_floor_is_high(shipped, experiment):
    ref = next(each for each in catalogue.experiments() if each.name == experiment).ref("sg")
    found = hole_mass.measured_holes(ref)
    assert found.floor.value > hole_mass.MOST_FLOOR
    assert hole_mass.hole_share(ref) is None
    at = opened(experiment)
    assert not [metric for metric in at.metric if HOLES in metric.label]
    assert "Samples from the hatched region\n" in words(at)
    of, floor = found.floor.n, f"{100 * found.floor.value:.0f}"
    assert f"No number: of {of} test images, one half has {floor} % of its mass in the holes of the other" in words(at)


def test_samples_from_holes_stand_beside_others(refs):
    """Each is decoded from where it says, by the two densities themselves."""
    import torch

    from app.services.densities import aggregate, aggregate_levels, mass_curve
    from app.services.loading import loaded

    for ref in refs:
        found = hole_mass.hole_samples(ref, 12)
        assert len(found.inside.z) == min(12, round(found.share * found.draws))
        assert len(found.outside.z) == 12
        for each, expected in ((found.inside, True), (found.outside, False)):
            z = torch.tensor(each.z)
            inside = loaded(ref).prior.log_prob(z) >= mass_curve(ref)[94]
            hole = inside & (aggregate(ref).log_prob(z) < aggregate_levels(ref)[-1])
            assert (hole == expected).all()
            np.testing.assert_array_equal(each.pixels, images.decode(ref, each.z))
    assert len(hole_mass.hole_samples(refs[0], 12).inside.z) > 0


def planes(at: AppTest) -> list[dict]:
    """The maps of the priors and those of the holes."""
    return [drawn for drawn in charts(at) if "scaleanchor" in drawn["layout"]["yaxis"]]


def test_each_map_has_its_own_range_unless_one_is_asked_for(refs):
    ranges = [drawn["layout"]["xaxis"]["range"] for drawn in planes(opened(compare_range="shared"))]
    shared = densities.window(refs)
    assert ranges == [pytest.approx([shared.left, shared.right], rel=1e-6)] * 6
    at = opened()
    own = [drawn["layout"]["xaxis"]["range"] for drawn in planes(at)]
    assert own[:3] == own[3:]
    windows = [densities.window((ref,)) for ref in refs]
    assert own[:3] == [pytest.approx([each.left, each.right], rel=1e-6) for each in windows]
    bars = [shape["x1"] - shape["x0"] for drawn in planes(at)[:3] for shape in drawn["layout"]["shapes"]]
    assert bars == [pytest.approx(bars[0])] * 3
    assert f"the bar is {bars[0]:g} latent unit{'' if bars[0] == 1 else 's'} long in every map" in words(at)


def test_noise_temperature_and_number_change_the_samples_alone(refs):
    before = opened()
    assert len(pictures(before)) == number_of_pictures(refs)
    for control in ({"compare_seed": "5"}, {"compare_temperature": "0.25"}, {"compare_samples": "12"}):
        at = opened(**control)
        assert not set(pictures(at)[:3]) & set(pictures(before)[:3])
        assert pictures(at)[3:] == pictures(before)[3:]
        assert charts(at) == charts(before)
    moved = before.slider(key="compare_temperature").set_value(0.25).run()
    assert pictures(moved) == pictures(opened(compare_temperature="0.25"))


def test_some_priors_only(refs):
    at = opened(compare_priors=["Vamp", "SG"])
    assert list(at.table[0].value.columns) == ["SG", "Vamp"]
    assert len(pictures(at)) == number_of_pictures((refs[0], refs[2]))
    at.multiselect(key="compare_priors").set_value([]).run()
    assert list(at.table[0].value.columns) == ["SG", "MoG", "Vamp"]
