"""Every way in which a checkpoint can be bad is a CheckpointError of one line that names the file and what to do."""

import os
import pickle
import shutil
from functools import partial

import pytest

from tests.checkpoints.refusing import TENSORS, refused
from tests.small_runs import rewrite_json
from vampcore.checkpoints import CheckpointError, load, read_description, read_metrics
from vampcore.checkpoints.plain_files import one_line
from vampcore.checkpoints.reading import read_bytes

READ = (*TENSORS, "config.json", "metrics.json", "history.csv")


def put(fields: dict, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for name in parents:
        fields = fields[int(name)] if name.isdigit() else fields[name]
    fields[int(last) if last.isdigit() else last] = value


class TestEveryFile:
    @pytest.mark.parametrize("file", READ)
    def test_missing(self, folder, file):
        (folder / file).unlink()
        missing = "is missing: name the folder of a checkpoint, or restore it"
        refused(folder, file, missing if file == "config.json" else "cannot be read (No such file or directory)")

    @pytest.mark.parametrize("file", READ)
    @pytest.mark.parametrize("kept", [0, -9])
    def test_truncated(self, folder, file, kept):
        (folder / file).write_bytes((folder / file).read_bytes()[:kept])
        refused(folder, file, {"history.csv": ""}.get(file, "is truncated or not "))

    @pytest.mark.parametrize("file", READ)
    @pytest.mark.parametrize("content", [pickle.dumps({"a": 1}), b"\0" * 100], ids=["pickle", "zeros"])
    def test_foreign(self, folder, file, content):
        (folder / file).write_bytes(content)
        refused(folder, file, "")

    @pytest.mark.parametrize("file", READ)
    def test_a_folder_in_its_place(self, folder, file):
        (folder / file).unlink()
        (folder / file).mkdir()
        refused(folder, file, "is not a regular file of at most")

    @pytest.mark.parametrize("file", READ)
    def test_a_pipe_or_a_device_that_never_ends(self, folder, file):
        (folder / file).unlink()
        os.mkfifo(folder / file)
        refused(folder, file, "is not a regular file of at most")
        (folder / file).unlink()
        (folder / file).symlink_to("/dev/zero")
        refused(folder, file, "is not a regular file of at most")

    def test_no_folder(self, tmp_path):
        refused(tmp_path / "none", "config.json", "is missing: name the folder of a checkpoint")

    def test_a_sparse_giant_is_not_read(self, folder):
        with (folder / "weights.safetensors").open("r+b") as file:
            file.truncate(2**32)
        refused(folder, "weights.safetensors", "is not a regular file of at most")
        with pytest.raises(CheckpointError, match="at most 10 bytes"):
            read_bytes(folder, "config.json", 10)

    def test_a_card_that_is_missing_harms_nobody(self, folder):
        (folder / "README.md").unlink()
        assert load(folder).metrics


class TestJson:
    @pytest.mark.parametrize("file", ["config.json", "metrics.json"])
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("[" * 100_000, "is truncated or not JSON"),
            ('{"a":' * 100_000, "is truncated or not JSON"),
            ('{"format":' + "1" * 5000 + "}", "is truncated or not JSON"),
            ('{"format": 18446744073709551616}', "is truncated or not JSON"),
            ("[1]", "is not of a vampcore checkpoint"),
            ("{}", "is not of a vampcore checkpoint"),
            ('{"format": true}', "is not of a vampcore checkpoint"),
            ('{"format": "1"}', "is not of a vampcore checkpoint"),
            ('{"format": 1.0}', "is not of a vampcore checkpoint"),
            ('{"format": 0}', "is not of a vampcore checkpoint"),
            ('{"format": 3}', "has format 3, this vampcore reads up to 2: upgrade it"),
        ],
    )
    def test_that_is_none_of_ours(self, folder, file, content, said):
        (folder / file).write_text(content)
        refused(folder, file, said)

    @pytest.mark.parametrize(
        ("path", "value", "said"),
        [
            ("more", 1, "is not of a vampcore checkpoint"),
            ("config.temperature", 1, "unknown key 'temperature' in config: written by another version? Upgrade"),
            ("config.a\nb", 1, "unknown key 'a\\nb'"),
            ("config." + "k" * 100_000, 1, "unknown key 'kkk"),
            ("config.hidden", "16", "hidden is '16'; it must be of type int"),
            ("config.hidden", 16.0, "hidden is 16.0"),
            ("config.prior", "flow", "prior is 'flow'; choose one of sg"),
            ("config.experiment", "../../etc", "experiment is '../../etc'"),
            ("config.learning_rate", float("nan"), "learning_rate is nan"),
            ("config.epochs", -1, "epochs is -1"),
            ("config", None, "config must be a JSON object"),
            ("observation", [], "observation must be a JSON object"),
            ("observation.shape", [1, 8], "cannot be"),
            ("observation.shape", [1, 10**9, 8], "cannot be"),
            ("observation.classes", [1], "classes must be a list of names"),
            ("progress", [1], "progress must have exactly"),
            ("progress.more", 1, "progress must have exactly"),
            ("progress.epochs", True, "progress must have exactly"),
            ("progress.epochs", -5, "progress must have a best_epoch from 1 to epochs"),
            ("progress.epochs", 10**8, "progress must have a best_epoch from 1 to epochs, 100000 at most"),
            ("progress.best_epoch", 4, "progress must have a best_epoch from 1 to epochs"),
            ("progress.best_epoch", 0, "progress must have a best_epoch from 1 to epochs"),
            ("config.epochs", 10**8, "epochs is 100000000; a run has 100000 at most"),
            ("config.data", "npz:\ud800", "is truncated or not JSON"),
        ],
    )
    def test_configurations(self, folder, path, value, said):
        rewrite_json(folder / "config.json", partial(put, path=path, value=value))
        # What is wrong is named before what to do; every refusal of a configuration says what would be right.
        with pytest.raises(CheckpointError) as caught:
            read_description(folder)
        assert said in str(caught.value)
        assert str(caught.value).startswith(str(folder / "config.json"))
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < len(str(folder)) + 400

    @pytest.mark.parametrize(
        ("path", "value", "said"),
        [
            ("entries", {}, "a list of at most 1000 entries: evaluate"),
            ("entries.0", 3, "a metric has exactly the keys"),
            ("entries.0.more", 3, "a metric has exactly the keys"),
            ("entries.0.value", float("nan"), "value of the metric 'elbo' is not a finite number"),
            ("entries.0.se", float("inf"), "se of the metric 'elbo' is not a finite number"),
            ("entries.0.value", "-300", "not of the right type"),
            ("entries.0.value", None, "not of the right type"),
            ("entries.0.n", 1.5, "not of the right type"),
            ("entries.0.value", 10**400, "is truncated or not JSON"),
        ],
    )
    def test_metrics(self, folder, path, value, said):
        rewrite_json(folder / "metrics.json", partial(put, path=path, value=value))
        refused(folder, "metrics.json", said, read_metrics)
        refused(folder, "metrics.json", said)


