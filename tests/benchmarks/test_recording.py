"""The pictures that a move sends are read off the server's messages."""

import json

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.recording import Recorder, changing


def message(path, *, spec=None, image=None, text=None, hash=""):
    found = ForwardMsg()
    found.hash = hash
    found.metadata.delta_path.extend(path)
    element = found.delta.new_element
    if spec is not None:
        element.plotly_chart.spec = json.dumps(spec)
    elif image is not None:
        element.imgs.imgs.add().url = image
    else:
        element.markdown.body = text
    return found.SerializeToString()


def reference(path, hash):
    found = ForwardMsg()
    found.ref_hash = hash
    found.metadata.delta_path.extend(path)
    return found.SerializeToString()


def test_figures_and_images_are_kept_by_their_place_and_nothing_else():
    recorder = Recorder()
    recorder.heard(message([0, 1], spec={"data": [1]}))
    recorder.heard(message([0, 2], image="data:a"))
    recorder.heard(message([0, 3], text="words"))
    recorder.heard("ping")
    assert recorder.taken() == {(0, 1): {"figure": {"data": [1]}, "config": {}}, (0, 2): {"image": "data:a"}}
    assert recorder.taken() == {}


def test_a_message_that_the_browser_has_is_found_by_its_hash_at_its_new_place():
    recorder = Recorder()
    recorder.heard(message([0, 1], image="data:a", hash="x"))
    recorder.taken()
    recorder.heard(reference([0, 5], "x"))
    assert recorder.taken() == {(0, 5): {"image": "data:a"}}


def test_only_what_every_move_sends_and_what_differs_is_shown_again():
    rule, grid = {"image": "rule"}, [{"image": f"grid {i}"} for i in range(3)]
    moves = [{(0, 10): grid[0], (0, 2): rule}, {(0, 2): rule, (0, 10): grid[1]}]
    moves.append({(0, 1): grid[2], (0, 2): rule, (0, 10): grid[2]})
    assert changing(moves) == [[grid[0]], [grid[1]], [grid[2]]]


def test_they_come_in_the_order_of_the_page():
    moves = [{(0, 10): {"image": f"last {i}"}, (0, 9, 1): {"image": f"first {i}"}} for i in range(2)]
    assert changing(moves)[1] == [{"image": "first 1"}, {"image": "last 1"}]


def test_moves_that_change_no_picture_are_refused():
    with pytest.raises(ValueError, match="none of 1 pictures changes in 2 moves"):
        changing([{(0, 1): {"image": "a"}}] * 2)
