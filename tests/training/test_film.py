"""What a film shows is what the model was: positions, components and bounds after each epoch, projected exactly."""

import math

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.small_runs import config, few_digits, train
from vampcore.checkpoints import load
from vampcore.checkpoints.film_file import film_bytes, film_of
from vampcore.config import ConfigError
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.training import Run
from vampcore.training.film import FilmRecord, add, film_of_run, is_filmed
from vampcore.training.state import read_state


@pytest.mark.parametrize(
    ("film", "prior", "latent_dim", "filmed"),
    [
        ("auto", "vamp", 40, True),
        ("auto", "sg", 40, True),
        ("auto", "realnvp", 2, True),
        ("auto", "realnvp", 3, False),
        ("on", "realnvp", 3, True),
        ("auto", "vamp", 1, False),
        ("off", "vamp", 2, False),
    ],
)
def test_what_is_filmed(film, prior, latent_dim, filmed):
    assert is_filmed(film, config(prior, latent_dim=latent_dim)) is filmed


def test_a_line_has_no_plane():
    with pytest.raises(ConfigError, match="latent_dim is 1; a film shows a plane"):
        is_filmed("on", config(latent_dim=1))


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_records_are_those_of_the_model_after_each_epoch(latent_dim):
    run, seen = Run(config(latent_dim=latent_dim), few_digits()), []

    def look():
        with torch.no_grad():
            run.model.eval()
            prior = run.model.prior(run.model.encoder)
            seen.append((run.model.encoder(few_digits().test.images / 16).mean, prior))

    look()
    for _ in run.epochs():
        look()
    film = film_of_run(run.state.film, run.state.history, run.config, 100)
    assert film.epochs.tolist() == [0, 1, 2, 3]
    assert film.rows.tolist() == list(range(100))
    assert math.isnan(film.train_elbo[0])
    assert math.isnan(film.validation_elbo[0])
    for place, record in enumerate(run.state.history, start=1):
        found = film.beta[place], film.train_elbo[place], film.validation_elbo[place]
        assert torch.allclose(
            torch.stack(found), torch.tensor([record.beta, record.train_elbo, record.validation_elbo])
        )
    if latent_dim == 2:
        assert torch.equal(film.basis, torch.eye(2))
    else:
        last = seen[-1][0].double()
        axes = torch.linalg.svd(last - last.mean(0)).Vh[:2]
        assert torch.allclose((axes @ film.basis.double()).abs(), torch.eye(2).double(), atol=1e-4)
    for place, (mean, prior) in enumerate(seen):
        exact = (mean - film.origin) @ film.basis
        error = (film.positions[place] - exact).abs().max()
        assert error <= 0.51 * film.scale[place]
        shadow = prior.project(film.basis, film.origin)
        assert torch.allclose(film.mean[place], shadow.mean, atol=1e-5)
        assert torch.allclose(film.covariance[place], shadow.covariance, atol=1e-5)
        assert torch.allclose(film.log_weights[place], prior.log_weights, atol=1e-6)


def filmed(records: list[FilmRecord]) -> bytes:
    film = film_of_run(records, [], config("mog", latent_dim=records[0].positions.shape[1]), 7)
    content = film_bytes(film)
    assert film_bytes(film_of(content)) == content
    return content


def test_what_is_extreme_can_be_written_and_read():
    """Images all at one place, components very narrow, wide or not alive: what was filmed can be opened."""
    for dims in (2, 3):
        logvar = torch.tensor([[-200.0, 200.0], [-20.0, 20.0], [0.0, 0.0]]).repeat_interleave(dims, 1)[:, :dims]
        mixture = DiagNormalMixture(DiagNormal(torch.ones(3, dims), logvar), torch.tensor([0.0, -math.inf, 5.0]))
        filmed([FilmRecord(0, torch.zeros(7, dims), mixture)])
        filmed([FilmRecord(0, torch.full((7, dims), 1e-40), mixture)])
        filmed([FilmRecord(0, torch.full((7, dims), -3e7), None)])


def test_records_are_thinned_as_the_run_goes_on():
    records: list[FilmRecord] = []
    for epoch in range(62):
        records = add(records, FilmRecord(epoch, torch.full((1, 2), float(epoch)), None))
    assert [each.epoch for each in records] == [*range(0, 61, 2), 61]
    assert all(bool((each.positions == each.epoch).all()) for each in records)


def test_a_flow_shows_points_alone(tmp_path):
    train(config("realnvp", transforms=2, transform_hidden=4), tmp_path / "run")
    film = load(tmp_path / "run").film
    assert film.mean.shape == (4, 0, 2)
    assert film.positions.shape == (4, 100, 2)


def test_not_filmed_and_resumed_it_stays_so(tmp_path):
    settings = config()
    asked = iter(range(100))
    train(settings, tmp_path / "run", film="off", stop=lambda: next(asked) > 7)
    train(settings, tmp_path / "run", resume=True, film="on")
    assert load(tmp_path / "run").film is None
    assert not (tmp_path / "run" / "film.bin").exists()


def test_a_film_of_another_run_in_its_state_is_refused(tmp_path):
    settings = config()
    train(settings, tmp_path / "run")
    path = tmp_path / "run" / "state.safetensors"
    with safe_open(path, "pt") as file:
        facts = file.metadata()
    for name, value in (
        ("film.epochs", torch.tensor([0, 1, 2, 4])),
        ("film.positions", torch.zeros(4, 100, 3)),
        ("film.positions", torch.full((4, 100, 2), math.nan)),
        ("film.mean", torch.zeros(4, 5, 2)),
        ("film.logits", torch.full((4, 4), -math.inf)),
    ):
        tensors = load_file(path)
        save_file(tensors | {name: value}, path, facts)
        with pytest.raises(ValueError, match="of its film are not those of the run"):
            read_state(path.parent, settings)
        save_file(tensors, path, facts)
    assert [each.epoch for each in read_state(path.parent, settings).film] == [0, 1, 2, 3]
