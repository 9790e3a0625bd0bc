import pytest


def test_a_part_that_is_too_narrow_to_draw_is_seen_with_its_surroundings():
    from app.frontend import View
    from app.widgets.latent_plane.view import _widened

    assert _widened(View(1.0, 1.0001, -2.0, 3.0)) == pytest.approx((0.99905, 1.00105, -2.0, 3.0))
