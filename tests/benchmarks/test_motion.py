"""The table of what moves in the browser."""

from benchmarks.motion import Motion, row


def test_a_row_has_frames_then_scripts_moving_and_at_rest_then_what_was_sent():
    moving = [Motion(50, 90), Motion(52, 100), Motion(54, 110)]
    still = [Motion(60, 10), Motion(60, 20), Motion(60, 30)]
    expected = ("film", "52.0 (51.0–53.0)", "60.0 (60.0–60.0)", "100 (95.0–105)", "20.0 (15.0–25.0)", "838")
    assert row("film", moving, still, 838_000) == expected
