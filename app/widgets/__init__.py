"""What several pages share: the sidebar, page heads, controls bound to the URL, bordered figures, downloads."""

from app.components import Place, pick
from app.widgets.component import choose_component, component_table, percent, show_component
from app.widgets.controls import choose, choose_many, choose_one, number, place_inputs, slide, switch
from app.widgets.export import csv_button, figure, file_button
from app.widgets.numbers import caption, count, format_metric, format_value, signed
from app.widgets.page import (
    Cell,
    colour_rule,
    explain,
    metric_row,
    mode,
    not_applicable,
    page_head,
    plane_density,
    plane_window,
    prior_heading,
    progress,
)
from app.widgets.screen import DESK, picture_width
from app.widgets.sidebar import data_notice, no_checkpoint, notices, sidebar

__all__ = [
    "DESK",
    "Cell",
    "Place",
    "caption",
    "choose",
    "choose_component",
    "choose_many",
    "choose_one",
    "colour_rule",
    "component_table",
    "count",
    "csv_button",
    "data_notice",
    "explain",
    "figure",
    "file_button",
    "format_metric",
    "format_value",
    "metric_row",
    "mode",
    "no_checkpoint",
    "not_applicable",
    "notices",
    "number",
    "page_head",
    "percent",
    "pick",
    "picture_width",
    "place_inputs",
    "plane_density",
    "plane_window",
    "prior_heading",
    "progress",
    "show_component",
    "sidebar",
    "signed",
    "slide",
    "switch",
]
