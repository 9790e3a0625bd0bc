"""The command for all that waits for a GPU, tried out on a CPU: pieces are done once, and all is in one report."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from app.services.compare import LIVE_ROWS
from benchmarks.gpu import inference
from benchmarks.gpu.__main__ import PARTS, main
from benchmarks.gpu.job import REPORT, Job, Part, Piece, read_results, run_part

BY_NAME = {part.name: part for part in PARTS}


class Number(NamedTuple):
    number: int


def small(folder, part):
    return Job("cpu", folder / part, small=True)


def figures(folder, part):
    return {name: found["figures"] for name, found in read_results(folder / part).items()}


def test_what_is_done_is_not_done_again_and_what_failed_is(tmp_path):
    done = []

    def fails_once():
        done.append("b")
        if done.count("b") == 1:
            raise ValueError("not yet")
        return Number(2)

    def first():
        done.append("a")
        return Number(1)

    part = Part("part", "Two.", lambda job: iter((Piece("a", first), Piece("b", fails_once))))
    with pytest.raises(ValueError, match="not yet"):
        run_part(part, small(tmp_path, "part"))
    assert figures(tmp_path, "part") == {"a": {"number": 1}}
    run_part(part, small(tmp_path, "part"))
    assert done == ["a", "b", "b"]
    assert figures(tmp_path, "part") == {"a": {"number": 1}, "b": {"number": 2}}


class TestParts:
    def test_an_epoch_against_its_floors(self, tmp_path, monkeypatch):
        monkeypatch.setattr("benchmarks.gpu.epoch.COPIED", 2**12)
        run_part(BY_NAME["epoch"], small(tmp_path, "epoch"))
        (found,) = figures(tmp_path, "epoch").values()
        assert found["kernels"] > 100
        assert found["time"].split()[1] in ("ms", "s")
        assert float(found["over_launch_floor"].split()[0].replace(",", "")) > 1
        assert float(found["over_bandwidth_floor"].split()[0].replace(",", "")) > 0

    def test_the_pages_compute_the_same_on_both_devices(self, tmp_path):
        run_part(BY_NAME["pages"], small(tmp_path, "pages"))
        found = figures(tmp_path, "pages")
        assert [each["numbers"] for each in found.values()] == [4 * 64, 100, 4 + len(LIVE_ROWS)]
        assert all(each["same"] and each["largest_difference"] == 0 for each in found.values())  # one device

    def test_what_differs_is_said_to_differ(self, tmp_path, monkeypatch):
        shares = iter((0.2,) * 7 + (0.8,))  # the last call is the CPU's
        monkeypatch.setitem(inference.COMPUTED, "decode", (lambda ref, size, seed: np.array([next(shares)]), 0.1))
        found = inference.compared(inference.SMALL_MODEL, "decode", small(tmp_path, "pages"))
        assert found.largest_difference == pytest.approx(0.6)
        assert not found.same

    def test_importance_sampling_agrees_with_the_cpu(self, tmp_path):
        run_part(BY_NAME["sampling"], small(tmp_path, "sampling"))
        (found,) = figures(tmp_path, "sampling").values()
        assert found["samples_per_second"] > 0
        assert 0 < found["se"] < 5
        assert abs(found["difference"]) < 5 * found["se"]
        assert found["same"] == (abs(found["difference"]) <= 3 * found["se"])


class TestCommand:
    def test_the_captured_step_and_the_eager_one_give_one_curve(self, tmp_path, capsys):
        assert main(["--device", "cpu", "--small", "--out", str(tmp_path), "--part", "captured"]) == 0
        assert "captured: finished" in capsys.readouterr().out
        (found,) = figures(tmp_path, "captured").values()
        assert len(found["eager"]) == 6
        assert found["same"]
        assert found["captured"] == pytest.approx(found["eager"], rel=1e-3)
        assert min(found["eager_ms"], found["captured_ms"]) > 0
        said = (tmp_path / REPORT).read_text()
        assert "small sizes: no figure to publish" in said
        assert f"largest_difference {found['largest_difference']:.6g}" in said
        assert "## epoch\n\nAn epoch against its floors.\n\nNot begun." in said

    def test_without_a_gpu_one_line_says_how_to_try_it_out(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(SystemExit) as ended:
            main(["--out", str(tmp_path / "out")])
        assert ended.value.code == 2
        assert "no CUDA GPU was found: --device cpu --small" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_several_parts_are_processes_of_their_own(self, tmp_path, monkeypatch):
        ran = []

        class Ended:
            def __init__(self, command):
                self.returncode = int(command[-1] == "captured")

        monkeypatch.setattr(
            "benchmarks.gpu.__main__.subprocess.run", lambda command, **_: ran.append(command) or Ended(command)
        )
        assert main(["--device", "cpu", "--small", "--out", str(tmp_path), "--part", "captured", "epoch"]) == 1
        assert [command[-1] for command in ran] == ["captured", "epoch"]
        assert all("--small" in command for command in ran)
