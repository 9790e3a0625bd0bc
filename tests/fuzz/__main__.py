"""`python -m tests.fuzz --minutes 10 [--seed N] [--part NAME]`: make hostile inputs, and say what went wrong.

Rounds of inputs run in worker processes, each from a seed that is printed, so that a round can be run again. A worker
that takes too long over one input, or too much memory, is ended and counts as a fault.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import psutil

from tools.patience import patience

PARTS = {"checkpoints": 200, "npz": 200, "images": 60, "tables": 300, "rows": 200, "uploads": 100, "urls": 40}
"""Parts, and how many inputs a round of each has."""
SECONDS = 10
"""That an input may take on a quiet machine."""
BYTES = 2 * 2**30
"""Of memory that a worker may have in use."""
ROOT = Path(__file__).resolve().parents[2]


class Round(NamedTuple):
    """What became of a round: how many inputs, what was counted, and what went wrong, if anything did."""

    counts: Counter[str]
    fault: str | None
    most_bytes: int


class Progress(Counter[str]):
    """Counts that are written to a file with every input, so that a stopped worker has said how far it was."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def __setitem__(self, key: str, value: int) -> None:
        super().__setitem__(key, value)
        if hasattr(self, "path"):
            self.path.write_text(json.dumps(dict(self)))


def work(part: str, seed: int, examples: int, progress: Path) -> int:
    """What a worker does: run a round; 1 if it found a fault, which stderr then tells."""
    module = importlib.import_module(f"tests.fuzz.{part}")
    counts = Progress(progress)
    try:
        module.run(seed, examples, counts)
    except Exception:  # noqa: BLE001 - whatever it is, it is what was looked for
        traceback.print_exc()
        return 1
    return 0


def watched(part: str, seed: int, examples: int, until: float) -> Round:
    """Run a round in a process of its own, and end it when an input takes too long or too much."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        progress, errors = Path(place) / "progress.json", Path(place) / "stderr"
        command = [sys.executable, "-m", "tests.fuzz", "--work", part, str(seed), str(examples), str(progress)]
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"PYTHONPATH": paths, "TMPDIR": place, "OMP_NUM_THREADS": "1"}
        with errors.open("wb") as file:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=file)
        fault, most = None, 0
        seen, since = "", time.monotonic()
        while process.poll() is None:
            time.sleep(0.1)
            most = max(most, _memory(process.pid))
            said = progress.read_text() if progress.exists() else ""
            if said != seen:
                seen, since = said, time.monotonic()
            if most > BYTES:
                fault = f"{most / 2**30:.1f} GiB in use"
            elif seen and time.monotonic() - since > patience(SECONDS):
                fault = f"an input took more than {patience(SECONDS):g} s"
            elif time.monotonic() < until:
                continue
            process.kill()
            process.wait()
        if fault is None and process.returncode == 1:
            fault = errors.read_text(errors="replace")
        elif fault is None and process.returncode not in (0, -9):
            fault = f"ended by signal {-process.returncode}: {errors.read_text(errors='replace')[-2000:]}"
        return Round(_counted(seen, progress), fault, most)


def _counted(seen: str, progress: Path) -> Counter[str]:
    for said in (progress.read_text() if progress.exists() else "", seen):
        try:
            return Counter(json.loads(said))
        except ValueError:  # read while it was written
            continue
    return Counter()


def _memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # ended since
        return 0


def place_of(fault: str) -> str:
    """The last line of ours in a traceback, and the error: faults of one place are one."""
    lines = fault.splitlines()
    ours = [line.strip() for line in lines if f'File "{ROOT}' in line]
    error = next((line for line in lines if line[:1].isalpha() and ("Error" in line or "Fault" in line)), lines[-1])
    return f"{error[:120]} | {ours[-1] if ours else ''}"


def main() -> int:
    """Run rounds of every part in turn until the time is over; 1 if anything went wrong."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description="Make hostile inputs and see what they do.")
    parser.add_argument("--minutes", type=float, default=10, help="to run for (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; each later one adds 1 (default: 0)")
    parser.add_argument("--part", choices=sorted(PARTS), action="append", help="only this part; may be repeated")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work is not None:
        part, seed, examples, progress = options.work
        return work(part, int(seed), int(examples), Path(progress))
    until, seed = time.monotonic() + 60 * options.minutes, options.seed
    counts: dict[str, Counter[str]] = {part: Counter() for part in options.part or PARTS}
    faults: dict[str, list[str]] = {}
    most = dict.fromkeys(counts, 0)
    while time.monotonic() < until:
        for part in counts:
            if time.monotonic() >= until:
                break
            found = watched(part, seed, PARTS[part], until)
            counts[part] += found.counts
            most[part] = max(most[part], found.most_bytes)
            print(f"{part}, seed {seed}: {dict(found.counts)}, {found.most_bytes / 2**30:.1f} GiB at most", flush=True)
            if found.fault is not None:
                where = place_of(found.fault)
                faults.setdefault(f"{part}: {where}", []).append(f"seed {seed}")
                print(found.fault if len(faults[f"{part}: {where}"]) == 1 else f"again: {where}", flush=True)
        seed += 1
    for part, counted in counts.items():
        said = ", ".join(f"{counted[name]:,} {name}" for name in ("inputs", "opened", "refused"))
        print(f"{part}: {said}; {most[part] / 2**30:.1f} GiB at most")
    for where, seeds in faults.items():
        print(f"FAULT {where} ({', '.join(seeds)})")
    print(f"{sum(counted['inputs'] for counted in counts.values()):,} inputs, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
