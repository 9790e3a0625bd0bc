"""What the services say of a checkpoint, held against the checkpoint itself."""

import gc
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.services import (
    availability,
    catalogue,
    compare,
    densities,
    images,
    literature,
    loading,
    prior_components,
    units,
)
from app.services.latent_plane import encoding
from app.services.loading import DataMissing, ServiceError
from tests.app.conftest import COMPONENTS, use_root
from vampcore.checkpoints import load, save

ALL = ("tiny-2d/sg", "tiny-2d/mog", "tiny-2d/vamp", "tiny-5d/vamp-weighted")


def test_experiments_list_priors_in_the_order_of_the_literature(models):
    found = {experiment.name: [ref.prior for ref in experiment.refs] for experiment in catalogue.experiments()}
    assert found == {"tiny-2d": ["sg", "mog", "vamp"], "tiny-5d": ["vamp-weighted"]}


def test_a_broken_folder_is_listed_with_its_error_and_the_others_stay(models, tmp_path, monkeypatch):
    shutil.copytree(models, tmp_path / "all")
    (tmp_path / "all" / "tiny-2d" / "mog" / "config.json").write_text("{")
    use_root(tmp_path / "all", monkeypatch)
    (family, _) = catalogue.experiments()
    assert [ref.prior for ref in family.refs] == ["sg", "vamp"]
    (broken,) = family.broken
    assert broken.name == "tiny-2d/mog"
    assert "\n" not in broken.error


def test_a_model_that_is_loaded_without_gradients_has_them_for_whoever_needs_them(refs):
    with torch.inference_mode():
        model = loading.loaded(refs["tiny-2d/vamp"]).checkpoint.model
    assert not any(each.is_inference() for each in (*model.parameters(), *model.buffers()))


def test_a_checkpoint_that_changed_asks_for_a_reload(refs, checkpoints):
    stale = refs["tiny-2d/vamp"]._replace(sha256="0" * 64)
    with pytest.raises(ServiceError, match="reload the page"):
        catalogue.facts(stale)
    removed = refs["tiny-2d/vamp"]._replace(folder=refs["tiny-2d/vamp"].folder + "-before")
    with pytest.raises(ServiceError, match="reload the page"):
        catalogue.facts(removed)


def test_scores_that_are_stored_while_the_server_runs_are_shown(models, tmp_path, monkeypatch):
    shutil.copytree(models, tmp_path / "all")
    use_root(tmp_path / "all", monkeypatch)
    before = catalogue.experiments()[0].ref("sg")
    elbo = catalogue.metric(before, "elbo")
    checkpoint = load(Path(before.folder))
    save(replace(checkpoint, metrics=(replace(elbo, value=elbo.value + 1),)), Path(before.folder))
    catalogue.experiments.clear()
    after = catalogue.experiments()[0].ref("sg")
    assert after.sha256 == before.sha256
    assert catalogue.metric(after, "elbo").value == elbo.value + 1


def test_a_model_is_loaded_from_its_folder_without_a_look_at_the_others(refs, monkeypatch):
    from vampcore import zoo

    monkeypatch.setattr(zoo, "entries", lambda: pytest.fail("listed the checkpoints again"))
    assert catalogue.facts(refs["tiny-2d/vamp"]).name == "tiny-2d/vamp"


def test_a_truncated_weight_file_is_one_line(models, tmp_path, monkeypatch):
    shutil.copytree(models, tmp_path / "all")
    weights = tmp_path / "all" / "tiny-2d" / "sg" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    use_root(tmp_path / "all", monkeypatch)
    ref = catalogue.experiments()[0].ref("sg")
    with pytest.raises(ServiceError, match="tiny-2d/sg cannot be read") as raised:
        catalogue.facts(ref)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ALL)
