"""The command for all that waits for a GPU, tried out on a CPU: pieces are done once, and all is in one archive."""

import json
import tarfile
from typing import NamedTuple

import numpy as np
import pytest
import torch

from app.services.compare import LIVE_ROWS
from benchmarks.gpu import inference, training
from benchmarks.gpu.__main__ import PARTS, main
from benchmarks.gpu.archive import ARCHIVE, REPORT, pack, unpack
from benchmarks.gpu.job import Job, Outcome, Part, Piece, read_results, run_part
from vampcore.checkpoints import load

BY_NAME = {part.name: part for part in PARTS}
LATE = float("inf")


class Number(NamedTuple):
    number: int


def small(folder, part):
    return Job("cpu", folder / part, LATE, small=True)


def figures(folder, part):
    return {name: found["figures"] for name, found in read_results(folder / part).items()}


class TestPieces:
    def test_what_is_done_is_not_done_again_and_what_failed_is(self, tmp_path):
        done = []

        def fails_once():
            done.append("b")
            if done.count("b") == 1:
                raise ValueError("not yet")
            return Outcome(Number(2))

        def first():
            done.append("a")
            return Outcome(Number(1))

        part = Part("part", "Two.", lambda job: iter((Piece("a", first), Piece("b", fails_once))))
        with pytest.raises(ValueError, match="not yet"):
            run_part(part, small(tmp_path, "part"))
        assert figures(tmp_path, "part") == {"a": {"number": 1}}
        assert run_part(part, small(tmp_path, "part"))
        assert done == ["a", "b", "b"]
        assert figures(tmp_path, "part") == {"a": {"number": 1}, "b": {"number": 2}}

    def test_one_that_goes_on_is_kept_as_it_is_and_run_again(self, tmp_path):
        numbers = iter((1, 2))

        def counts():
            number = next(numbers)
            return Outcome(Number(number), finished=number == 2)

        part = Part("part", "One.", lambda job: iter((Piece("a", counts),)))
        assert not run_part(part, small(tmp_path, "part"))
        assert figures(tmp_path, "part") == {"a": {"number": 1}}
        assert run_part(part, small(tmp_path, "part"))
        assert run_part(part, small(tmp_path, "part"))
        assert figures(tmp_path, "part") == {"a": {"number": 2}}

    def test_none_begins_after_the_time(self, tmp_path):
        part = Part("part", "One.", lambda job: iter((Piece("a", pytest.fail),)))
        assert not run_part(part, Job("cpu", tmp_path / "part", ends=0.0))

    def test_a_part_without_a_piece_yet_is_not_finished(self, tmp_path):
        assert not run_part(BY_NAME["likelihood"], small(tmp_path, "likelihood"))


class TestParts:
    def test_the_captured_step_and_the_eager_one_give_one_curve(self, tmp_path):
        assert run_part(BY_NAME["captured"], small(tmp_path, "captured"))
        (found,) = figures(tmp_path, "captured").values()
        assert len(found["eager"]) == 6
        assert found["same"]
        assert found["captured"] == pytest.approx(found["eager"], rel=1e-3)
        assert min(found["eager_ms"], found["captured_ms"]) > 0

    def test_an_epoch_against_its_floors(self, tmp_path, monkeypatch):
        monkeypatch.setattr("benchmarks.gpu.epoch.COPIED", 2**12)
        assert run_part(BY_NAME["epoch"], small(tmp_path, "epoch"))
        (found,) = figures(tmp_path, "epoch").values()
        assert found["kernels"] > 100
        assert found["time"].split()[1] in ("ms", "s")
        assert float(found["over_launch_floor"].split()[0].replace(",", "")) > 1
        assert float(found["over_bandwidth_floor"].split()[0].replace(",", "")) > 0

    def test_the_pages_compute_the_same_on_both_devices(self, tmp_path):
        assert run_part(BY_NAME["pages"], small(tmp_path, "pages"))
        found = figures(tmp_path, "pages")
        assert [each["numbers"] for each in found.values()] == [4 * 64, 100, 4 + len(LIVE_ROWS)]
        assert all(each["same"] and each["largest_difference"] == 0 for each in found.values())  # one device

    def test_what_differs_is_said_to_differ(self, tmp_path, monkeypatch):
        shares = iter((0.2,) * 7 + (0.8,))  # the last call is the CPU's
        monkeypatch.setitem(inference.COMPUTED, "decode", (lambda ref, size, seed: np.array([next(shares)]), 0.1))
        found, _ = inference.compared(inference.SMALL_MODEL, "decode", small(tmp_path, "pages"))
        assert found.largest_difference == pytest.approx(0.6)
        assert not found.same

    def test_importance_sampling_agrees_with_the_cpu(self, tmp_path):
        assert run_part(BY_NAME["sampling"], small(tmp_path, "sampling"))
        (found,) = figures(tmp_path, "sampling").values()
        assert found["samples_per_second"] > 0
        assert 0 < found["se"] < 5
        assert abs(found["difference"]) < 5 * found["se"]
        assert found["same"] == (abs(found["difference"]) <= 3 * found["se"])


