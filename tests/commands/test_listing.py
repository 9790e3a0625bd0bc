"""`list`: what it prints of every checkpoint."""

import json

from tests.small_runs import PRIORS
from vampcore import zoo
from vampcore.commands import main

FIELDS = ["experiment", "prior", "path", "data", "model", "components", "latent_dims", "shape", "epochs", "converged"]
FIELDS += ["log_likelihood", "sha256", "posterior", "checked", "edited", "in_use"]


def test_json_has_the_promised_fields(family, monkeypatch, capsys):
    found = zoo.entries((family,))
    monkeypatch.setattr(zoo, "entries", lambda: found)
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [FIELDS] * len(PRIORS)
    assert {row["prior"]: row["components"] for row in rows}["sg"] == 1
    assert {row["prior"]: row["components"] for row in rows}["mog"] == 4


def test_a_broken_folder_is_named_and_the_others_are_listed(family, tmp_path, monkeypatch, capsys):
    broken = tmp_path / "bad" / "sg"
    broken.mkdir(parents=True)
    (broken / "config.json").write_text("{")
    found = zoo.entries((family, tmp_path))
    monkeypatch.setattr(zoo, "entries", lambda: found)
    assert main(["list"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == len(PRIORS)
    assert "truncated" in said.err
