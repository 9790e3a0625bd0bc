"""Add the pages that lie outside docs/ to the site, with their links changed to where the pages are there."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
# The files outside docs/, from the root of the repository, and their pages.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "RESULTS.md": "report.md",
    "benchmarks/RESULTS.md": "speed.md",
}
_LINK = re.compile(r"\]\(([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file of `PAGES`."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_relinked(text, (ROOT / source).parent)))
    return files


def on_page_markdown(markdown: str, page: object, config: MkDocsConfig, files: Files) -> str:
    """Change the links of a page of docs/."""
    return _relinked(markdown, ROOT / "docs")


def _relinked(text: str, folder: Path) -> str:
    """Change links from `folder` to files of `PAGES`, and to docs/, to links between pages of the site."""

    def changed(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        if "://" in link[1] or not target.is_relative_to(ROOT):
            return link[0]
        name = target.relative_to(ROOT).as_posix()
        return f"]({PAGES.get(name, name.removeprefix('docs/') if target.exists() else link[1])}"

    return _LINK.sub(changed, text)
