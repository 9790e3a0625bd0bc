"""The charts without a plane: active units, KL, usage, surgery, comparison, history, strips."""

import numpy as np
import pytest

from app.figures.comparison import Estimate, estimates
from app.figures.export import alt_text
from app.figures.history import History, history
from app.figures.strips import strip
from app.figures.surgery import SurgeryBar, surgery
from app.figures.theme import COMPARED, DARK, LIGHT
from app.figures.units import Activity, active_units, kl_per_dimension
from app.figures.usage import drawn_at, usage


def test_active_units_are_sorted_and_name_their_unit():
    activity = np.array([0.5, 0.0, 2.0, 0.005])
    figure = active_units(
        LIGHT, [Activity("VampPrior", "vamp", activity), Activity("other", "mog", activity[:2])]
    ).checked()
    top, other = figure.data
    assert top.customdata.tolist() == [2, 0, 3, 1]
    assert top.y[:3].tolist() == pytest.approx([2.0, 0.5, 0.005])
    assert list(top.marker.symbol) == ["diamond", "diamond", "diamond-open", "diamond-open"]
    assert top.name == "VampPrior: 2 of 4 active"
    assert (top.line.color, other.line.color) == ("#b4234a", "#0f8b8d")
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.shapes[0].y0 == 0.01
    assert "VampPrior: 2 of 4 active" in alt_text(figure)
    with pytest.raises(ValueError, match="at least one series"):
        active_units(LIGHT, [])


def test_kl_bars_add_up_to_the_kl():
    kl = np.array([0.25, 3.0, 1.5])
    figure = kl_per_dimension(DARK, kl, -0.5, prior="mog").checked()
    dimensions, dependence = figure.data
    assert dimensions.customdata.tolist() == [1, 2, 0]
    assert dimensions.y.sum() + dependence.y[0] == pytest.approx(4.25)
    assert dimensions.marker.color == "#0f8b8d"
    assert dependence.x[0] > dimensions.x.max() + 1
    assert "4.25 nats in all" in alt_text(figure)


def test_usage_marks_the_dead_and_keeps_them_in_view():
    used = np.array([0.7, 0.0, 0.29, 0.01])
    figure = usage(LIGHT, np.full(4, 0.25), used, prior="vamp", effective=1.9).checked()
    weights, points = figure.data
    assert points.customdata[:, 0].tolist() == [0, 2, 3, 1]
    assert points.customdata[:, 1].tolist() == pytest.approx([70, 29, 1, 0])
    assert weights.y.tolist() == pytest.approx([25, 25, 25, 25])
    assert figure.layout.yaxis.title.text == "share (%)"
    assert list(points.marker.symbol) == ["circle", "circle", "x-thin", "x-thin"]
    assert points.marker.color == "#b4234a"
    assert (points.y > 0).all()
    low, high = figure.layout.yaxis.range
    assert (np.log10(points.y) > low).all()
    assert (np.log10(weights.y) < high).all()
    assert points.name == "usage (2 of 4 dead)"
    assert min(points.y) == pytest.approx(0.5)
    assert [drawn_at(share, 4) for share in (0.0, 0.7)] == pytest.approx(np.log10([points.y[-1], points.y[0]]))
    with pytest.raises(ValueError, match="3 weights but 4 usages"):
        usage(LIGHT, np.ones(3), used, prior="vamp")


def test_usage_of_very_many_components_is_a_line():
    used = np.random.default_rng(0).dirichlet(np.ones(50_000))
    weights, line = usage(LIGHT, np.full(50_000, 2e-5), used, prior="exemplar").checked().data
    assert (weights.mode, line.mode) == ("lines", "lines")
    assert len(line.y) == 50_000
    assert (np.diff(line.y) <= 0).all()
    assert line.marker.symbol is None


def test_surgery_stacks_the_parts_with_their_errors():
    bars = [SurgeryBar("SG", "sg", 9.1, 0.02, 14.2, 0.3), SurgeryBar("Vamp", "vamp", 9.18, 0.02, 10.1, 0.2)]
    figure = surgery(LIGHT, bars, log_n=9.21).checked()
    information, marginal = figure.data[:2]
    assert figure.layout.barmode == "stack"
    assert list(information.x) == [9.1, 9.18]
    assert list(marginal.x) == [14.2, 10.1]
    assert list(marginal.error_x.array) == [0.3, 0.2]
    assert list(information.marker.color) == ["#5b5f97", "#b4234a"]
    assert figure.layout.shapes[0].x0 == 9.21
    assert [trace.name for trace in figure.data if trace.showlegend is not False] == [
        "mutual information",
        "marginal KL",
    ]
    assert list(figure.layout.yaxis.categoryarray) == ["Vamp", "SG"]
    with pytest.raises(ValueError, match="at least one bar"):
        surgery(LIGHT, [], log_n=1.0)


def test_surgery_of_two_layers_has_a_third_part():
    bars = [SurgeryBar("SG", "sg", 9.1, 0.02, 14.2, 0.3, lower_kl=2.5)]
    figure = surgery(LIGHT, bars, log_n=9.21).checked()
    assert list(figure.data[2].x) == [2.5]
    assert "KL of the lower layers" in [trace.name for trace in figure.data]


