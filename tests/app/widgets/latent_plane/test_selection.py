SQUARE = {"x": [-1.0, 1.0], "y": [-1.0, 1.0]}


def test_what_the_browser_drew_is_read_with_suspicion():
    from app.widgets.latent_plane.selection import outlines_of

    lasso = {"x": [0, 1, 1], "y": [0, 0, 1]}
    assert outlines_of({"selection": {"lasso": [lasso], "box": []}}) == ((((0, 0), (1, 0), (1, 1)),), "lasso")
    boxed, tool = outlines_of({"selection": {"box": [SQUARE]}})
    assert boxed == (((-1, -1), (1, -1), (1, 1), (-1, 1)),)
    assert tool == "select"
    for nonsense in (None, [], {"selection": {"lasso": [{"x": [0, 1], "y": [0]}, {"x": "abc", "y": "abc"}, 5]}}):
        assert outlines_of(nonsense) == ((), None)
    assert outlines_of({"selection": {"lasso": [{"x": [0, float("nan"), 1], "y": [0, 0, 1]}]}}) == ((), None)
