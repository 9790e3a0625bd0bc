"""Tables in TOML: what rows say, and one line for everything that they must not."""

import os
from pathlib import Path

import pytest

from tests.results.tables import TINY, write_table
from vampcore.config import Config
from vampcore.results import Estimate, Table, TableError, read_table

ROOT = Path(__file__).resolve().parents[2]


def test_a_row_overrides_the_defaults_and_these_the_configurations(tmp_path):
    table = read_table(write_table(tmp_path, 'prior = "sg"', 'prior = "mog"\nlatent_dim = 2\nlearning_rate = 1'))
    tiny = {"data": "digits", "experiment": "tiny", "likelihood": "binomial", "components": 4, "hidden": 8, "layers": 1}
    tiny |= {"epochs": 3, "warmup": 1, "batch_size": 400}
    assert table == Table(
        "table",
        (Config(prior="sg", latent_dim=3, **tiny), Config(prior="mog", latent_dim=2, learning_rate=1.0, **tiny)),
    )


def test_an_experiment_and_a_likelihood_that_are_not_named(tmp_path):
    (row,) = read_table(write_table(tmp_path, 'data = "digits"\nlatent_dim = 5', defaults='title = "T"\n')).rows
    assert (row.experiment, row.likelihood) == ("digits-5d", "binomial")


def test_how_the_likelihood_is_estimated(tmp_path):
    row = 'prior = "sg"'
    assert read_table(write_table(tmp_path, row)).estimate == Estimate(samples=5000, images=None)
    assert read_table(write_table(tmp_path, row, defaults="samples = 7\nimages = 20\n" + TINY)).estimate == Estimate(
        7, 20
    )


@pytest.mark.parametrize(
    ("rows", "defaults", "message"),
    [
        ((), TINY, r"a table has `title` \(text\), \[defaults\] and one \[\[row\]\] a model"),
        (('prior = "sg"',), "", "row 1 names no data set; give `data`"),
        (('prior = "sg"', 'priors = "sg"'), TINY, "row 2: 'priors' is unknown; use data, experiment, "),
        (('prior = "sg"\nlatent_dim = 2.5',), TINY, "row 1: latent_dim is 2.5; it must be of type int"),
        (('prior = "sg"\nlatent_dim = true',), TINY, "row 1: latent_dim is True; it must be of type int"),
        (
            ('prior = "sg"\nmodel = 5',),
            'title = "T"\n[defaults]\ndata = "digits"\n',
            "row 1: model is 5; it must be of type str",
        ),
        (('prior = "gauss"',), TINY, "row 1: prior is 'gauss'; choose one of sg, "),
        (('prior = "sg"\nexperiment = "../up"',), TINY, "row 1: experiment is '../up'; use letters"),
        (('prior = "sg"\ndata = "imagenet"',), TINY, "row 1: data set 'imagenet' is unknown; use one of digits"),
        (('prior = "sg"', 'prior = "sg"\nseed = 1'), TINY, "2 rows have the folder tiny/sg; give each an `experiment`"),
        (('prior = "sg',), TINY, "is not valid TOML .*: correct it"),
        (('prior = "sg"',), "rows = 1\n" + TINY, "'rows' is unknown"),
        (('prior = "sg"',), "title = 1\n" + TINY, "title is 1; it must be one line of text"),
        (('prior = "sg"',), "samples = 0\n" + TINY, "samples is 0; it must be a whole number, 1 or more"),
        (('prior = "sg"',), "samples = true\n" + TINY, "samples is True; it must be a whole number"),
        (('prior = "sg"',), 'images = "all"\n' + TINY, "images is 'all'; it must be a whole number, 2 or more"),
        (('prior = "sg"',), "images = 1\n" + TINY, "images is 1; it must be a whole number, 2 or more"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_hint(tmp_path, rows, defaults, message):
    with pytest.raises(TableError, match=message) as caught:
        read_table(write_table(tmp_path, *rows, defaults=defaults))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


def test_no_file(tmp_path):
    with pytest.raises(TableError, match="cannot be read"):
        read_table(tmp_path / "none.toml")


@pytest.mark.parametrize("path", sorted((ROOT / "results").glob("*.toml")), ids=lambda path: path.stem)
def test_the_tables_of_the_repository_are_sound(path):
    table = read_table(path)
    assert table.title
    assert len({(row.experiment, row.prior) for row in table.rows}) == len(table.rows) >= 1


class TestHostileFiles:
    def refusal(self, path: Path) -> str:
        with pytest.raises(TableError) as refused:
            read_table(path)
        said = str(refused.value)
        assert "\n" not in said
        assert len(said) < 500
        return said

    def test_brackets_nested_deep(self, tmp_path):
        (tmp_path / "deep.toml").write_text("a=" + "[" * 5000 + "]" * 5000)
        assert "nested too deep" in self.refusal(tmp_path / "deep.toml")

    def test_a_pipe_and_a_device_are_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.toml")
        for path in (tmp_path / "pipe.toml", Path("/dev/zero"), tmp_path):
            assert "is not a regular file of at most 1 MiB" in self.refusal(path)

    def test_a_large_file_is_not_read(self, tmp_path):
        (tmp_path / "large.toml").touch()
        os.truncate(tmp_path / "large.toml", 2**30)
        assert "is not a regular file of at most 1 MiB" in self.refusal(tmp_path / "large.toml")

    def test_a_name_with_a_nul(self):
        assert "NUL" in self.refusal(Path("a\0b.toml"))

    def test_a_key_of_a_hundred_thousand_letters_is_cut(self, tmp_path):
        (tmp_path / "long.toml").write_text("x" * 100_000 + " = 1\n" + "x" * 100_000 + " = 2\n")
        self.refusal(tmp_path / "long.toml")

    @pytest.mark.parametrize("title", ['"two\\nlines"', '""', f'"{"x" * 300}"'])
    def test_a_title_is_one_line(self, tmp_path, title):
        table = write_table(tmp_path, 'prior = "sg"')
        table.write_text(f"title = {title}\n" + table.read_text())
        assert "title" in self.refusal(table)
