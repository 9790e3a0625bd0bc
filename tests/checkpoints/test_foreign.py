"""Models that another program trained are described as what they are."""

import json

import pytest

from vampcore.checkpoints import CheckpointError
from vampcore.commands import main


@pytest.mark.parametrize("file", ["pytorch_model.bin", "model.safetensors", "vae.pt", "last.ckpt", "model.onnx"])
@pytest.mark.parametrize("with_config", [True, False])
def test_a_folder_of_another_program(file, with_config, tmp_path, capsys):
    (tmp_path / file).write_bytes(b"x")
    if with_config:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit", "hidden_size": 768}))
    assert main(["evaluate", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"error: {tmp_path} holds {file!r}, a model of another program: vampcore opens only models that it trained"
    )


def test_a_file(tmp_path, capsys):
    (tmp_path / "vae.pt").write_bytes(b"x")
    assert main(["sample", str(tmp_path / "vae.pt"), "--out", str(tmp_path / "a.png")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("vae.pt' is a file, not the folder of a checkpoint that vampcore trained")


def test_a_checkpoint_that_lost_a_file_is_still_ours(folder):
    from vampcore.checkpoints import load

    (folder / "notes.pt").write_bytes(b"mine")
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load(folder)
