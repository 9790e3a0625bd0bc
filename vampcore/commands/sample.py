"""`sample`: draw images from a checkpoint's prior into a PNG."""

import argparse
import io
import math
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from vampcore import zoo
from vampcore.checkpoints.destinations import writable_file
from vampcore.checkpoints.folder import write_bytes
from vampcore.commands.options import Commands, whole_number
from vampcore.distributions import DiagNormalMixture

MOST_IMAGES_OF_A_GRID = 10_000
BAR_HEIGHT = 28


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("sample", help="draw images from a prior into a PNG file, vectors as bars")
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="a name printed by `list`, or a folder")
    command.add_argument("--component", type=whole_number(0), help="sample from this component only")
    command.add_argument(
        "-n", type=whole_number(1, MOST_IMAGES_OF_A_GRID), default=64, help="number of images. Default: 64."
    )
    command.add_argument("--seed", type=whole_number(0), default=0, help="seed of the samples. Default: 0.")
    command.add_argument("--out", type=Path, required=True, help="the PNG file")
    command.set_defaults(command=sample)


def sample(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Draw images, or vectors as bars, from a checkpoint's prior or from one of its components into a PNG."""
    writable_file(options.out)
    if options.out.suffix.lower() != ".png":
        parser.error(f"--out is written as PNG: end its name in .png, not {options.out.name!r:.60}")
    checkpoint = zoo.load(options.checkpoint)
    model = checkpoint.model
    generator = torch.Generator().manual_seed(options.seed)
    with torch.inference_mode():
        prior = model.prior(model.encoder)
        if options.component is None:
            z = prior.sample((options.n,), generator)
        elif not isinstance(prior, DiagNormalMixture):
            parser.error(f"the prior {checkpoint.config.prior} has no components: remove --component")
        elif 0 <= options.component < len(prior.log_weights):
            z = prior.component(options.component).sample((options.n,), generator)
        else:
            parser.error(f"--component must be from 0 to {len(prior.log_weights) - 1}")
        images = model.decode(z, generator).mean(generator)
        if images.shape[1:3] == (1, 1):
            images = _bars(images)
        grid = _grid(images, columns=round(options.n**0.5))
    enlarged = (grid * 255).round().byte().repeat_interleave(4, 1).repeat_interleave(4, 2)
    write_bytes(options.out, _png(enlarged))
    print(f"{options.out}: {options.n} decoded means, seed {options.seed}")
    return 0


def _bars(vectors: Float[Tensor, "N 1 1 W"]) -> Float[Tensor, "N 1 H W"]:
    """A white bar for each value of a vector, from the bottom; full at 1."""
    heights = (torch.arange(BAR_HEIGHT, 0, -1) - 0.5) / BAR_HEIGHT
    return (vectors >= heights[:, None]).float()


def _grid(images: Float[Tensor, "N C H W"], columns: int) -> Float[Tensor, "3 rows columns"]:
    """Images row by row, with a grey line of one pixel around each; gray as colour.

    torchvision's `make_grid` would do, but takes longer to import than everything else.
    """
    rows = math.ceil(len(images) / columns)
    cells = pad(images, (1, 0, 1, 0), value=0.5)
    cells = torch.cat([cells, cells.new_full((rows * columns - len(images), *cells.shape[1:]), 0.5)])
    sheet = cells.unflatten(0, (rows, columns)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)
    return pad(sheet, (0, 1, 0, 1), value=0.5).expand(3, -1, -1)


def _png(image: Tensor) -> bytes:
    content = io.BytesIO()
    Image.fromarray(image.movedim(0, -1).numpy()).save(content, "PNG")
    return content.getvalue()
