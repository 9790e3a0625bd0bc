"""Published figures: what is comparable with what, and that each says where it stands."""

import pytest

from vampcore import literature
from vampcore.literature import published


def values(*setting, **more) -> list[tuple[str, float]]:
    return [(figure.name, figure.value) for figure in published(*setting, **more)]


def test_the_paper_and_its_rerun_stand_beside_a_model_of_static_mnist():
    paper, rerun = published("static_mnist", "vae", "vamp", 40)
    assert (paper.value, paper.source.title[:19], paper.source.as_reported) == (-85.57, "Tomczak and Welling", True)
    assert (rerun.value, rerun.active_units, rerun.source.setting) == (-85.81, "34", "one seed")


@pytest.mark.parametrize("data", ["frey_faces", "histopathology"])
def test_grey_images_are_in_bits_where_less_is_better(data):
    for model in ("vae", "hvae"):
        (sg,), (vamp,) = published(data, model, "sg", 40), published(data, model, "vamp", 40)
        assert {sg.name, vamp.name} == {"bits_per_dimension"}
        assert {sg.unit, vamp.unit} == {"bits/dimension"}
        assert 0 < vamp.value < sg.value


def test_objective_and_samples_have_to_agree():
    assert values("omniglot", "hvae", "sg", 50, "iwae", 50) == [("log_likelihood", -103.38)]
    assert values("omniglot", "hvae", "sg", 50, "elbo", 50) == [("log_likelihood", -106.30)]
    assert values("omniglot", "hvae", "sg", 50, "iwae", 7) == []
    assert published("mnist", "hvae", "sg", 50, "iwae", 5)[0].active_units == "21+5"


def test_the_parts_of_the_surgery_add_up():
    for latent_dim in (2, 10, 20):
        found = dict(values("mnist", "vae", "sg", latent_dim))
        assert found["kl"] == pytest.approx(found["mutual_information"] + found["marginal_kl"], abs=0.011)


@pytest.mark.parametrize(
    "setting",
    [("digits", "vae", "vamp", 40), ("static_mnist", "vae", "vamp", 2), ("static_mnist", "vae", "mog", 40)],
)
def test_nothing_is_made_up(setting):
    assert published(*setting) == ()


def test_every_figure_has_one_place():
    keys = [(key, figure.name, figure.source) for key, figure in literature._all()]
    assert len(keys) == len(set(keys)) > 80
