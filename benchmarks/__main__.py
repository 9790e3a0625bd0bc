"""Run the benchmarks and print their tables: `python -m benchmarks [NAME ...] [--write]`.

They run one after another in one process on one machine. `--write` writes the tables of those that ran into
benchmarks/RESULTS.md, each subject with the machine that it ran on. The tables of the others stay unchanged.
"""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

from benchmarks.timing import Table, machine

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
BEGIN, END = "<!-- benchmarks: written by python -m benchmarks -->\n", "<!-- end of benchmarks -->"
# The scripts about speed, in the order of RESULTS.md: modules of this package with a function `tables`.
SUBJECTS: tuple[str, ...] = (
    "training_step",
    "pages",
    "viewers",
    "edits",
    "race",
    "ablation",
    "motion",
)


def alone(name: str, write: bool) -> None:
    """Run one subject in a process of its own: some change theirs, such as what becomes of memory that it frees.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    subprocess.run(
        [sys.executable, "-m", "benchmarks", name, *["--write"] * write], check=True, cwd=RESULTS.parent.parent
    )


def section(name: str, tables: list[Table], where: str) -> str:
    """Write the section of one subject: a marker, the kind of machine, then its tables."""
    said = f"Measured on {where}."
    return "\n".join([_mark(name), said, "", *(table.markdown() for table in tables)])


def write(sections: dict[str, str], report: Path) -> None:
    """Replace the sections of these subjects between the two markers; keep all others.

    Raises:
        ValueError: If the file has not exactly one pair of markers.
    """
    before, rest = report.read_text(encoding="utf-8").split(BEGIN)
    there, after = rest.split(END)
    starts = sorted((there.index(_mark(name)), name) for name in SUBJECTS if _mark(name) in there)
    ends = [*(start for start, _ in starts[1:]), len(there)][: len(starts)]
    known = {name: there[start:end] for (start, name), end in zip(starts, ends, strict=True)} | sections
    text = "".join(known[name] for name in SUBJECTS if name in known)
    report.write_text(before + BEGIN + text + END + after, encoding="utf-8")


def _mark(name: str) -> str:
    return f"<!-- {name} -->\n"


def main(arguments: list[str] | None = None) -> None:
    """Run what was named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SUBJECTS)}; all unless named")
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/RESULTS.md")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in SUBJECTS]:
        parser.error(f"no benchmark is called {unknown[0]!r}; choose from {', '.join(SUBJECTS)}")
    names = options.names or SUBJECTS
    if len(names) > 1:
        for name in names:
            alone(name, options.write)
        return
    (name,) = names
    where = machine()
    print(where, flush=True)
    tables = importlib.import_module(f"benchmarks.{name}").tables()
    for table in tables:
        print("\n" + table.markdown(), flush=True)
    if options.write:
        write({name: section(name, tables, where)}, RESULTS)
        print(f"written to benchmarks/{RESULTS.name}", flush=True)


if __name__ == "__main__":
    main()
