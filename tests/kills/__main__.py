"""Kill training, saving and evaluating at random moments: `python -m tests.kills --times 100`.

A training from the command line is killed with `kill -9` again and again, at a random time or a few milliseconds after
its files changed, and goes on with `--resume` until it is done; then `evaluate --save` is killed in the same ways.
After each kill the folder opens, as far as it ever did, or the training goes on. At the end everything on disk but
times is, bit for bit, that of a run that was left alone. The seed is printed and gives the same draws; the moments
differ with the machine.

A command runs in a fork of this process, which has imported everything: starting anew takes longer than the training.
"""

import argparse
import itertools
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import torch

from tests.kills.comparing import STATE, Fault, compare, opened
from tests.kills.process import Ended, run
from vampcore import zoo
from vampcore.checkpoints import CheckpointError

PRIORS = ("sg", "mog", "vamp", "vamp-weighted", "exemplar")
OPTIONS = "--data digits --experiment killed --latent-dim 2 --hidden 16 --layers 1 --batch-size 100 --warmup 1"
EPOCHS, SAMPLES = 4, 20
MOST_KILLS = 8
"""Of one training before it is left alone; as often its evaluation is tried."""


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
