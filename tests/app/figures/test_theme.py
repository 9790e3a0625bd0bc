import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from app.figures import theme
from app.figures.drawing import Drawing
from app.figures.theme import DARK, LIGHT
from vampcore.kinds import PRIORS


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        channel = np.array(theme.rgb(colour)) / 255
        linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    bright, dim = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_identities_are_those_of_the_design():
    assert theme.prior_colour("sg") == "#5b5f97"
    assert theme.prior_colour("mog") == "#0f8b8d"
    assert theme.prior_colour("vamp") == "#b4234a"
    assert theme.COMPARED == "#c77d0a"
    assert len(set(theme.PRIOR_COLOURS.values()) | {theme.COMPARED}) == 1 + len(theme.PRIOR_COLOURS)
    assert set(theme.PRIOR_COLOURS) == set(theme.PRIOR_SYMBOLS) == set(PRIORS)
    assert len(set(theme.PRIOR_SYMBOLS.values())) == len(theme.PRIOR_SYMBOLS)


def test_classes_have_petroff10_and_the_configuration_agrees():
    configuration = (Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text("utf-8")
    line = next(line for line in configuration.splitlines() if line.startswith("chartCategoricalColors"))
    assert list(theme.CLASS_COLOURS) == json.loads(line.split("=", 1)[1])
    assert [theme.class_colour(index) for index in range(10)] == list(theme.CLASS_COLOURS)
    assert len({theme.class_colour(index) for index in range(50)}) == 50
    assert theme.class_colour(53) == theme.CLASS_COLOURS[3]


@pytest.mark.parametrize("mode", [LIGHT, DARK])
def test_figures_stand_on_the_ground_of_the_page(mode):
    options = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text("utf-8"))
    assert mode.paper == options["theme"][mode.name]["backgroundColor"]


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="use 'light' or 'dark'"):
        theme.theme("sepia")


def test_a_prior_without_an_identity_gets_a_colour_and_a_symbol_of_no_other():
    assert theme.prior_colour("new") not in {*theme.PRIOR_COLOURS.values(), *theme.CLASS_COLOURS, theme.COMPARED}
    assert theme.prior_symbol("new") not in theme.PRIOR_SYMBOLS.values()


def test_theme_by_name():
    assert theme.theme("dark") is DARK
    assert theme.theme("light") is LIGHT
    assert theme.theme(None) is LIGHT


@pytest.mark.parametrize("mode", [LIGHT, DARK])
def test_text_is_readable(mode):
    assert contrast(mode.ink, mode.paper) > 12
    assert contrast(mode.muted, mode.paper) > 4.5
    for prior in (*theme.PRIOR_COLOURS, "new"):
        assert contrast(theme.prior_text_colour(prior, mode), mode.paper) > 4.5
        assert contrast(theme.prior_colour(prior), mode.paper) >= 3.0


def test_blend_and_alpha():
    assert theme.blend("#000000", "#ffffff", 0.5) == "#808080"
    assert theme.blend("#123456", "#ffffff", 0) == "#123456"
    assert theme.with_alpha("#b4234a", 0.5) == "rgba(180,35,74,0.5)"


@pytest.mark.parametrize(
    ("count", "ticks"),
    [(2, [1, 2]), (6, [1, 2, 3, 4, 5, 6]), (16, [1, 5, 10, 15]), (40, [1, 10, 20, 30, 40])],
)
def test_rank_ticks(count, ticks):
    assert theme.rank_ticks(count) == ticks


def test_layout_is_transparent_readable_from_afar_and_keeps_the_view():
    figure = theme.laid_out(Drawing(), DARK, x="across (cm)", y="up (s)", alt="nothing", height=300)
    layout = figure.checked().layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    sizes = [layout.font.size, layout.xaxis.tickfont.size, layout.yaxis.title.font.size, layout.legend.font.size]
    assert min(sizes) >= 13
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("across (cm)", "up (s)")
    assert (layout.uirevision, layout.dragmode, layout.height) == ("constant", "pan", 300)
    assert layout.font.color == DARK.ink
