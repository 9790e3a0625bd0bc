"""One archive of all results, with what trainings need to go on, and a report for people."""

import tarfile
from pathlib import Path
from typing import Any

from benchmarks.gpu.job import Part, read_results

ARCHIVE, REPORT = "gpu-results.tar.gz", "report.md"


def pack(folder: Path, parts: tuple[Part, ...]) -> Path:
    """Write the report and the archive; the old archive stays until the new one is whole."""
    (folder / REPORT).write_text(report(folder, parts), encoding="utf-8")
    fresh, archive = folder / f"{ARCHIVE}.part", folder / ARCHIVE
    with tarfile.open(fresh, "w:gz", compresslevel=1) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path not in (fresh, archive):
                file.add(path, path.relative_to(folder))
    fresh.replace(archive)
    return archive


def unpack(folder: Path) -> None:
    """Take over from an archive in the folder what the folder lacks: another machine goes on where one stopped."""
    archive = folder / ARCHIVE
    if not archive.exists():
        return
    with tarfile.open(archive) as file:
        begun = {path.name for path in folder.iterdir()}
        members = [each for each in file.getmembers() if each.name.partition("/")[0] not in begun]
        file.extractall(folder, members, filter="data")


def report(folder: Path, parts: tuple[Part, ...]) -> str:
    """Every number as markdown, under the machine that it was measured on."""
    lines = ["# Results on a GPU", ""]
    for part in parts:
        results = read_results(folder / part.name)
        lines += [f"## {part.name}", "", part.about, ""]
        lines += [_piece(name, found) for name, found in results.items()] or ["Not begun."]
        lines.append("")
    return "\n".join(lines)


def _piece(name: str, found: dict[str, Any]) -> str:
    said = "" if found["finished"] else " (not finished)"
    small = ", small sizes: no figure to publish" if found["small"] else ""
    figures = "; ".join(f"{key} {_short(value)}" for key, value in found["figures"].items())
    return f"- **{name}**{said}, on {found['device']}, {found['machine']}{small}: {figures}"


def _short(value: Any) -> str:
    """A number to six digits; of a long list its first and its length."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > 12:
        return f"[{', '.join(map(_short, value[:3]))}, … {len(value)} in all]"
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    return str(value)
