"""Kill training, saving and evaluating at random moments: `python -m tests.kills --times 100`.

A training from the command line is killed with `kill -9` again and again, at a random time or a few milliseconds after
its files changed, and goes on with `--resume` until it is done; then `evaluate --save` is killed in the same ways.
After each kill the folder opens, as far as it ever did, or the training goes on. At the end everything on disk but
times is, bit for bit, that of a run that was left alone. The seed is printed and gives the same draws; the moments
differ with the machine.

A command runs in a fork of this process, which has imported everything: starting anew takes longer than the training.
"""

import argparse
import csv
import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from vampcore import zoo
from vampcore.checkpoints import CheckpointError
from vampcore.commands import main as vampcore

PRIORS = ("sg", "mog", "vamp", "vamp-weighted", "exemplar")
OPTIONS = "--data digits --experiment killed --latent-dim 2 --hidden 16 --layers 1 --batch-size 100 --warmup 1"
EPOCHS, SAMPLES = 4, 20
MOST_KILLS = 8
"""Of one training before it is left alone; as often its evaluation is tried."""

STATE = "state.safetensors"
TIMES = {"status.json", "history.csv", STATE}
"""Files that hold times as well: compared without them."""


class Fault(AssertionError):
    """What must not happen after a kill."""


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        killed: Whether it was killed; else it ended by itself.
        status: Its exit status, if it ended by itself.
        saving: Whether it was killed after its files had begun to change.
        said: Its output and errors.
        seconds: How long it ran.
    """

    killed: bool
    status: int
    saving: bool
    said: str
    seconds: float


def run(arguments: list[str], where: Path, kill_after: float | None = None, changes: int | None = None) -> Ended:
    """Run a command of vampcore in a process of its own, and perhaps kill it.

    Arguments:
        arguments: Of the command line.
        where: Working directory; its folders are watched.
        kill_after: Seconds after which it is killed, counted from its start, or from the last of the changes.
        changes: So many changes of files are waited for first.
    """
    log = where / "log.txt"
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(arguments, where, log)
    saving, seen, left = False, seen_files(where), changes
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            break
        now = time.monotonic()
        if left and (files := seen_files(where)) != seen:
            seen, left = files, left - 1
            began_counting = now
            saving = left == 0
        if kill_after is not None and not left and now - (began_counting if changes else began) >= kill_after:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
            break
        time.sleep(0.0005)
    killed = os.WIFSIGNALED(status)
    if killed and os.WTERMSIG(status) != signal.SIGKILL:
        raise Fault(f"{' '.join(arguments)} died of signal {os.WTERMSIG(status)}:\n{log.read_text()}")
    exit_status = -1 if killed else os.WEXITSTATUS(status)
    return Ended(killed, exit_status, saving and killed, log.read_text(), time.monotonic() - began)


def _become(arguments: list[str], where: Path, log: Path) -> None:
    """In a fork: run the command, its output into the log, and end; states and checkpoints are written every epoch."""
    status = 1
    try:
        os.chdir(where)
        with log.open("w") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
        fit = sys.modules["vampcore.training.fit"]
        for name, value in (
            ("SECONDS_BETWEEN_STATES", -1),
            ("SECONDS_BEFORE_CHECKPOINT", -1),
            ("SHARE_FOR_CHECKPOINTS", 1e9),
        ):
            if not hasattr(fit, name):
                raise RuntimeError(f"vampcore.training.fit has no {name}")
            setattr(fit, name, value)
        status = vampcore(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def seen_files(where: Path) -> set[tuple[str, int, int]]:
    """Names, sizes and times of all files below a folder but the log."""
    found = set()
    for path, _, files in os.walk(where):
        for name in files:
            try:
                facts = os.stat(os.path.join(path, name))  # noqa: PTH116, PTH118 - asked two thousand times a second
            except FileNotFoundError:
                continue
            if name != "log.txt":
                found.add((name, facts.st_size, facts.st_mtime_ns))
    return found


def opened(folder: Path) -> int:
    """Epochs of the checkpoint in a folder; 0 where there is none that opens."""
    try:
        return zoo.load(str(folder)).progress.epochs
    except CheckpointError:
        return 0


def compare(killed: Path, alone: Path) -> None:
    """Two folders hold the same but for times.

    Raises:
        Fault: If they do not.
    """
    names = {path.name for path in killed.iterdir()}, {path.name for path in alone.iterdir()}
    if names[0] != names[1]:
        raise Fault(f"{killed} holds {sorted(names[0])}, not {sorted(names[1])}")
    manifests = {"manifest.json"}  # of files with times: what it lists is compared itself
    for name in sorted(names[0] - TIMES - manifests):
        if (killed / name).read_bytes() != (alone / name).read_bytes():
            raise Fault(f"{killed / name} is not what an uninterrupted run leaves")
    if _history(killed) != _history(alone):
        raise Fault(f"the epochs of {killed} are not those of an uninterrupted run")
    one, other = load_file(killed / STATE), load_file(alone / STATE)
    if one.keys() != other.keys() or not all(torch.equal(one[name], other[name]) for name in one):
        raise Fault(f"the state of {killed} is not that of an uninterrupted run")


def _history(folder: Path) -> list[dict[str, str]]:
    rows = csv.DictReader((folder / "history.csv").read_text().splitlines())
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


class Killing:
    """Kills one training, and evaluating its checkpoint, until both have come to their ends.

    Arguments:
        where: A folder of its own.
        prior: What is trained.
        dice: Draws the moments.
        times: Kills at most.
    """

    def __init__(self, where: Path, prior: str, dice: random.Random, times: int) -> None:
        self.where, self.dice, self.times = where, dice, times
        self.counts: Counter[str] = Counter()
        components = ["--components", "4"] if prior != "sg" else []
        self.train = [*OPTIONS.split(), "--prior", prior, "--seed", "3", "--epochs", str(EPOCHS), *components]
        self.train = ["train", *self.train, "--compile", "off", "--device", "cpu", "--out"]
        self.alone, self.folder = where / "alone" / prior, where / "killed" / prior
        for folder in (self.alone, self.folder):
            folder.parent.mkdir(parents=True)

    def __call__(self) -> Counter[str]:
        """Do it.

        Returns:
            Kills of training, of saving and of evaluating, and how often the folder opened, or a training went on.

        Raises:
            Fault: If a folder does not open, a training does not go on, or anything is not as without the kills.
        """
        trained = self._finish(self._command(self.train, self.alone), self.alone.parent)
        self._until_trained(trained.seconds)
        compare(self.folder, self.alone)
        evaluate = ["evaluate", "{}", "--samples", str(SAMPLES), "--save", "--device", "cpu"]
        before = zoo.load(str(self.alone)).metrics
        measured = self._finish(self._command(evaluate, self.alone), self.alone.parent)
        after = zoo.load(str(self.alone)).metrics
        if before == after:
            raise RuntimeError("evaluating stored nothing")
        self._until_measured(evaluate, measured.seconds, (before, after))
        compare(self.folder, self.alone)
        self.counts["compared"] += 2
        return self.counts

    def _command(self, arguments: list[str], folder: Path) -> list[str]:
        named = [each.format(folder) for each in arguments]
        return named if named != arguments else [*arguments, str(folder)]

    def _finish(self, command: list[str], where: Path) -> Ended:
        ended = run(command, where)
        if ended.status != 0:
            raise Fault(f"{' '.join(command)} ended with {ended.status}:\n{ended.said}")
        return ended

    def _kill(self, command: list[str], seconds: float, what: str) -> Ended:
        """Run a command and kill it at a random time, or shortly after a change of its files."""
        if self.dice.random() < 0.5:
            ended = run(command, self.folder.parent, kill_after=self.dice.uniform(0, seconds))
        else:
            ended = run(command, self.folder.parent, self.dice.uniform(0, 0.004), changes=self.dice.randint(1, 8))
        if ended.killed:
            self.counts[f"{what}, saving" if ended.saving else what] += 1
        elif ended.status != 0:
            raise Fault(f"{' '.join(command)} ended with {ended.status}:\n{ended.said}")
        return ended

    def _kills(self, what: str = "") -> int:
        return sum(self.counts[name] for name in KINDS if name.startswith(what))

    def _until_trained(self, seconds: float) -> None:
        command, resume, epochs = self._command(self.train, self.folder), False, 0
        while self._kills() < min(MOST_KILLS, -(-self.times // 2)):  # as many are left for evaluating
            ended = self._kill([*command, *["--resume"] * resume], seconds, "training")
            if not ended.killed:
                return
            found = opened(self.folder)
            if found < epochs:
                raise Fault(f"{self.folder} held a checkpoint of {epochs} epochs, and after a kill of {found}")
            epochs, resume = found, self._has_begun(resume)
            self.counts["opened"] += found > 0
            self.counts["resumed"] += resume
        self._finish([*command, *["--resume"] * resume], self.folder.parent)

    def _has_begun(self, before: bool) -> bool:
        """Whether there is a run to resume; once there was one, there always is."""
        with_state = [path for path in self.folder.parent.rglob(STATE) if path.stat().st_size]
        return before or bool(with_state)

    def _until_measured(self, evaluate: list[str], seconds: float, metrics: tuple[object, object]) -> None:
        command = self._command(evaluate, self.folder)
        for _ in itertools.repeat(None, MOST_KILLS):
            if self._kills() >= self.times:
                break
            if not self._kill(command, seconds, "evaluating").killed:
                continue  # measured again, the scores are the same
            if zoo.load(str(self.folder)).metrics not in metrics:
                raise Fault(f"{self.folder} holds scores that are neither those before nor those after")
            self.counts["opened"] += 1
        self._finish(command, self.folder.parent)


KINDS = ("training", "training, saving", "evaluating", "evaluating, saving")


def main(arguments: list[str] | None = None) -> int:
    """Kill so many times; 1 at the first fault, whose folder is kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=100, help="kills; default: 100")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; drawn and printed if left out")
    options = parser.parse_args(arguments)
    if options.times < 1:
        parser.error("--times must be 1 or more")
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    dice, counts = random.Random(seed), Counter[str]()
    torch.set_num_threads(1)
    where = Path(tempfile.mkdtemp(prefix="vampscope-kills-"))
    for number in itertools.count():
        left = options.times - sum(counts[name] for name in KINDS)
        if left <= 0:
            break
        prior = dice.choice(PRIORS)
        try:
            counts += Killing(where / str(number), prior, dice, left)()
        except (Fault, CheckpointError) as fault:
            print(f"FAULT with seed {seed}, prior {prior}, in {where / str(number)}: {fault}", file=sys.stderr)
            return 1
        shutil.rmtree(where / str(number))
        print(f"{prior}: {said(counts)}", flush=True)
    where.rmdir()
    print(f"seed {seed}: no fault; {said(counts)}")
    return 0


def said(counts: Counter[str]) -> str:
    """The counts in a line."""
    kills = ", ".join(f"{counts[name]} {name}" for name in KINDS)
    return (
        f"{sum(counts[name] for name in KINDS)} kills ({kills}); the folder opened {counts['opened']} times, "
        f"{counts['resumed']} times a training went on, {counts['compared']} comparisons with no kill"
    )


if __name__ == "__main__":
    sys.exit(main())