def test_estimates_have_their_error_and_the_published_one_is_amber():
    rows = [Estimate("MoG", "mog", 1.9, 0.12), Estimate("published", None, 3.0, None)]
    figure = estimates(LIGHT, rows, quantity="difference (nats/image)", zero=True).checked()
    ours, published = figure.data
    assert (ours.x[0], ours.error_x.array[0]) == (1.9, 0.12)
    assert ours.marker.color == "#0f8b8d"
    assert published.marker.color == COMPARED
    assert published.error_x.array is None
    low, high = figure.layout.xaxis.range
    assert low < 0
    assert high > 3
    assert figure.layout.shapes[0].x0 == 0
    assert alt_text(figure) == "difference (nats/image). MoG: 1.90 ± 0.12. published: 3.00"
    with pytest.raises(ValueError, match="at least one row"):
        estimates(LIGHT, [], quantity="x")


def test_the_other_trainings_of_an_estimate_are_hollow_and_in_view():
    rows = [Estimate("MoG", "mog", 1.9, 0.12, (-0.8, 4.5)), Estimate("SG", "sg", 1.0, 0.1)]
    hollow, *filled = estimates(LIGHT, rows, quantity="nats/image").checked().data
    assert (list(hollow.x), list(hollow.y)) == ([-0.8, 4.5], ["MoG", "MoG"])
    assert hollow.marker.symbol.endswith("-open")
    assert [trace.x[0] for trace in filled] == [1.9, 1.0]
    figure = estimates(LIGHT, rows, quantity="nats/image")
    low, high = figure.checked().layout.xaxis.range
    assert low < -0.8
    assert high > 4.5
    assert "MoG: 1.90 ± 0.12, other trainings -0.80, 4.50" in alt_text(figure.checked())


def test_history_shows_the_end_of_the_run_and_its_best_epoch():
    epoch = np.arange(1, 101)
    train = -80 - 500 / epoch
    figure = history(LIGHT, [History("Vamp", "vamp", epoch, train, train - 3, best=90)]).checked()
    training, validation, best = figure.data
    assert (training.line.dash, validation.line.dash) == ("dot", "solid")
    assert validation.y.tolist() == pytest.approx((train - 3).tolist())
    assert (best.x.tolist(), best.y.tolist()) == ([90], pytest.approx([train[89] - 3]))
    low, high = figure.layout.yaxis.range
    assert low < train[9] - 3 < high
    assert train[0] < low
    assert high > train[-1]
    with pytest.raises(ValueError, match="no epoch"):
        history(LIGHT, [])


def test_history_of_one_epoch_without_validation():
    figure = history(LIGHT, [History("Vamp", "vamp", np.array([1]), np.array([-200.0]), np.array([np.nan]))]).checked()
    assert figure.data[0].mode == "lines+markers"
    low, high = figure.layout.yaxis.range
    assert low < -200 < high


def test_a_strip_of_a_narrow_window_is_low_and_names_what_fits():
    images, names = np.zeros((1, 12, 1, 4, 4)), [str(1000 + row) for row in range(12)]
    wide, narrow = (strip(images, LIGHT, columns=names, axis="", alt="a", width=w).checked() for w in (960, 270))
    assert (wide.layout.height, narrow.layout.height) == (144, 100)
    assert list(wide.layout.xaxis.ticktext) == names[::2]
    assert list(narrow.layout.xaxis.ticktext) == names[::2]
    crowded = strip(images, LIGHT, columns=names, axis="", alt="a", width=150).checked()
    assert list(crowded.layout.xaxis.ticktext) == names[::4]


def test_strip_has_a_cell_for_each_row_and_column():
    images = np.random.default_rng(0).random((2, 12, 1, 4, 4))
    figure = strip(
        images,
        LIGHT,
        columns=[f"{value}" for value in range(12)],
        rows=["unit 3", "unit 7"],
        axis="value (latent units)",
        alt="a",
    ).checked()
    assert figure.layout.xaxis.autorangeoptions.maxallowed == 12
    assert figure.layout.yaxis.autorangeoptions.maxallowed == 2
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.title.text == "value (latent units)"
    assert list(figure.layout.xaxis.ticktext) == ["0", "2", "4", "6", "8", "10"]
    assert list(figure.layout.xaxis.tickvals) == [0.5, 2.5, 4.5, 6.5, 8.5, 10.5]
    assert list(figure.layout.yaxis.ticktext) == ["unit 3", "unit 7"]
    assert figure.data[0].text[13] == "unit 7<br>1"
    assert (figure.data[0].x[13], figure.data[0].y[13]) == (1.5, 1.5)
    with pytest.raises(ValueError, match="with 1 rows and 12 columns"):
        strip(images, LIGHT, columns=["a"] * 12, axis="", alt="")


@pytest.mark.parametrize(
    ("columns", "written"),
    [
        (["u", "mean", *map(str, range(1, 13))], ["u", "mean", "1", "3", "5", "7", "9", "11"]),
        (["u", "mean", *map(str, range(1, 8))], ["u", "mean", *map(str, range(1, 8))]),
        ([f"\u2212{value}" for value in range(12)], [f"\u2212{value}" for value in range(0, 12, 2)]),
    ],
)
def test_of_many_names_every_other_number_is_written_and_every_word(columns, written):
    images = np.zeros((1, len(columns), 1, 4, 4))
    figure = strip(images, LIGHT, columns=columns, axis="", alt="a").checked()
    assert list(figure.layout.xaxis.ticktext) == written
