"""Checkpoints and states of runs whose files are damaged, edited or something else altogether."""

import functools
import json
import math
import shutil
import struct
import tempfile
from collections import Counter
from pathlib import Path

import torch
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tests.fuzz.hostile import REPLACEMENTS, WHOLE, damaged, edited, fuzzer, replace
from tests.fuzz.judging import Fault, check, check_refusal, is_number
from tests.fuzz.sealing import UNSEALED, is_sealed, seal
from vampcore import zoo
from vampcore.checkpoints import Checkpoint, CheckpointError, editing, load
from vampcore.checkpoints.edit import Edit
from vampcore.checkpoints.measuring import observed
from vampcore.training.state import STATE, read_state

PRIORS = ("mog", "vamp")
MODELS = (*PRIORS, "edited")
TENSORS = ("values", "dtype", "shape", "rename", "drop", "rows")


@functools.cache
def models() -> Path:
    """A root with a run of each prior, trained for three epochs on digits, and an edited one; kept for this process."""
    from tests.small_runs import config, few_digits, train

    root = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for prior in PRIORS:
        train(config(prior), root / "small" / prior, few_digits())
    trained = load(root / "small" / "vamp")
    x, known = observed(trained, few_digits().test), trained.model.prior(trained.model.encoder)
    edit = Edit("small", "vamp", trained.sha256, ("removed component 0",))
    editing.save_new(
        editing.edited(trained, known.without(0), edit, x, trained.model.prior.images()), root / "small" / "edited"
    )
    return root


def json_text(draw: st.DrawFn, content: str) -> str:
    """JSON with a value changed, a key twice, or brackets nested deep."""
    match draw(st.sampled_from(["edit", "edit", "edit", "edit", "twice", "deep", "huge"])):
        case "twice":
            lines = content.splitlines(keepends=True)
            at = draw(st.integers(1, len(lines) - 2))
            lines.insert(at, lines[at].rstrip().rstrip(",") + ",\n")
            return "".join(lines)
        case "deep":
            return content.replace(": ", ": " + "[" * 5000 + "]" * 5000 + ", ", 1)
        case "huge":
            return content.replace(": 1", f": {'1' * draw(st.sampled_from([30, 5000]))}", 1)
        case _:
            return json.dumps(draw(edited(json.loads(content))))


def change_tensors(draw: st.DrawFn, path: Path) -> None:
    """A safetensors file with one of its tensors changed; what it says beside them is kept."""
    tensors = load_file(path)
    if not tensors:
        path.write_bytes(draw(damaged(path.read_bytes())))
        return
    name = draw(st.sampled_from(sorted(tensors)))
    value = tensors[name]
    match draw(st.sampled_from(TENSORS)):
        case "values" if value.is_floating_point() and value.numel():
            flat = value.flatten().clone()
            flat[draw(st.integers(0, len(flat) - 1))] = draw(st.sampled_from([torch.nan, torch.inf, -1.0, 6e4, 0.0]))
            tensors[name] = flat.reshape(value.shape)
        case "values" if value.numel():
            flat = value.flatten().long()
            flat[draw(st.integers(0, len(flat) - 1))] = draw(st.sampled_from([n for n in WHOLE if abs(n) < 2**63]))
            tensors[name] = flat.reshape(value.shape)
        case "dtype":
            other = draw(st.sampled_from([torch.float64, torch.bfloat16, torch.int8, torch.bool, torch.int64]))
            tensors[name] = value.to(other)
        case "shape":
            tensors[name] = draw(st.sampled_from([value[None], value.flatten(), value.new_zeros(0), value.sum()]))
        case "rename":
            tensors[draw(st.sampled_from(["", "0.mean", "x" * 10_000, "\n", "-1.mean", "99.logits"]))] = tensors.pop(
                name
            )
        case "drop":
            del tensors[name]
        case "rows" if value.ndim and len(value):
            tensors[name] = value[: draw(st.sampled_from([1, len(value) - 1]))]
    save_file({key: each.contiguous() for key, each in tensors.items()}, path)