def test_facts_are_those_of_the_checkpoint(refs, checkpoints, name):
    known, checkpoint = catalogue.facts(refs[name]), checkpoints[name]
    prior = name.split("/")[1]
    assert known.prior == refs[name].kind == checkpoint.config.prior
    assert known.info == checkpoint.info
    assert known.keeps_all
    assert known.info.components == (1 if prior == "sg" else COMPONENTS)
    assert known.has.several_components == (prior != "sg")
    assert known.has.pseudo_inputs == prior.startswith("vamp")
    assert known.info.latent_dims == (checkpoint.config.latent_dim,)
    assert known.images == len(checkpoint.latents.ids) == 300
    assert known.shape == (1, 8, 8)
    assert not known.binary
    assert known.classes == tuple("0123456789")
    assert known.parameters == sum(each.numel() for each in checkpoint.model.parameters())
    assert catalogue.metrics(refs[name]) == checkpoint.metrics
    assert catalogue.metric(refs[name], "elbo") == checkpoint.metric("elbo")
    assert catalogue.metric(refs[name], "no such figure") is None


def test_history_has_a_value_an_epoch(refs, checkpoints):
    history = catalogue.history(refs["tiny-2d/vamp"])
    assert history.column("epoch").tolist() == [1, 2, 3]
    expected = [record.train_elbo for record in checkpoints["tiny-2d/vamp"].history]
    np.testing.assert_array_equal(history.column("train_elbo"), expected)
    with pytest.raises(ServiceError, match="it has epoch"):
        history.column("accuracy")


def test_nothing_published_is_held_against_a_model_of_other_data(refs):
    assert literature.published(refs["tiny-2d/vamp"]) == ()


def test_only_the_papers_own_figure_is_held_against_its_setting(refs, monkeypatch):
    import dataclasses

    from app.services import literature

    known = catalogue.facts(refs["tiny-2d/vamp"])
    info = dataclasses.replace(known.info, data="static_mnist", latent_dims=(40,))
    alike = dataclasses.replace(known, info=info, likelihood="bernoulli")
    monkeypatch.setattr(literature, "facts", lambda ref: alike)
    (found,) = literature.published(refs["tiny-2d/vamp"])
    assert (found.name, found.value, found.unit) == ("log_likelihood", -85.57, "nats/image")
    assert found.source.as_reported is True
    assert (found.source.title, found.source.url) == (
        "Tomczak and Welling, VAE with a VampPrior, AISTATS 2018",
        "https://arxiv.org/abs/1705.07120",
    )
    two_layers = dataclasses.replace(alike, info=dataclasses.replace(info, model="hvae", latent_dims=(40, 40)))
    monkeypatch.setattr(literature, "facts", lambda ref: two_layers)
    assert [found.value for found in literature.published(refs["tiny-2d/vamp"])] == [-83.19]
    for change in (
        {"info": dataclasses.replace(info, latent_dims=(2,))},
        {"info": dataclasses.replace(info, posterior="nf")},
        {"likelihood": "logistic"},
        {"prior": "mog"},
        {"objective": "iwae"},
        {"samples": 5},
    ):
        other = dataclasses.replace(alike, **change)
        monkeypatch.setattr(literature, "facts", lambda ref, other=other: other)
        assert literature.published(refs["tiny-2d/vamp"]) == ()


def test_test_images_are_those_of_the_data_set(refs):
    from vampcore import datasets

    test = datasets.load("digits").test
    shown = images.from_test_set(refs["tiny-2d/vamp"], (3, 250))
    assert shown.originals
    expected = (test.images[[3, 250]].float() / 16 * 255).round().numpy()
    np.testing.assert_array_equal(shown.pixels, expected)
    assert images.from_test_set(refs["tiny-2d/vamp"], ()).pixels.shape == (0, 1, 8, 8)


def test_without_the_data_set_reconstructions_stand_in(refs, monkeypatch):
    from vampcore import datasets

    monkeypatch.setattr(datasets, "available", lambda name: False)
    ref = refs["tiny-2d/vamp"]
    assert not availability.has_data(ref)
    shown = images.from_test_set(ref, (3, 250))
    assert not shown.originals
    np.testing.assert_array_equal(shown.pixels, images.reconstructions(ref, (3, 250)))
    assert units.ablate_unit(ref, 0) is None
    with pytest.raises(DataMissing, match="python -m vampcore data digits"):
        compare.measure((ref,))


