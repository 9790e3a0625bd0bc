"""`folder:PATH`: folders of images, damaged or no images at all, under names of every kind."""

import functools
import io
import struct
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from tests.fuzz.hostile import REPLACEMENTS, damaged, fuzzer, replace
from tests.fuzz.own import judge

FORMATS = ("png", "jpeg", "bmp", "gif", "tiff", "webp")
MODES = ("L", "RGB", "RGBA", "P", "1", "I;16", "CMYK", "F", "LA")
NAMES = [
    ".ipynb_checkpoints",
    "__MACOSX",
    "train",
    "val",
    "test",
    "a\nb",
    "**bold**",
    "x" * 200,
    " ",
    "-dash",
    "数字",
    "\udce8",
]


@functools.cache
def picture(kind: str, mode: str) -> bytes:
    """A small image of a format; of a mode if it can have that, else grey."""
    grey = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 3)
    content = io.BytesIO()
    try:
        grey.convert(mode).save(content, kind)
    except (OSError, ValueError, KeyError):
        content = io.BytesIO()
        grey.save(content, kind)
    return content.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it is `side` pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def fill(draw: st.DrawFn, folder: Path) -> None:
    """Three dozen images in two classes, a few of them odd, and perhaps more folders."""
    for number in range(36):
        kind = FORMATS[number % len(FORMATS)]
        path = folder / f"class {number % 2}" / f"{number}.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture(kind, "L"))
    files = sorted(folder.rglob("*.*"))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(files))
        content = picture(path.suffix[1:], draw(st.sampled_from(MODES)))
        match draw(st.sampled_from(["mode", "damaged", "damaged", "replaced", "bomb", "wide"])):
            case "mode" if path.is_file():
                path.write_bytes(content)
            case "damaged" if path.is_file():
                path.write_bytes(draw(damaged(content)))
            case "replaced":
                replace(path, draw(st.sampled_from(REPLACEMENTS)), files[0])
            case "bomb" if path.is_file():
                path.write_bytes(bomb(draw(st.sampled_from([0, 20_000, 60_000, 2**31 - 1]))))
            case "wide" if path.is_file():
                wide = io.BytesIO()
                Image.new("L", draw(st.sampled_from([(1, 1), (4000, 1), (1, 4000)]))).save(wide, "png")
                path.write_bytes(wide.getvalue())
    for _ in range(draw(st.integers(0, 2))):
        more = folder / draw(st.sampled_from(NAMES))
        more.mkdir(exist_ok=True)
        (more / "0.png").write_bytes(picture("png", "L"))
    if draw(st.integers(0, 5)) == 0:
        (folder / "again").symlink_to(".")


@fuzzer
def run(draw: st.DrawFn, folder: Path, counts: Counter[str]) -> None:
    """Make a folder of images and read it."""
    own = folder / "own"
    own.mkdir()
    fill(draw, own)
    counts["inputs"] += 1
    judge(f"folder:{own}", counts)
