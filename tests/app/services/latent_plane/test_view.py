"""What a figure of the plane covers."""

import numpy as np


def test_the_whole_plane_holds_all_points_and_a_view_a_rim_about_it(large):
    from app import services

    whole = services.drawn_window(large, None)
    assert len(services.rows_in(large, whole)) == 30_000
    assert services.drawn_window(large, services.Window(0.0, 1.0, 2.0, 4.0)) == services.Window(-0.5, 1.5, 1.0, 5.0)


def test_a_window_of_rows_holds_them(large):
    from app import services

    rows = np.array([5, 77, 901])
    part = services.window_of(large, rows)
    assert set(rows) <= set(services.rows_in(large, part))
    alone = services.window_of(large, rows[:1])
    assert rows[0] in services.rows_in(large, alone)
