"""The JavaScript of a component, of one file or of several that share what they share."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def javascript(*names: str) -> str:
    """One module of these files, in their order; the last one has the component's default export.

    A component's script is given to the browser as text, so that no file of it can import another.
    """
    return "\n".join((_FOLDER / f"{name}.js").read_text("utf-8") for name in names)
