"""The theme names only options that Streamlit knows, files that are there, and colours that can be read from afar."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from streamlit import config

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
THEME = SETTINGS["theme"]
# WCAG 2.2: text against its ground, criterion 1.4.6 (AAA); parts of a control, 1.4.11.
TEXT_CONTRAST, LABEL_CONTRAST, CONTROL_CONTRAST = 7.0, 4.5, 3.0


def options(table: dict, prefix: str = "") -> list[str]:
    names = []
    for key, value in table.items():
        names += options(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return names


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_streamlit_knows_every_option():
    assert set(options(SETTINGS)) <= set(config.get_config_options())


def test_the_package_has_the_very_file_of_the_checkout():
    assert (ROOT / "app" / ".streamlit" / "config.toml").samefile(ROOT / ".streamlit" / "config.toml")


def mixed(colour: str, ground: str, share: float) -> str:
    """A colour of so much opacity on a ground."""
    parts = [(int(colour[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(share * over + (1 - share) * under):02x}" for over, under in parts)


def test_the_typeface_is_there_with_its_licence():
    files = [ROOT / "app" / face["url"].removeprefix("app/") for face in THEME["fontFaces"]]
    assert files
    for file in files:
        assert file.read_bytes()[:4] == b"wOF2"
    assert {face["family"] for face in THEME["fontFaces"]} == {"IBM Plex Sans", "IBM Plex Mono"}
    for licence in ("LICENSE-ibm-plex-sans.txt", "LICENSE-ibm-plex-mono.txt"):
        assert "SIL OPEN FONT LICENSE" in (files[0].parent / licence).read_text(encoding="utf-8")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_and_controls_stand_out(mode):
    colours = THEME[mode]
    for ground in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        assert contrast(colours["textColor"], ground) >= TEXT_CONTRAST
        assert contrast(colours["linkColor"], ground) >= TEXT_CONTRAST
        assert contrast(colours["primaryColor"], ground) >= CONTROL_CONTRAST
        # The segment that is chosen: words in the primary colour on a tenth of it.
        assert contrast(colours["primaryColor"], mixed(colours["primaryColor"], ground, 0.1)) >= LABEL_CONTRAST
    assert contrast(colours["primaryColor"], "#ffffff") >= CONTROL_CONTRAST  # the label of a primary button is white


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_scales_have_ten_colours_in_order(mode):
    """Streamlit ignores a scale of any other length without a word."""
    sequential, diverging = THEME[mode]["chartSequentialColors"], THEME[mode]["chartDivergingColors"]
    assert len(sequential) == len(diverging) == len(THEME["chartCategoricalColors"]) == 10
    rising = -1 if mode == "light" else 1  # away from the ground of the page
    steps = [rising * (luminance(after) - luminance(before)) for before, after in pairwise(sequential)]
    assert min(steps) > 0
    halves = [
        [contrast(colour, THEME[mode]["backgroundColor"]) for colour in half] for half in (diverging[:5], diverging[5:])
    ]
    assert halves[0] == sorted(halves[0], reverse=True)
    assert halves[1] == sorted(halves[1])
