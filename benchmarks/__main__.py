"""Run the benchmarks and print their tables: `python -m benchmarks [NAME ...] [--write]`.

All of them run one after another in one process on one machine. `--write` puts the tables into README.md as well, which
needs all of them.
"""

import argparse
import importlib
from pathlib import Path

from benchmarks.timing import Table, machine

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks: written by python -m benchmarks -->\n", "<!-- end of benchmarks -->"
# The scripts about speed, in the order of the README: modules of this package with a function `tables`.
SUBJECTS: tuple[str, ...] = ("training_step", "importance_sampling", "mixtures", "opening", "pages", "viewers")


def section(tables: list[Table], where: str) -> str:
    """What stands in the README between the markers: the kind of machine, then every table."""
    said = f"Measured on {where}. A time is the median of the turns with its quartiles; so is a ratio, turn by turn."
    return "\n".join([said, "", *(table.markdown() for table in tables)])


def write(text: str, readme: Path) -> None:
    """Replace what stands between the two markers.

    Raises:
        ValueError: If the file has not exactly one pair of markers.
    """
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(before + BEGIN + text + END + after, encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Run what was named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SUBJECTS)}; all unless named")
    parser.add_argument("--write", action="store_true", help="put the tables of a whole run into README.md")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in SUBJECTS]:
        parser.error(f"no benchmark is called {unknown[0]!r}; choose from {', '.join(SUBJECTS)}")
    if options.write and options.names:
        parser.error("--write takes no names: the tables of the README come from one run of everything")
    where = machine()
    print(where, flush=True)
    tables = []
    for name in options.names or SUBJECTS:
        for table in importlib.import_module(f"benchmarks.{name}").tables():
            print("\n" + table.markdown(), flush=True)
            tables.append(table)
    if options.write:
        write(section(tables, where), README)
        print(f"written to {README.name}")


if __name__ == "__main__":
    main()
