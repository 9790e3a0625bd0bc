"""Models of finite and extreme weights, or of one test image: every page says why it shows nothing."""

import dataclasses

import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.services import densities
from app.services.loading import ServiceError
from tests.app.conftest import use_root
from tests.app.reading import MAIN, as_shown
from tools.patience import patience

VIEWS = ("overview", "pseudo_inputs", "components", "latent_space", "active_units", "compare", "likelihood")
LARGEST = 6e4  # of float16, which weights are stored in


@pytest.fixture
def changed(models, tmp_path, monkeypatch):
    """A catalogue of one model, saved again after a change."""
    from vampcore.checkpoints import load, save

    def made(prior: str, change) -> None:
        save(change(load(models / "tiny-2d" / prior)), tmp_path / "all" / "tiny-2d" / prior)
        use_root(tmp_path / "all", monkeypatch)

    return made


def opened(view: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=patience())
    return (at if view == "overview" else at.switch_page(f"views/{view}.py")).run()


def extreme(part: str):
    """The weights of a part of the model as far from 0 as their file can hold them."""

    def change(checkpoint):
        with torch.no_grad():
            for name, value in checkpoint.model.state_dict().items():
                if name.startswith(part) and value.is_floating_point():
                    value.mul_(1e6).clamp_(-LARGEST, LARGEST)
        return checkpoint

    return change


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("prior", "part"), [("mog", "prior"), ("vamp", "")])
def test_every_page_says_that_a_model_is_degenerate(changed, view, prior, part):
    changed(prior, extreme(part))
    at = opened(view)
    assert not at.exception
    (error,) = at.error
    assert f"tiny-2d/{prior} is degenerate" in as_shown(error.value)
    assert "lower --learning-rate" in as_shown(error.value)


@pytest.mark.parametrize("view", VIEWS)
def test_a_test_set_of_one_image_is_refused_in_one_line(changed, view):
    from vampcore.distributions import DiagNormal

    def one(checkpoint):
        kept = checkpoint.latents
        layers = tuple(DiagNormal(layer.mean[:1], layer.logvar[:1]) for layer in kept.layers)
        first = dataclasses.replace(kept, layers=layers, labels=kept.labels[:1], ids=kept.ids[:1])
        bounds = dataclasses.replace(checkpoint.per_image, elbo=checkpoint.per_image.elbo[:1], log_likelihood=None)
        return dataclasses.replace(checkpoint, latents=first, per_image=bounds, film=None)

    changed("mog", one)
    at = opened(view)
    assert not at.exception
    (error,) = at.error
    assert "the number of test images is 1; at least 2 are needed" in as_shown(error.value)


def test_coinciding_mass_levels_are_one_line(refs, monkeypatch):
    ref = refs[1]
    levels = torch.tensor([-1.0, -1, -2, -2])
    monkeypatch.setattr(densities, "aggregate_levels", lambda ref: levels.numpy())
    with pytest.raises(ServiceError, match="no distinct mass levels"):
        densities.aggregate_density(ref, densities.window((ref,)))


def test_an_image_of_no_numbers_is_one_line(models):
    from app.services.loading import to_bytes

    with pytest.raises(ServiceError, match="pixels that are not numbers"):
        to_bytes(torch.tensor([0.5, torch.nan]))


def test_what_a_part_of_a_page_cannot_show_is_one_line(models):
    def script() -> None:
        from app.services.loading import ServiceError
        from app.widgets.fragment import fragment

        @fragment
        def part() -> None:
            raise ServiceError("there is nothing to see")

        part()

    at = AppTest.from_function(script, default_timeout=patience()).run()
    assert not at.exception
    assert at.error[0].value == "there is nothing to see"
