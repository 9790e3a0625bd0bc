"""A trainer that takes no time: it takes the orders of `python -m vampcore race`, and counts steps in a file.

Nothing is imported that takes long. It is started as `fake_trainer.py [--steps N] [--deaf] [--late SECONDS] ...`.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from filelock import FileLock

STEP_SECONDS = 0.02


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--late", type=float, default=0.0, help="seconds of imports")
    parser.add_argument("--deaf", action="store_true", help="heed neither the stop file nor SIGTERM")
    parser.add_argument("--fail", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--wait", action="store_true")
    options = parser.parse_args()
    time.sleep(options.late)
    folder = options.out
    if options.wait:
        line = sys.stdin.readline().strip()
        if not line:
            return 0
        folder = Path(line)
    asked = time.time()
    with FileLock(folder / ".race.lock"):
        if options.fail:
            print("Traceback\nrace: there is no such device", file=sys.stderr)
            return 1
        told: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: None if options.deaf else told.append(number))
        return train(folder, options, asked, told)


def train(folder: Path, options: argparse.Namespace, asked: float, told: list[int]) -> int:
    priors = [run["prior"] for run in json.loads((folder / "race.json").read_text())["runs"]]
    steps = folder / "steps.txt"
    done = int(steps.read_text()) if steps.exists() else 0
    who = {
        "pid": os.getpid(),
        "group": os.getpgrp(),
        "session": os.getsid(0),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
    }
    (folder / "who.json").write_text(json.dumps(who))
    phase, began = "training", time.time()
    while phase == "training":
        stop = folder / "stop"
        if done == options.steps:
            phase = "finished"
        elif told or (not options.deaf and stop.exists() and stop.stat().st_mtime >= asked):
            phase = "stopped"
        runs = [{"prior": prior, "epoch": float(done), "epochs": options.steps} for prior in priors]
        report = {"phase": phase, "runs": runs, "heartbeat": time.time(), "seconds": 0.0, "pid": os.getpid()}
        written = folder / "progress.part"
        written.write_text(json.dumps(report))
        written.replace(folder / "progress.json")
        if phase == "training":
            time.sleep(STEP_SECONDS)
            done += 1
            steps.write_text(str(done))
    with (folder.parent / "turns.txt").open("a") as turns:
        turns.write(f"{folder.name} {began} {time.time()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
