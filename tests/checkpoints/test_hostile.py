"""Checkpoints made to cost memory or time, or to break a terminal: each command refuses them with one line.

Each is tried as its files stand and with a manifest that was written for them.
"""

import os
from functools import partial

import pytest

from tests.small_runs import rewrite_json, seal
from vampcore.checkpoints.plain_files import MOST_BYTES
from vampcore.commands import main


def progress(folder, **changes):
    rewrite_json(folder / "config.json", lambda fields: fields["progress"].update(changes))


def configured(folder, **changes):
    rewrite_json(folder / "config.json", lambda fields: fields["config"].update(changes))


def sparse(folder, name, size):
    os.truncate(folder / name, size)


def repeated(folder, name, content, times):
    (folder / name).write_bytes(content * times)


def pipe(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)


def endless(folder, name):
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")


CASES = {
    "epochs-1e8": partial(progress, epochs=10**8),
    "epochs-1e12": partial(progress, epochs=10**12),
    "epochs-to-train-1e12": partial(configured, epochs=10**12),
    "data-surrogate": partial(configured, data="npz:\ud800"),
    "history-1.9GB": partial(sparse, name="history.csv", size=1900 << 20),
    "metrics-1.9GB": partial(sparse, name="metrics.json", size=1900 << 20),
    "config-1.9GB": partial(sparse, name="config.json", size=1900 << 20),
    "manifest-1.9GB": partial(sparse, name="manifest.json", size=1900 << 20),
    "weights-1.9GB": partial(sparse, name="weights.safetensors", size=1900 << 20),
    "history-of-2e6-rows": partial(repeated, name="history.csv", content=b"1\n", times=2 * 10**6),
    "pipe-weights": partial(pipe, name="weights.safetensors"),
    "pipe-config": partial(pipe, name="config.json"),
    "pipe-manifest": partial(pipe, name="manifest.json"),
    "device-latents": partial(endless, name="latents.safetensors"),
    "device-manifest": partial(endless, name="manifest.json"),
    "deep-metrics": partial(repeated, name="metrics.json", content=b"[", times=100_000),
}
LEFT_AS_THEY_STAND = {name for name in CASES if name.startswith(("pipe", "device"))} | {"manifest-1.9GB"}


@pytest.mark.parametrize("resealed", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_each_command_says_one_line(case, resealed, sealed, tmp_path, capsys):
    CASES[case](sealed)
    if resealed and case in LEFT_AS_THEY_STAND:
        pytest.skip("no manifest can be written for it")
    if resealed and "1.9GB" not in case:
        seal(sealed)
    name = str(sealed)
    for arguments in (
        ["evaluate", name, "--samples", "0", "--limit", "2"],
        ["sample", name, "--out", str(tmp_path / "a.png")],
        ["train", "--like", name, "--out", str(tmp_path / "new")],
        ["reduce", name, "--images", "2", "--out", str(tmp_path / "less")],
        ["upgrade", name],
    ):
        assert main(arguments) == 1, arguments
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert len(line) < len(name) + 400
    assert not (tmp_path / "a.png").exists()
    assert not (tmp_path / "less").exists()


def test_a_size_in_the_manifest_has_a_limit_too(sealed):
    from tests.checkpoints.refusing import refused

    rewrite_json_as_written(sealed, MOST_BYTES + 1)
    refused(sealed, "manifest.json", "does not give the size and SHA-256")


def rewrite_json_as_written(folder, size):
    import json

    from vampcore.config import dumps

    fields = json.loads((folder / "manifest.json").read_text())
    fields["files"]["weights.safetensors"]["size"] = size
    (folder / "manifest.json").write_text(dumps(fields))
