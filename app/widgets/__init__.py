"""What several pages share: the sidebar, page heads, controls bound to the URL, bordered figures, downloads."""

from app.frontend import Place, pick
from app.widgets.component import choose_component, component_table, percent, pick_component, show_component
from app.widgets.controls import choose, choose_many, choose_one, number, place_inputs, slide, switch
from app.widgets.differences import differences_in_words, show_differences, stored_differences
from app.widgets.export import csv_button, figure, file_button
from app.widgets.flows import sample_words, say_flow
from app.widgets.fragment import fragment
from app.widgets.latent_plane.images import Coloured, class_names, described, has_no_legend, image_table
from app.widgets.latent_plane.show import Shown, axis_words, show_plane
from app.widgets.layers import drawn_words, mean_and_drawn_words, mean_words, rebuilt_words
from app.widgets.numbers import (
    caption,
    count,
    direction,
    error,
    estimator,
    format_metric,
    format_value,
    signed,
    signed_difference,
    value,
)
from app.widgets.page import (
    Cell,
    colour_rule,
    explain,
    metric_row,
    mode,
    not_applicable,
    page_head,
    prior_heading,
    progress,
)
from app.widgets.pictures import enlargement, images_png, picture
from app.widgets.screen import DESK, is_narrow, picture_width, plane_height, strip_width
from app.widgets.sidebar import data_notice, no_checkpoint, notices, part_notice, sidebar, vector_notice
from app.widgets.text import plain, printable

__all__ = [
    "DESK",
    "Cell",
    "Coloured",
    "Place",
    "Shown",
    "axis_words",
    "caption",
    "choose",
    "choose_component",
    "choose_many",
    "choose_one",
    "class_names",
    "colour_rule",
    "component_table",
    "count",
    "csv_button",
    "data_notice",
    "described",
    "differences_in_words",
    "direction",
    "drawn_words",
    "enlargement",
    "error",
    "estimator",
    "explain",
    "figure",
    "file_button",
    "format_metric",
    "format_value",
    "fragment",
    "has_no_legend",
    "image_table",
    "images_png",
    "is_narrow",
    "mean_and_drawn_words",
    "mean_words",
    "metric_row",
    "mode",
    "no_checkpoint",
    "not_applicable",
    "notices",
    "number",
    "page_head",
    "part_notice",
    "percent",
    "pick",
    "pick_component",
    "picture",
    "picture_width",
    "place_inputs",
    "plain",
    "plane_height",
    "printable",
    "prior_heading",
    "progress",
    "rebuilt_words",
    "sample_words",
    "say_flow",
    "show_component",
    "show_differences",
    "show_plane",
    "sidebar",
    "signed",
    "signed_difference",
    "slide",
    "stored_differences",
    "strip_width",
    "switch",
    "value",
    "vector_notice",
]