class TestSizes:
    """A configuration costs nothing before its sizes have been held against the files."""

    @pytest.mark.parametrize("prior", ["vamp", "mog", "vamp-data", "exemplar"])
    @pytest.mark.parametrize("field", ["components", "hidden", "latent_dim"])
    @pytest.mark.parametrize("size", [10**9, 2**62])
    def test_of_another_model(self, family, tmp_path, prior, field, size):
        folder = tmp_path / prior
        shutil.copytree(family / "small" / prior, folder)
        rewrite_json(folder / "config.json", lambda fields: fields["config"].update({field: size}))
        with pytest.raises(CheckpointError) as caught:
            load(folder)
        message = str(caught.value)
        said = ("belongs to another model, restore it", "larger than any: restore it", f"{field} is {size}; a run has")
        assert any(each in message for each in said)
        assert "\n" not in message

    @pytest.mark.parametrize("layers", [2, 10**9])
    def test_of_more_layers(self, folder, layers):
        rewrite_json(folder / "config.json", lambda fields: fields["config"].update(layers=layers))
        with pytest.raises(CheckpointError, match=r"lacks encoder\.body\.1|a model that is larger than any"):
            load(folder)

    def test_of_larger_images(self, folder):
        rewrite_json(folder / "config.json", lambda fields: fields["observation"].update(shape=[3, 4096, 4096]))
        refused(folder, "weights.safetensors", "its config asks for")


class TestHistory:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda rows: [], "the columns are not those of a history"),
            (lambda rows: ["epoch,loss", *rows[1:]], "the columns are not those of a history"),
            (lambda rows: [*rows[:-1], rows[-1][:20]], "a row is cut off"),
            (lambda rows: [*rows, "1,2"], "a row is cut off"),
            (lambda rows: rows[:-1], "it does not hold epochs 1 to 3"),
            (lambda rows: [rows[0], *rows[:0:-1]], "it does not hold epochs 1 to 3"),
            (lambda rows: [rows[0], ",".join(["1"] + ["nan"] * 8 + ["0", "1.0", "0.1"])], "a value is not finite"),
            (lambda rows: [rows[0], ",".join(["1"] + ["inf"] * 8 + ["0", "1.0", "0.1"])], "a value is not finite"),
            (lambda rows: [rows[0], ",".join(["1.5"] + ["0.1"] * 8 + ["0", "1.0", "0.1"])], "invalid literal for int"),
            (lambda rows: [rows[0], ",".join(["9" * 400] + ["0.1"] * 8 + ["0", "1.0", "0.1"])], ""),
            (lambda rows: [rows[0], "x" * 50_000 + ",1" * 11], "invalid literal for int"),
            (lambda rows: [*rows, "x" * 200_000], "field larger than field limit"),
            (lambda rows: [rows[0]] + rows[1:2] * 100_001, "it holds more than 100000 epochs"),
            (lambda rows: [rows[0], ",".join(["1", "1.5"] + ["0.1"] * 7 + ["0", "1.0", "0.1"])], "out of its range"),
            (lambda rows: [rows[0], ",".join(["1", "1", "-1"] + ["0.1"] * 6 + ["0", "1", "0"])], "out of its range"),
            (lambda rows: [rows[0], ",".join(["1"] + ["0.1"] * 8 + ["-7", "1.0", "0.1"])], "out of its range"),
            (lambda rows: [rows[0], ",".join(["1"] + ["0.1"] * 8 + ["0", "-1.0", "0.1"])], "out of its range"),
        ],
    )
    def test_that_is_damaged(self, folder, change, said):
        rows = (folder / "history.csv").read_text().splitlines()
        (folder / "history.csv").write_text("\n".join(change(rows)) + "\n")
        refused(folder, "history.csv", said)

    def test_of_two_gigabytes_is_not_read(self, folder):
        with (folder / "history.csv").open("r+b") as file:
            file.truncate(1900 * 2**20)
        refused(folder, "history.csv", "is not a regular file of at most 33554432 bytes")

    def test_cut_within_its_last_number(self, folder):
        content = (folder / "history.csv").read_bytes()
        (folder / "history.csv").write_bytes(content[:-3])
        refused(folder, "history.csv", "a row is cut off")


def test_what_a_file_says_is_put_on_one_short_line():
    assert one_line("a\nb\r\n\tc") == "a b c"
    assert one_line("x" * 500) == "x" * 200 + "..."
