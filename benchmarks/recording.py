"""What a page sends its browser when a control is moved: the pictures, as they were sent.

A bare page shows them again, so that it has the very same things to show and nothing to compute.
"""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.browser import Window
from tools.browser import settled

Picture = dict[str, Any]
"""A plotly figure, {"figure": specification, "config": configuration}, or an image, {"image": address}."""

Slot = tuple[int, ...]
"""Where an element stands on a page: its delta path."""


class Recorder:
    """Keeps the pictures of each run; give `listen` to a `Window`, and call `taken` after each move.

    The server names a message that the browser has by its hash, so all messages since the page was opened are kept.
    """

    def __init__(self) -> None:
        self._known: dict[str, ForwardMsg] = {}
        self._shown: dict[Slot, Picture] = {}

    def listen(self, page: Page) -> None:
        """Listen to a page that has not been opened yet."""
        page.on("websocket", lambda socket: socket.on("framereceived", self.heard))

    def heard(self, frame: bytes | str) -> None:
        """Read one message of the server."""
        if isinstance(frame, str):
            return
        message = ForwardMsg.FromString(frame)
        slot = tuple(message.metadata.delta_path)
        if message.WhichOneof("type") == "ref_hash":
            message = self._known[message.ref_hash]
        elif message.hash:
            self._known[message.hash] = message
        element = message.delta.new_element
        if element.HasField("plotly_chart"):
            chart = element.plotly_chart
            self._shown[slot] = {"figure": json.loads(chart.spec), "config": json.loads(chart.config or "{}")}
        elif element.HasField("imgs"):
            self._shown[slot] = {"image": element.imgs.imgs[0].url}

    def taken(self) -> dict[Slot, Picture]:
        """The pictures that came since the last call, by their place."""
        taken, self._shown = self._shown, {}
        return taken


def changing(moves: list[dict[Slot, Picture]]) -> list[list[Picture]]:
    """Of each move, the pictures that every move sends and that are not the same each time, in the order of the page.

    Raises:
        ValueError: If there is none.
    """
    sent = sorted(set(moves[0]).intersection(*moves))
    changed = [slot for slot in sent if any(move[slot] != moves[0][slot] for move in moves)]
    if not changed:
        raise ValueError(f"none of {len(sent)} pictures changes in {len(moves)} moves")
    return [[move[slot] for slot in changed] for move in moves]


def record(browser: Browser, address: str, act: Callable[[Page], None], moves: int) -> list[list[Picture]]:
    """Move a control in a window of its own so many times, and give the pictures of each move."""
    recorder = Recorder()
    window = Window(browser, address, listen=recorder.listen)
    try:
        recorder.taken()
        taken = []
        for _ in range(moves):
            window.timed(act)
            window.page.wait_for_timeout(300)  # the mark of a click may be drawn long before its pictures
            settled(window.page)
            taken.append(recorder.taken())
    finally:
        window.close()
    return changing(taken)
