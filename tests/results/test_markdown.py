"""The report: every figure is a checkpoint's, with its error, and what is missing is said."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.results.tables import TINY, write_table
from vampcore import literature
from vampcore.checkpoints import load, save
from vampcore.config import Config
from vampcore.metrics import difference_estimate
from vampcore.results import Estimate, Table, cells, complete, markdown, read_table, report, write_report
from vampcore.results.cells import number, wall_time

SAMPLES = 3


def rows(text: str) -> list[dict[str, str]]:
    """Rows of the first table, by heading."""
    lines = [line for line in text.split("\n## ")[0].splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Two priors of one layer and a model of two layers, trained and measured; not to be written to."""
    root = tmp_path_factory.mktemp("report")
    for config in table_of(root).rows[:3]:
        complete(config, root / "runs", Estimate(SAMPLES), compile="off")
    return root


def table_of(folder: Path) -> Table:
    two_layers = 'model = "hvae"\nexperiment = "two"\nprior = "sg"\nobjective = "iwae"\nsamples = 5'
    rows = 'prior = "sg"', 'prior = "mog"', two_layers, 'prior = "vamp"'
    return read_table(write_table(folder, *rows, defaults=f"samples = {SAMPLES}\n{TINY}"))


def changed(root: Path, tmp_path: Path, **changes) -> tuple[Table, Path]:
    """A table of one row, whose checkpoint is another one's with changes."""
    found = load(root / "runs" / "tiny" / "sg")
    config = dataclasses.replace(found.config, **changes)
    save(dataclasses.replace(found, config=config), tmp_path / config.experiment / config.prior)
    return Table("T", (config,), Estimate(SAMPLES)), tmp_path


def test_figures_are_those_of_the_checkpoints(root):
    text = report(table_of(root), root / "runs")
    assert text.startswith("# table\n")
    sg, mog, two, vamp = rows(text)
    for row, name in ((sg, "tiny/sg"), (mog, "tiny/mog"), (two, "two/sg")):
        found = load(root / "runs" / name)
        for heading, metric in (
            ("test log p(x), S = 3", "log_likelihood"),
            ("ELBO", "elbo"),
            ("KL", "kl"),
            ("marginal KL", "marginal_kl"),
        ):
            assert row[heading] == number(found.metric(metric).value, found.metric(metric).se)
        information = found.metric("mutual_information")
        share = f"{information.value / math.log(300):.0%} of log N"
        assert row["mutual information"] == f"{number(information.value, information.se)} ({share})"
        assert (row["epochs"], row["device"], row["seed"]) == ("3, not converged", "cpu", "0 (one seed)")
        assert row["training"] == wall_time(found)
    assert (sg["model"], sg["prior"], sg["objective"]) == ("vae, 3 units", "sg", "ELBO")
    used = load(root / "runs" / "tiny" / "mog").metric("effective_components").value
    assert mog["prior"] == f"mog, K = 4 ({used:.1f} effective)"
    assert (two["model"], two["objective"]) == ("hvae, 3 + 3 units", "IWAE bound, k = 5")
    assert vamp["test log p(x), S = 3"] == "not trained yet"
    assert "Scores of 300 test images" in text
    assert "1 of 4 rows are not finished yet." in text


def test_active_units_begin_at_the_bottom_layer(root):
    found = load(root / "runs" / "two" / "sg")
    top, bottom = (found.metric("active_units", layer) for layer in (0, 1))
    assert rows(report(table_of(root), root / "runs"))[2]["active units"] == (f"{bottom.value:.0f}+{top.value:.0f}")


