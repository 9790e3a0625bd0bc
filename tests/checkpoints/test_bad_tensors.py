"""Tensors that are not what a checkpoint's configuration asks for: refused in one line, as in `test_bad_files`."""

import shutil

import pytest
import torch

from tests.checkpoints.refusing import TENSORS, refused
from tests.small_runs import rewrite_tensors

# log p(x) of five images, whose rows are missing.
PART = {"log_likelihood": lambda old: old["elbo"][:5]}


class TestTensors:
    @pytest.mark.parametrize("file", TENSORS)
    @pytest.mark.parametrize("kind", [torch.complex64, torch.bool, torch.float8_e4m3fn, torch.float64])
    def test_of_a_foreign_type(self, folder, file, kind):
        def change(tensors):
            for name, value in tensors.items():
                tensors[name] = value.float().to(kind) if kind is torch.float8_e4m3fn else value.to(kind)

        rewrite_tensors(folder / file, change)
        refused(folder, file, f"is of type {kind}")

    @pytest.mark.parametrize("file", TENSORS)
    @pytest.mark.parametrize("value", [float("nan"), float("-inf")])
    def test_not_finite(self, folder, file, value):
        def change(tensors):
            # A logit of minus infinity is a component that is not there; see tests/training/test_growing.py.
            names = (name for name in tensors if tensors[name].is_floating_point() and not name.endswith("logits"))
            tensors[next(names)].flatten()[0] = value

        rewrite_tensors(folder / file, change)
        refused(folder, file, "holds values that are not finite")

    @pytest.mark.parametrize("file", TENSORS)
    @pytest.mark.parametrize("change", ["without dimensions", "empty", "shorter", "transposed", "whole numbers"])
    def test_wrongly_shaped(self, folder, file, change):
        def changed(value):
            match change:
                case "without dimensions":
                    return value.flatten()[0].clone()
                case "empty":
                    return value[:0]
                case "shorter":
                    return value[:-1]
                case "transposed":
                    return value[..., None].mT
            return value.long()

        rewrite_tensors(folder / file, lambda tensors: tensors.update({k: changed(v) for k, v in tensors.items()}))
        blamed = "per_image.safetensors" if (file, change) == ("latents.safetensors", "shorter") else file
        refused(folder, blamed, "")

    @pytest.mark.parametrize("file", TENSORS)
    @pytest.mark.parametrize("name", ["more", "a\nb" + "k" * 10_000], ids=["short", "long"])
    def test_unknown_beside_the_known(self, folder, file, name):
        rewrite_tensors(folder / file, lambda tensors: tensors.update({name: torch.zeros(3)}))
        refused(folder, file, "")

    @pytest.mark.parametrize("file", TENSORS[:3])
    def test_one_is_missing(self, folder, file):
        rewrite_tensors(folder / file, lambda tensors: tensors.pop(sorted(tensors)[0]))
        refused(folder, file, "")

    @pytest.mark.parametrize(
        ("file", "change", "said"),
        [
            ("latents", {"0.scale": lambda old: -old["0.scale"]}, "a scale is not positive"),
            ("latents", {"0.scale": lambda old: 0 * old["0.scale"]}, "a scale is not positive"),
            ("latents", {"labels": lambda old: old["labels"] + 5}, "a class is not among those"),
            ("latents", {"labels": lambda old: old["labels"] - 1}, "a class is not among those"),
            ("latents", {"labels": lambda old: old["labels"][1:]}, "the number of labels differs"),
            ("latents", {"1.mean": lambda old: old["0.mean"], "1.scale": lambda old: old["0.scale"]}, "must hold"),
            ("per_image", {"log_likelihood": lambda old: old["elbo"][:5]}, "does not fit the test set"),
            ("per_image", {"log_likelihood_ids": lambda old: torch.arange(5)}, "does not fit the test set"),
            ("per_image", PART | {"log_likelihood_ids": lambda old: torch.arange(4)}, "does not fit the test set"),
            ("per_image", PART | {"log_likelihood_ids": lambda old: torch.arange(5) - 1}, "does not fit the test set"),
            ("per_image", PART | {"log_likelihood_ids": lambda old: torch.arange(5) * 99}, "does not fit the test set"),
            ("per_image", PART | {"log_likelihood_ids": lambda old: torch.arange(5) // 2}, "does not fit the test set"),
            ("per_image", PART | {"log_likelihood_ids": lambda old: torch.arange(5.0)}, "does not fit the test set"),
            ("snapshots", {"-1.mean": lambda old: old["0.mean"]}, "-1.mean is unknown"),
            ("snapshots", {"00.mean": lambda old: old["0.mean"]}, "00.mean is unknown"),
            ("snapshots", {"7.mean": lambda old: old["0.mean"]}, "7.logvar"),
            ("snapshots", {"0.pseudo_inputs": lambda old: old["0.pseudo_inputs"].long()}, "of the wrong type"),
            ("snapshots", {"0.pseudo_inputs": lambda old: old["0.pseudo_inputs"].float()}, "of the wrong type"),
        ],
    )
    def test_that_do_not_fit(self, folder, file, change, said):
        file = f"{file}.safetensors"
        rewrite_tensors(
            folder / file, lambda old: old.update({name: make(old).clone() for name, make in change.items()})
        )
        refused(folder, file, said)

    def test_more_snapshots_than_eight(self, folder):
        def change(tensors):
            for epoch in range(4, 9):
                for part in ("mean", "logvar", "logits"):
                    tensors[f"{epoch}.{part}"] = tensors[f"0.{part}"].clone()

        rewrite_tensors(folder / "snapshots.safetensors", change)
        refused(folder, "snapshots.safetensors", "holds 9 snapshots, 8 at most")

    def test_those_of_another_prior(self, folder, family):
        shutil.copy(family / "small" / "mog" / "weights.safetensors", folder)
        refused(folder, "weights.safetensors", "lacks prior.pseudo_inputs: it belongs to another model")
