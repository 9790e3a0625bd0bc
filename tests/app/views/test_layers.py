"""What pages say of models with two layers: which layer was given, drawn or set to its mean."""

import pytest

from tests.app.reading import open_page, words

MEAN = "with z1 at the mean of its prior p(z1 | z2)."
DRAWN = "with z1 drawn from its prior p(z1 | z2)."


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("pseudo_inputs", (MEAN, DRAWN)),
        (
            "components",
            (f"{DRAWN[:-1]}; for the decoded mean, z1 is the mean of that prior.",),
        ),
        ("latent_space", (MEAN,)),
        ("active_units", (MEAN, "and, given that, the mean of q(z1 | x, z2).")),
        ("overview", (f"Samples: decoded from z2 alone, {DRAWN}",)),
    ],
)
def test_what_is_decoded_from_the_top_layer_alone_says_so(shipped, page, said):
    at = open_page(page, experiment="static-mnist-hvae", prior="Vamp")
    for each in said:
        assert each in words(at)


@pytest.mark.parametrize("page", ["pseudo_inputs", "components", "latent_space", "active_units"])
def test_a_model_of_one_layer_says_nothing_of_it(models, page):
    assert "alone, with" not in words(open_page(page, prior="Vamp"))


def test_the_kl_is_split_by_layer_and_the_rows_add_up(shipped):
    at = open_page("active_units", experiment="static-mnist-hvae", prior="SG")
    shown = {each.label: each.value for each in at.metric}
    parts = [float(shown[f"KL of z{layer}"].split(" ")[0]) for layer in (1, 2)]
    assert sum(parts) == pytest.approx(float(shown["KL of all layers, the sum"].split(" ")[0]), abs=0.011)


def test_a_standard_normal_shows_no_dependence(shipped):
    at = open_page("active_units", experiment="static-mnist-40d", prior="SG")
    assert "hatched" not in "\n".join(each.value for each in at.markdown if each.value.startswith("The bars"))
    assert "dependence" not in at.get("plotly_chart")[1].proto.spec
