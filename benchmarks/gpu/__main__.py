"""Measure all that waits for a GPU: `python -m benchmarks.gpu [--part NAME ...] [--out DIR]`.

Parts run one after the other, each in a process of its own; the same command goes on with what is not done. Results and
a report lie in the folder.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.gpu import captured, epoch, inference
from benchmarks.gpu.job import REPORT, Job, Part, report, run_part
from benchmarks.timing import machine

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    Part("captured", "The captured step against the eager one: ELBO an epoch, nats, and ms a step.", captured.pieces),
    Part("epoch", "An epoch against its floors.", epoch.pieces),
    Part("pages", "What pages compute, on the device and on the CPU.", inference.pages),
    Part("sampling", "log p(x) by importance sampling, and the CPU's estimate beside it, nats.", inference.sampling),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that were named, or all; 1 where one of several failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    names = [part.name for part in PARTS]
    parser.add_argument(
        "--part", nargs="+", choices=names, metavar="NAME", help=f"{', '.join(names)}; all unless named"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "gpu-results", help="folder of the results")
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto", help="cpu tries it out")
    parser.add_argument("--small", action="store_true", help="sizes that take a moment, to try it out")
    options = parser.parse_args(arguments)
    if options.device != "cpu" and not torch.cuda.is_available():
        parser.error("no CUDA GPU was found: --device cpu --small tries the command out on the CPU")
    device = "cpu" if options.device == "cpu" else "cuda"
    parts = [part for part in PARTS if part.name in (options.part or names)]
    if len(parts) == 1:
        _alone(parts[0], options, device)
        return 0
    again = [sys.executable, "-m", "benchmarks.gpu", "--out", str(options.out.resolve()), "--device", device]
    again += ["--small"] * options.small
    failed = [part.name for part in parts if subprocess.run([*again, "--part", part.name], cwd=ROOT).returncode]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _alone(part: Part, options: argparse.Namespace, device: str) -> None:
    print(f"{part.name}: {machine()}", flush=True)
    try:
        run_part(part, Job(device, options.out / part.name, options.small))
    finally:
        (options.out / REPORT).write_text(report(options.out, PARTS), encoding="utf-8")
    print(f"{part.name}: finished; all is in {options.out / REPORT}")


if __name__ == "__main__":
    sys.exit(main())