class Stopping(Job):
    """Its time is over at the second step of the second epoch."""

    def out_of_time(self, reserve=0.0):
        self.__dict__["asked"] = self.__dict__.get("asked", 0) + 1
        return self.__dict__["asked"] > 4  # before the piece, before its first step, after each of two steps an epoch


class TestTraining:
    @pytest.mark.parametrize(("model", "prior"), [("convhvae", "vamp"), ("pixelhvae", "sg")])
    def test_goes_on_where_it_was_and_ends_as_if_it_had_not_stopped(self, model, prior, tmp_path):
        part = BY_NAME[f"{model}-{prior}"]
        assert not run_part(part, Stopping("cpu", tmp_path / part.name, LATE, small=True))
        stopped = figures(tmp_path, part.name)["training"]
        assert (stopped["epochs"], stopped["converged"]) == (1, False)
        assert run_part(part, small(tmp_path, part.name))
        found = figures(tmp_path, part.name)["training"]
        assert found["epochs"] == 2
        assert {name for name, *_ in found["test"]} >= {"elbo", "kl"}
        assert run_part(part, small(tmp_path / "alone", part.name))
        runs = [training.run_folder(folder, model, prior) for folder in (tmp_path, tmp_path / "alone")]
        assert load(runs[0]).sha256 == load(runs[1]).sha256
        assert found["validation_elbo"] == figures(tmp_path / "alone", part.name)["training"]["validation_elbo"]

    def test_log_likelihood_is_of_what_is_trained(self, tmp_path):
        assert run_part(BY_NAME["convhvae-sg"], small(tmp_path, "convhvae-sg"))
        assert run_part(BY_NAME["likelihood"], small(tmp_path, "likelihood"))
        (block,) = figures(tmp_path, "likelihood").values()
        assert block["checkpoint"] == load(training.run_folder(tmp_path, "convhvae", "sg")).sha256
        assert len(block["rows"]) == len(block["log_likelihood"]) == 4
        assert all(1 <= ess <= 10 for ess in block["ess"])


class TestCommand:
    def test_parts_run_and_all_is_in_one_archive(self, tmp_path, capsys):
        assert main(["--device", "cpu", "--small", "--out", str(tmp_path), "--part", "convhvae-sg"]) == 0
        assert "convhvae-sg: finished" in capsys.readouterr().out
        with tarfile.open(tmp_path / ARCHIVE) as file:
            names = set(file.getnames())
        assert {REPORT, "convhvae-sg/results.json", "convhvae-sg/run/state.safetensors"} <= names
        said = (tmp_path / REPORT).read_text()
        assert "small sizes: no figure to publish" in said
        assert "## likelihood" in said

    def test_another_machine_goes_on_from_the_archive(self, tmp_path):
        (tmp_path / "one" / "captured").mkdir(parents=True)
        (tmp_path / "one" / "captured" / "results.json").write_text(json.dumps({}))
        archive = pack(tmp_path / "one", PARTS)
        (tmp_path / "two").mkdir()
        archive.rename(tmp_path / "two" / ARCHIVE)
        unpack(tmp_path / "two")
        assert read_results(tmp_path / "two" / "captured") == {}
        (tmp_path / "two" / "captured" / "results.json").write_text('{"later": 1}')
        unpack(tmp_path / "two")
        assert read_results(tmp_path / "two" / "captured") == {"later": 1}

    def test_without_a_gpu_one_line_says_how_to_try_it_out(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(SystemExit) as ended:
            main(["--out", str(tmp_path / "out")])
        assert ended.value.code == 2
        assert "no CUDA GPU was found: --device cpu --small" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_without_the_data_set_one_line_says_which(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
        assert main(["--device", "cpu", "--out", str(tmp_path / "out"), "--part", "convhvae-sg"]) == 1
        (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
        assert "static_mnist" in line

    def test_several_parts_are_processes_of_their_own(self, tmp_path, monkeypatch):
        ran = []

        class Ended:
            def __init__(self, command):
                self.returncode = int(command[-1] == "captured")

        monkeypatch.setattr(
            "benchmarks.gpu.__main__.subprocess.run", lambda command, **_: ran.append(command) or Ended(command)
        )
        named = ["--device", "cpu", "--small", "--out", str(tmp_path), "--minutes", "3", "--part", "captured", "epoch"]
        assert main(named) == 1
        assert [command[-1] for command in ran] == ["captured", "epoch"]
        assert all("--small" in command and command[command.index("--minutes") + 1] == "3.0" for command in ran)