def test_priors_of_an_experiment_are_compared_image_by_image(root):
    text = report(table_of(root), root / "runs")
    (line,) = [line for line in text.splitlines() if line.startswith("| tiny | ")]
    one, other = (load(root / "runs" / "tiny" / prior).per_image for prior in ("sg", "mog"))
    expected = []
    for name in ("log_likelihood", "elbo"):
        difference = getattr(other, name).double().numpy() - getattr(one, name).double().numpy()
        se = difference.std(ddof=1) / np.sqrt(300)
        expected.append(("+" if difference.mean() >= 0 else "") + number(float(difference.mean()), float(se)))
    assert line == f"| tiny | mog − sg | {expected[0]} | {expected[1]} | 300 | 0 (one seed each) |"
    assert "| two |" not in text


def test_another_number_of_samples_has_not_been_measured(root):
    first, *_ = rows(report(dataclasses.replace(table_of(root), estimate=Estimate(7)), root / "runs"))
    assert first["test log p(x), S = 7"] == "not measured yet"


def test_a_likelihood_of_a_part_of_the_test_set_says_so(root, tmp_path):
    """As if it had been estimated of 20 images, and pairs of those that both models know."""
    chosen = torch.randperm(300, generator=torch.Generator().manual_seed(1))[:20].sort().values
    for prior in ("sg", "mog"):
        found = load(root / "runs" / "tiny" / prior)
        known = torch.full((300,), math.nan)
        known[chosen] = found.per_image.log_likelihood[chosen]
        figures = "log_likelihood", known[chosen], known.isfinite(), found.per_image.elbo
        metrics = [m for m in found.metrics if m.name != "log_likelihood"]
        metrics.append(difference_estimate(*figures, samples=SAMPLES))
        per_image = dataclasses.replace(found.per_image, log_likelihood=known)
        save(dataclasses.replace(found, metrics=tuple(metrics), per_image=per_image), tmp_path / "tiny" / prior)
    whole = table_of(root)
    text = report(dataclasses.replace(whole, estimate=Estimate(SAMPLES, 20)), tmp_path)
    assert "log p(x) of a random 20 of them, the same for every row unless the row says otherwise, is estimated" in text
    sg, mog = (
        load(root / "runs" / "tiny" / prior).per_image.log_likelihood[chosen].double() for prior in ("sg", "mog")
    )
    figure = load(tmp_path / "tiny" / "sg").metric("log_likelihood")
    assert rows(text)[0]["test log p(x), S = 3"] == number(figure.value, figure.se)
    assert "is a difference estimate: the mean ELBO of all images plus the mean of" in text
    (pair,) = [line for line in text.splitlines() if line.startswith("| tiny | mog − sg |")]
    difference = mog - sg
    sign = "+" if difference.mean() >= 0 else ""
    expected = sign + number(difference.mean().item(), (difference.std() / math.sqrt(20)).item())
    assert f"| {expected} (20 images) |" in pair
    # Another number of images than the table's is named; a test set that is smaller than the part is no part.
    fewer = report(dataclasses.replace(whole, estimate=Estimate(SAMPLES, 19)), tmp_path)
    assert rows(fewer)[0]["test log p(x), S = 3"].partition(" (")[2] == "20 images)"
    assert "a random" not in report(dataclasses.replace(whole, estimate=Estimate(SAMPLES, 1000)), root / "runs")
    # Asked for the whole test set, or for more of it, they are not measured yet.
    for estimate in (Estimate(SAMPLES), Estimate(SAMPLES, 21)):
        assert rows(report(dataclasses.replace(whole, estimate=estimate), tmp_path))[0]["ELBO"] != ""
        again = rows(report(dataclasses.replace(whole, estimate=estimate), tmp_path))
        assert again[0]["test log p(x), S = 3"] == "not measured yet"


def test_two_seeds_are_not_one(root):
    (config, *_) = table_of(root).rows
    other = dataclasses.replace(config, seed=5, experiment="again")
    found = rows(report(Table("T", (config, other), Estimate(SAMPLES)), root / "runs"))
    assert [row["seed"] for row in found] == ["0", "5"]


