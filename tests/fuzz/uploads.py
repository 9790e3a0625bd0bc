"""Uploads: images, and archives of images, of arrays and of checkpoints, damaged, or packed to do harm."""

import io
import os
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from app.services import catalogue, own_image, uploaded_models, uploads
from app.services.loading import ServiceError
from tests.fuzz import checkpoints, npz
from tests.fuzz.hostile import damaged, fuzzer
from tests.fuzz.images import picture
from tests.fuzz.judging import Fault, check, check_refusal
from tests.fuzz.own import check_ranges
from vampcore import datasets, zoo
from vampcore.checkpoints import load

NAMES = [
    "cat/{}.png",
    "dog/{}.png",
    "{}.jpg",
    "a/b/c/{}.png",
    "../{}.png",
    "/etc/{}.png",
    "C:\\x\\{}.png",
    "{}\x00.png",
]
NAMES += [
    "train/{}.png",
    "test/a/{}.png",
    "{}.txt",
    ".hidden/{}.png",
    "con/{}.png",
    "a" * 300 + "/{}.png",
    "\u202e{}/x.png",
]
MODES = ["L", "RGB", "RGBA", "1", "P", "I;16"]


@st.composite
def images(draw: st.DrawFn) -> bytes:
    """An archive of images: most are in order."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for number in range(draw(st.sampled_from([0, 1, 19, 20, 40]))):
            picture = io.BytesIO()
            side = draw(st.sampled_from([1, 12, 12, 12, 70]))
            image = Image.fromarray(random.integers(0, 256, (side, side), dtype=np.uint8))
            image.convert(draw(st.sampled_from(MODES[:5]))).save(picture, draw(st.sampled_from(["PNG", "PNG", "TIFF"])))
            written = picture.getvalue()
            if draw(st.integers(0, 99)) == 0:
                written = draw(damaged(written))
            archive.writestr(names[number % len(names)].format(number), written)
    return content.getvalue()


def pictures() -> st.SearchStrategy[bytes]:
    """One image, of any kind and mode."""
    return st.builds(picture, st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.sampled_from(["L", "RGB"]))


@st.composite
def models(draw: st.DrawFn, trained: Path) -> bytes:
    """An archive of a checkpoint, with a file that does not belong to it, or without one that does."""
    folder = trained / "small" / draw(st.sampled_from(checkpoints.MODELS))
    names = sorted(path.name for path in folder.iterdir() if path.name in uploaded_models.FILES)
    less = draw(st.sampled_from(["", "", "", *names]))
    more = draw(
        st.sampled_from(["", "", "", "state.safetensors", "../config.json", "x/y/config.json", "a.pkl", names[0]])
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            if name != less:
                written = (folder / name).read_bytes()
                archive.writestr(f"vamp/{name}", draw(damaged(written)) if draw(st.integers(0, 30)) == 0 else written)
        if more and more not in names:
            archive.writestr(f"vamp/{more}", b"x")
    return content.getvalue()


def judge(kind: str, content: bytes, place: Path, counts: Counter[str]) -> None:
    """What is taken opens within its ranges; nothing is written but that."""
    counts["inputs"] += 1
    try:
        if kind == "models":
            experiment, prior = uploaded_models.accept(content)
            load(place / "runs" / experiment / prior)
        elif kind == "pictures":
            ref = next(each for each in catalogue.experiments() if each.name == "digits-2d").refs[0]
            seen = own_image.observation(ref, own_image.from_file(ref, content, inverted=False))
            check(0 <= seen.min() <= seen.max() <= 1, "an observation out of its range")
        else:
            found = uploads.accept(f"x.{'npz' if kind == 'arrays' else 'zip'}", content)
            check(0 <= found.preview.min() <= found.preview.max() <= 1, "a preview out of its range")
            check_ranges(datasets.load(uploads.data_of(found.key)))
        counts["opened"] += 1
    except ServiceError as error:
        check_refusal(error)
        if str(place) in str(error) or tempfile.gettempdir() in str(error):
            raise Fault(f"a refusal with a path of the server: {error}") from error
        counts["refused"] += 1
        written = [path for path in place.rglob("*") if path.is_file()]
        check(not written, f"files of what was refused: {written}")


@fuzzer
def run(draw: st.DrawFn, folder: Path, counts: Counter[str]) -> None:
    """Make an upload and take it."""
    kind = draw(st.sampled_from(["images", "images", "arrays", "models", "pictures"]))
    # Not trained while an input is drawn, which may not use `random`.
    trained = checkpoints.models()
    made = {"images": images(), "arrays": npz.archives(), "models": models(trained), "pictures": pictures()}
    content = draw(made[kind])
    if draw(st.integers(0, 3)) == 0:
        content = draw(damaged(content))
    variables = {"VAMPSCOPE_TRAIN": "local", "VAMPCORE_DATA": str(folder / "data")}
    with mock.patch.dict(os.environ, variables), mock.patch.object(zoo, "RUNS", folder / "runs"):
        judge(kind, content, folder, counts)
    catalogue.experiments.clear()