def change_film(draw: st.DrawFn, content: bytes) -> bytes:
    """A film with one of its numbers changed."""
    changed, start = bytearray(content), content.index(b"\n") + 1
    at = start + 4 * draw(st.integers(0, (len(content) - start) // 4 - 1))
    changed[at : at + 4] = struct.pack("<f", draw(st.sampled_from([math.nan, math.inf, -1.0, 1e30, 0.0, 1.5])))
    return bytes(changed)


def mutate(draw: st.DrawFn, folder: Path) -> str:
    """Change one file of a checkpoint; the file's name."""
    path = folder / draw(st.sampled_from(sorted(file.name for file in folder.iterdir())))
    how = draw(st.sampled_from(["inside", "inside", "inside", "bytes", "replace"]))
    if how == "replace":
        others = sorted((models() / "small" / draw(st.sampled_from(MODELS))).iterdir())
        replace(path, draw(st.sampled_from(REPLACEMENTS)), draw(st.sampled_from(others)))
    elif how == "inside" and path.suffix == ".json":
        path.write_text(json_text(draw, path.read_text()), encoding="utf-8", errors="surrogatepass")
    elif how == "inside" and path.suffix == ".safetensors" and path.name != STATE:
        change_tensors(draw, path)
    elif how == "inside" and path.suffix == ".csv":
        lines = [line.split(",") for line in path.read_text().splitlines()]
        row, column = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines[0]) - 1))
        lines[row][column] = draw(st.sampled_from(["", "-7", "nan", "1e999", "1.5", "9" * 400, '"', "x" * 10**6, "0"]))
        path.write_text("\n".join(",".join(line) for line in lines) + "\n")
    elif how == "inside" and path.suffix == ".bin":
        path.write_bytes(change_film(draw, path.read_bytes()))
    else:
        path.write_bytes(draw(damaged(path.read_bytes())))
    return path.name


def check_ranges(found: Checkpoint) -> None:
    """Every number of a checkpoint that was opened is one that there can be."""
    progress = found.progress
    check(0 <= progress.best_epoch <= progress.epochs, f"best epoch {progress.best_epoch} of {progress.epochs}")
    check(found.config.prior_components >= 0, "components")
    for metric in found.metrics:
        check(is_number(metric.value), f"{metric.name} is {metric.value}")
        check(metric.se is None or (is_number(metric.se) and metric.se >= 0), f"se of {metric.name} is {metric.se}")
        check(metric.n is None or metric.n >= 1, f"n of {metric.name} is {metric.n}")
        check(metric.samples is None or metric.samples >= 1, f"samples of {metric.name} is {metric.samples}")
    epochs = 0 if found.edit else progress.epochs
    check([record.epoch for record in found.history] == list(range(1, epochs + 1)), "epochs of the history")
    for record in found.history:
        check(record.skipped >= 0 and record.seconds >= 0, f"skipped {record.skipped}, seconds {record.seconds}")
        check(0 <= record.beta <= 1 and record.learning_rate >= 0, f"beta {record.beta}, rate {record.learning_rate}")
    check(all(bool(value.isfinite().all()) for value in found.model.state_dict().values()), "a weight")
    for layer in found.latents.layers:
        check(bool(layer.mean.isfinite().all()) and bool(layer.logvar.isfinite().all()), "a posterior")
    labels = found.latents.labels
    if labels is not None:
        check(0 <= int(labels.min()) <= int(labels.max()) < len(found.observation.classes), "a class")
    film = found.film
    if film is not None:
        check(bool(film.positions.isfinite().all()), "a position of the film")
        check(bool(film.mean.isfinite().all()) and bool(film.covariance.isfinite().all()), "a component of the film")
    check(bool(found.per_image.elbo.isfinite().all()), "an ELBO of an image")


def is_as_it_was(path: Path) -> bool:
    """Whether a file of a changed checkpoint holds what it held before."""
    before = models().joinpath(*path.parts[-3:])
    return path.is_file() and path.stat().st_size == before.stat().st_size and path.read_bytes() == before.read_bytes()


def judge(folder: Path, changed: str, sealed: bool, counts: Counter[str]) -> None:
    """Open a checkpoint, its root and its state: each is refused in one line, or in its ranges."""
    try:
        found = load(folder)
    except CheckpointError as error:
        check_refusal(error)
        counts["refused"] += 1
    else:
        if not sealed and changed not in UNSEALED and is_sealed(folder) and not is_as_it_was(folder / changed):
            raise Fault(f"accepted: {changed} is not what the manifest says")
        check_ranges(found)
        counts["opened"] += 1
    for entry in zoo.entries((folder.parent.parent,)):
        if entry.error is not None:
            check_refusal(ValueError(entry.error))
    if changed == STATE:
        prior = folder.name if folder.name in PRIORS else PRIORS[0]
        try:
            state = read_state(folder, load(models() / "small" / prior).config)
        except CheckpointError as error:
            check_refusal(error)
        else:
            check(type(state.epoch) is int and state.epoch >= 0, f"epoch {state.epoch!r}")
            check(type(state.waited) is int and state.waited >= 0, f"waited {state.waited!r}")
            check(0 <= state.best_epoch <= state.epoch, f"best epoch {state.best_epoch!r} of {state.epoch!r}")


@fuzzer
def run(draw: st.DrawFn, folder: Path, counts: Counter[str]) -> None:
    """Damage a checkpoint and open it."""
    prior = draw(st.sampled_from(MODELS))
    copy = folder / "all" / "small" / prior
    shutil.copytree(models() / "small" / prior, copy)
    changed = mutate(draw, copy)
    # Half of the attackers know what a checksum is.
    sealed = draw(st.booleans()) and changed not in UNSEALED and seal(copy)
    counts["inputs"] += 1
    judge(copy, changed, sealed, counts)
