"""Several processes train as one: the same curve, one checkpoint, and a state that any number of them goes on from."""

import json

import pytest

from tests.processes import run_together
from tests.small_runs import FILES, RUN_FILES, config, few_digits, train
from vampcore.checkpoints import load
from vampcore.training import Processes, fit

SCRIPT = """
import json, sys
from pathlib import Path
from tests.small_runs import config, few_digits
from vampcore.training import Processes, fit

folder, epochs, resume, prior = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "resume", sys.argv[4]
processes = Processes()
settings = config(prior, epochs=4, batch_size=60)
records = []
enough = lambda: len(records) == epochs
for record in fit(settings, few_digits(), folder, resume=resume, processes=processes, stop=enough):
    records.append(record.validation_elbo)
(folder.parent / f"curve{processes.rank}.json").write_text(json.dumps(records))
processes.end()
"""


def curve(folder, rank=0):
    return json.loads((folder / f"curve{rank}.json").read_text())


class TestAlone:
    def test_is_first_and_has_everything(self):
        alone = Processes()
        assert (alone.rank, alone.count, alone.first) == (0, 1, True)
        assert alone.share(7) == slice(0, 7)
        assert alone.any(True)
        assert not alone.any(False)

    @pytest.mark.parametrize("count", [1, 2, 3, 7])
    @pytest.mark.parametrize("rows", [1, 6, 100, 101])
    def test_shares_are_even_and_leave_nothing_out(self, count, rows):
        everyone = Processes()
        everyone.count = count
        found = []
        for everyone.rank in range(count):
            found.append(range(rows)[everyone.share(rows)])
        assert [row for part in found for row in part] == list(range(rows))
        assert max(map(len, found)) - min(map(len, found)) <= 1


class TestTwo:
    @pytest.mark.parametrize("prior", ["vamp", "exemplar"])
    def test_train_to_the_curve_of_one(self, prior, tmp_path):
        run_together(2, tmp_path, SCRIPT, str(tmp_path / "run"), "4", "new", prior, torchrun=prior == "vamp")
        alone = [record.validation_elbo for record in train(config(prior, epochs=4, batch_size=60), tmp_path / "one")]
        assert curve(tmp_path) == curve(tmp_path, 1) == pytest.approx(alone, rel=1e-4)
        assert {path.name for path in (tmp_path / "run").iterdir()} == FILES | RUN_FILES
        assert load(tmp_path / "run").progress.epochs == 4

    def test_go_on_with_what_one_began_and_one_with_theirs(self, tmp_path):
        alone = [record.validation_elbo for record in train(config("mog", epochs=4, batch_size=60), tmp_path / "one")]
        run_together(2, tmp_path, SCRIPT, str(tmp_path / "run"), "2", "new", "mog")
        begun = curve(tmp_path)
        another = fit(config("mog", epochs=4, batch_size=60), few_digits(), tmp_path / "run", resume=True)
        begun.append(next(another).validation_elbo)
        another.close()
        run_together(2, tmp_path, SCRIPT, str(tmp_path / "run"), "4", "resume", "mog")
        assert [*begun, *curve(tmp_path)] == pytest.approx(alone, rel=1e-4)
        assert len(few_digits().train.images) % 60  # the last batch of an epoch was a smaller one
