"""The documents are true: their example runs; commands, options, links and pictures exist; tables match the models."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import vampscope
from vampcore.commands import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "RESULTS.md",
        ROOT / "benchmarks" / "RESULTS.md",
        *sorted((ROOT / "docs").glob("*.md")),
    )
}
COMMANDS = (
    "list",
    "train",
    "race",
    "gather",
    "evaluate",
    "measure",
    "sample",
    "results",
    "reduce",
    "pack",
    "data",
    "upgrade",
)
# A link or a picture, as [words](target); code is removed first.
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@cache
def results_script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("results", ROOT / "docs" / "results.py")
    results = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(results)
    return results


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub and mkdocs make them for plain words."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(name: str, text: str) -> list[str]:
    """The relative links of a document whose file, or whose heading in it, does not exist."""
    broken = []
    for target in LINK.findall(CODE.sub("", text)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        if not found.exists() or (anchor and anchor not in anchors(found.read_text(encoding="utf-8"))):
            broken.append(target)
    return broken


def test_files_that_a_document_names_exist():
    named = {
        (name, path)
        for name, text in DOCUMENTS.items()
        for path in re.findall(r"`((?:app|vampcore|tests|tools|benchmarks|docs)/[\w/.-]+\.(?:py|js))`", text)
    }
    assert ("docs/design.md", "app/figures/tiles.py") in named
    assert [each for each in sorted(named) if not (ROOT / each[1]).exists()] == []


def test_the_two_commands_stand_before_anything_else():
    first = [line.split("#")[0].strip() for line in README.splitlines()[:2]]
    assert first == ["make app", "make test"]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


def test_the_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    assert names["z"].shape == (64, 2)
    assert names["images"].shape == (64, 1, 8, 8)
    assert capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_that_the_documents_name_exists(command, capsys):
    named = re.findall(rf"-m vampcore {command}\b(.*)", "\n".join(DOCUMENTS.values()))
    assert named
    with pytest.raises(SystemExit):
        main([command, "--help"])
    known = capsys.readouterr().out
    for option in re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", " ".join(named)):
        assert option in known, option


def test_every_option_in_code_is_one_of_some_command(capsys):
    known = ["--nproc-per-node", "--multi_gpu", "--rm", "--write", "--minutes", "--at-once", "--times"]
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        known += re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)
    with pytest.raises(SystemExit):
        vampscope.main(["--help"])
    known += re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)
    for name, text in DOCUMENTS.items():
        code = " ".join(CODE.findall(text))
        assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", code)) <= set(known), name


def test_the_tables_of_scores_are_those_of_the_checkpoints():
    results = results_script()
    assert results.BEGIN + results.summary() + results.END in README
    report = DOCUMENTS["docs/results.md"]
    assert results.BEGIN + results.table() + results.END in report
    assert results.SEEDS_BEGIN + results.seeds() + results.SEEDS_END in report
    assert results.DIFFERENCES_BEGIN + results.differences() + results.DIFFERENCES_END in report


def test_the_scores_are_written_between_the_markers_and_nowhere_else(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("before\n<begin>\nold\n<end>after\n", encoding="utf-8")
    results_script().write(path, "<begin>\n", "<end>", "new\n")
    assert path.read_text(encoding="utf-8") == "before\n<begin>\nnew\n<end>after\n"
    with pytest.raises(ValueError):
        results_script().write(path, "<other>", "<end>", "new\n")


def test_there_are_pictures():
    assert len(re.findall(r"!\[[^\]]+\]\([^)]+\)", README)) >= 5


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_and_anchor_leads_somewhere(name):
    assert broken_links(name, DOCUMENTS[name]) == []


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [("data.md", False), ("nowhere.md", True), ("data.md#a-table", False), ("data.md#nowhere", True), ("#here", False)],
)
def test_a_broken_link_is_found(link, is_broken):
    text = DOCUMENTS["docs/training.md"]
    here = "#exemplars" if link == "#here" else link
    assert broken_links("docs/training.md", f"{text}\n[words]({here})\n") == ([here] if is_broken else [])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_target_of_make_exists(name):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)|^ *make ([a-z-]+)", DOCUMENTS[name], re.MULTILINE)) <= {
        pair for target in targets for pair in ((target, ""), ("", target))
    }
