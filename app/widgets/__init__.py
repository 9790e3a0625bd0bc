"""What several pages share: the sidebar, page heads, controls bound to the URL, bordered figures, downloads."""

from app.components import Place, pick
from app.widgets.component import choose_component, component_table, percent, show_component
from app.widgets.controls import choose, choose_many, choose_one, number, place_inputs, slide, switch
from app.widgets.crowd import (
    counted_words,
    follow_view,
    forget_outlines,
    keep_outlines,
    look_at,
    look_closer,
    part_inputs,
    show_part,
)
from app.widgets.export import csv_button, figure, file_button
from app.widgets.fragment import fragment
from app.widgets.latent_plane import class_names, described, draw, draw_crowd, image_table, shuffled
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
from app.widgets.screen import DESK, picture, picture_width
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
    "class_names",
    "colour_rule",
    "component_table",
    "count",
    "counted_words",
    "csv_button",
    "data_notice",
    "described",
    "draw",
    "draw_crowd",
    "explain",
    "figure",
    "file_button",
    "follow_view",
    "forget_outlines",
    "format_metric",
    "format_value",
    "fragment",
    "image_table",
    "keep_outlines",
    "look_at",
    "look_closer",
    "metric_row",
    "mode",
    "no_checkpoint",
    "not_applicable",
    "notices",
    "number",
    "page_head",
    "part_inputs",
    "percent",
    "pick",
    "picture",
    "picture_width",
    "place_inputs",
    "plane_density",
    "plane_window",
    "prior_heading",
    "progress",
    "show_component",
    "show_part",
    "shuffled",
    "sidebar",
    "signed",
    "slide",
    "switch",
]
