"""Measure all that waits for a GPU: `python -m benchmarks.gpu [--part NAME ...] [--minutes 9] [--out DIR]`.

Parts run one after the other, each in a process of its own and for so many minutes at most; the same command goes on
with what is not finished. Results, trainings and a report lie in the folder, and all of it in one archive there.
"""

import argparse
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import torch

from benchmarks.gpu import captured, epoch, inference, training
from benchmarks.gpu.archive import pack, unpack
from benchmarks.gpu.job import Job, Part, run_part
from benchmarks.timing import machine
from vampcore.datasets import DataError

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    Part("captured", "The captured step against the eager one: ELBO an epoch, nats, and ms a step.", captured.pieces),
    Part("epoch", "An epoch against its floors.", epoch.pieces),
    Part("pages", "What pages compute, on the device and on the CPU.", inference.pages),
    Part("sampling", "log p(x) by importance sampling, and the CPU's estimate beside it, nats.", inference.sampling),
    *(
        Part(
            f"{model}-{prior}",
            f"{model} with the prior {prior} on static MNIST, towards convergence.",
            partial(training.training, model, prior),
        )
        for model, prior in training.MODELS
    ),
    Part("likelihood", "log p(x) of the trained models, nats, blocks of test images.", training.measuring),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that were named, or all; 1 where one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    names = [part.name for part in PARTS]
    parser.add_argument(
        "--part", nargs="+", choices=names, metavar="NAME", help=f"{', '.join(names)}; all unless named"
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="limit of a part; default: 9")
    parser.add_argument("--out", type=Path, default=ROOT / "gpu-results", help="folder of the results")
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto", help="cpu tries it out")
    parser.add_argument("--small", action="store_true", help="sizes that take a moment, to try it out")
    options = parser.parse_args(arguments)
    if not options.minutes > 0:
        parser.error("--minutes must be positive")
    if options.device != "cpu" and not torch.cuda.is_available():
        parser.error("no CUDA GPU was found: --device cpu --small tries the command out on the CPU")
    device = "cpu" if options.device == "cpu" else "cuda"
    options.out.mkdir(parents=True, exist_ok=True)
    unpack(options.out)
    parts = [part for part in PARTS if part.name in (options.part or names)]
    if len(parts) == 1:
        return _alone(parts[0], options, device)
    again = [sys.executable, "-m", "benchmarks.gpu", "--out", str(options.out.resolve()), "--device", device]
    again += ["--minutes", str(options.minutes), *["--small"] * options.small]
    failed = [part.name for part in parts if subprocess.run([*again, "--part", part.name], cwd=ROOT).returncode]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _alone(part: Part, options: argparse.Namespace, device: str) -> int:
    print(f"{part.name}: {machine()}", flush=True)
    job = Job(device, options.out / part.name, time.monotonic() + 60 * options.minutes, options.small)
    try:
        finished = run_part(part, job)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        archive = pack(options.out, PARTS)
    print(f"{part.name}: {'finished' if finished else 'not finished: the same command goes on'}; all is in {archive}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
