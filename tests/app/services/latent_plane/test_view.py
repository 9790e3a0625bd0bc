"""What a figure of the plane covers."""

import numpy as np

from app.records import Window
from app.services.latent_plane import selection, view


def test_the_whole_plane_holds_all_points_and_a_view_a_rim_about_it(large):
    whole = view.drawn_window(large, None)
    assert len(selection.rows_in(large, whole)) == 30_000
    assert view.drawn_window(large, Window(0.0, 1.0, 2.0, 4.0)) == Window(-0.5, 1.5, 1.0, 5.0)


def test_a_window_of_rows_holds_them(large):
    rows = np.array([5, 77, 901])
    part = view.window_of(large, rows)
    assert set(rows) <= set(selection.rows_in(large, part))
    alone = view.window_of(large, rows[:1])
    assert rows[0] in selection.rows_in(large, alone)