def test_a_failed_download_is_one_line(refs, monkeypatch):
    from vampcore import datasets

    def refuse(name, progress):
        raise datasets.DataError("no source delivers it")

    monkeypatch.setattr(datasets, "download", refuse)
    with pytest.raises(ServiceError, match="no source delivers it"):
        availability.download(refs["tiny-2d/vamp"], lambda done, total: None)


def test_settling_freezes_what_exists_once(nothing_computed, refs):
    gc.unfreeze()
    loading.warm_up(refs["tiny-2d/vamp"])
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()
    loading.warm_up(refs["tiny-2d/mog"])
    assert gc.get_freeze_count() == 0


def test_the_device_has_a_name_for_people(models):
    device = loading.device()
    assert device.kind in ("cpu", "cuda", "mps")
    assert device.kind != "cpu" or device.name.startswith("CPU, ")


def test_the_door_hands_out_no_tensor(refs):
    """Whatever a service returns, arrays in it are NumPy's."""
    ref = refs["tiny-2d/vamp"]
    window = densities.window((ref,))
    handed = [
        call(ref)
        for call in (
            catalogue.facts,
            catalogue.history,
            encoding.latents,
            encoding.plane,
            encoding.points,
            densities.prior_on_plane,
            encoding.components_of_images,
            prior_components.summary,
            prior_components.snapshots,
            units.activity,
            units.kl_per_dimension,
            prior_components.pseudo_inputs,
        )
    ]
    handed += [densities.prior_density(ref, window), prior_components.component_detail(ref, 0), units.traverse(ref, 1)]
    handed += [images.decode_place(ref, 0.0, 0.0), compare.measure((ref,), 50, 5)]
    assert not list(tensors(handed))


def tensors(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors(each)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from tensors(getattr(value, name))


def test_paths_of_a_run_are_told_from_shipped_ones(trained: Path, tmp_path: Path, monkeypatch):
    """A run with a shipped checkpoint's name stands apart; one with a new prior joins the family."""
    import functools

    from vampcore import zoo

    shutil.copytree(trained / "tiny-2d" / "vamp", tmp_path / "runs" / "tiny-2d" / "vamp")
    shutil.copytree(trained / "tiny-5d" / "vamp-weighted", tmp_path / "runs" / "tiny-2d" / "vamp-weighted")
    use_root(trained, monkeypatch)
    monkeypatch.setattr(zoo, "entries", functools.partial(zoo.entries.func, (trained, tmp_path / "runs")))
    found = {experiment.name: [ref.prior for ref in experiment.refs] for experiment in catalogue.experiments()}
    assert found["tiny-2d"] == ["sg", "mog", "vamp", "vamp-weighted"]
    assert found["runs/tiny-2d"] == ["vamp"]


@pytest.mark.parametrize("name", ["tiny-2d/mog", "tiny-2d/vamp"])
def test_what_is_handed_out_cannot_be_written_to(refs, name):
    """All viewers share it: a page that writes into an array is told so, and changes nobody's."""
    ref = refs[name]
    written = 0
    for record in (
        encoding.latents(ref),
        prior_components.summary(ref),
        encoding.plane(ref),
        *prior_components.snapshots(ref),
    ):
        for value in vars(record).values():
            if isinstance(value, np.ndarray):
                written += 1
                with pytest.raises(ValueError, match="read-only"):
                    value[...] = 0
    assert written > 10
    assert encoding.latents(ref).mean.any()
    assert prior_components.summary(ref).mean.any()
    expected = images.decode(ref, encoding.latents(ref).mean[:3])
    np.testing.assert_array_equal(images.reconstructions(ref, (0, 1, 2)), expected)
    np.testing.assert_array_equal(
        prior_components.component_images(ref), images.decode(ref, prior_components.summary(ref).mean)
    )