def test_published_figures_stand_beside_ours_with_their_sources(root, tmp_path):
    setting = {"data": "static_mnist", "likelihood": "bernoulli", "latent_dim": 40, "experiment": "x"}
    configs = tuple(dataclasses.replace(table_of(root).rows[0], prior=prior, **setting) for prior in ("sg", "mog"))
    text = report(Table("T", configs), tmp_path)
    assert [row["published"] for row in rows(text)] == ["−88.56 [1]; −88.23 (30 units) [2]", ""]
    assert "[1] Tomczak and Welling, VAE with a VampPrior, AISTATS 2018, https://arxiv.org/abs/1705.07120, as " in text
    assert "[2] An independent rerun, as reported, one seed." in text
    assert "[3]" not in text


def test_grey_images_are_in_bits_too(root, tmp_path):
    config = dataclasses.replace(
        table_of(root).rows[0], data="frey_faces", likelihood="logistic", latent_dim=40, experiment="x"
    )
    (row,) = rows(report(Table("T", (config,), Estimate(SAMPLES)), tmp_path))
    assert row["published"] == f"{literature.published('frey_faces', 'vae', 'sg', 40)[0].value} bits [1]"
    assert row["bits/dimension"] == ""
    binarised = dataclasses.replace(config, likelihood="bernoulli")
    assert rows(report(Table("T", (binarised,), Estimate(SAMPLES)), tmp_path))[0]["published"] == ""


def test_a_run_that_is_not_at_its_end_says_where_it_is(root, tmp_path):
    table, runs = changed(root, tmp_path, epochs=9, experiment="longer")
    (row,) = rows(report(table, runs))
    assert row["test log p(x), S = 3"] == "in training, epoch 3 of 9 at most"


@pytest.mark.parametrize(
    ("seconds", "said"), [(12.4, "12 s"), (75.0, "1.2 min"), (3000.0, "50 min"), (3600 * 2 + 59, "2 h 01 min")]
)
def test_wall_time_is_the_sum_of_the_epochs(root, seconds, said):
    found = load(root / "runs" / "tiny" / "sg")
    assert len(found.history) == 3
    history = tuple(dataclasses.replace(record, seconds=seconds / 3) for record in found.history)
    assert wall_time(dataclasses.replace(found, history=history)) == said


def test_it_is_written_whole_or_not_at_all(root, tmp_path):
    (tmp_path / "out.md").write_text("before")
    with pytest.raises(OSError, match="No such file"):
        write_report([table_of(root)], tmp_path / "nowhere" / "out.md", root / "runs")
    write_report([table_of(root)], tmp_path / "out.md", root / "runs")
    assert (tmp_path / "out.md").read_text() == report(table_of(root), root / "runs")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.md"]


def test_what_is_finished_meanwhile_is_written_too(root, tmp_path, monkeypatch):
    """Between reading the disk and writing the report, another process finishes a row and writes it."""
    texts, said = iter(["old", "new", "new"]), []
    monkeypatch.setattr(markdown, "report", lambda *arguments: next(texts))
    monkeypatch.setattr(markdown, "write_bytes", lambda path, content: said.append(content.decode()))
    write_report([table_of(root)], tmp_path / "out.md", root / "runs")
    assert said == ["old", "new"]


def test_several_tables_make_one_report(root, tmp_path):
    table = table_of(root)
    write_report([table, Table("Another", table.rows[:1])], tmp_path / "out.md", root / "runs")
    lines = (tmp_path / "out.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(("# ", "## "))] == [
        "# Results",
        f"## {table.title}",
        "## Another",
    ]
    assert "### Priors of one experiment, paired" in lines
    alone = report(table, root / "runs").splitlines()
    assert lines[2 : 2 + len(alone)] == [f"#{line}" if line.startswith("#") else line for line in alone]


def test_counts_are_not_held_against_a_bernoulli():
    counts, bits = (Config("mnist", "a", prior="vamp", likelihood=each) for each in ("binomial", "bernoulli"))
    assert cells.comparable(counts) == ()
    assert {each.name for each in cells.comparable(bits)} >= {"log_likelihood"}
