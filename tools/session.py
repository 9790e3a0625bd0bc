"""A viewer without a browser: a session of a Streamlit server over its own protocol, for load tests.

It opens a page as a browser does (query string, page name), keeps the messages that it was told to keep, moves controls
by their keys, and times a run from the message that asks for it to the one that says that it has finished. It draws
nothing, so that the processor's time is the server's. The messages are the protocol buffers that Streamlit ships.
"""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlparse

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

SUCCESS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
LARGEST = 64 * 2**20
"""Bytes of the largest message that a viewer takes."""


@dataclass(frozen=True)
class Served:
    """One run of a page as its viewer saw it.

    Attributes:
        seconds: From the request to the last message of the run.
        bytes: What came, uncompressed.
        messages: How many messages came.
    """

    seconds: float
    bytes: int
    messages: int


class Failed(RuntimeError):
    """A run that ended otherwise than well, or showed an exception."""


class Viewer:
    """One session on one page; an asynchronous context manager.

    Arguments:
        url: Address of the server.
        page: The page's path, "" for the default page.
        query: Query string, without "?".
    """

    def __init__(self, url: str, page: str = "", query: str = "") -> None:
        self.url, self.page, self.query = url, page, query
        self._socket: ClientConnection | None = None
        self._states: dict[str, WidgetState] = {}
        self._fragments: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._hashes: set[str] = set()
        self._script = ""
        self.started: Served | None = None

    async def __aenter__(self) -> Self:
        where = urlparse(self.url)
        self._socket = await connect(
            f"ws://{where.netloc}/_stcore/stream", max_size=LARGEST, subprotocols=None, proxy=None
        )
        request = self._request()
        request.rerun_script.page_name = self.page
        self.started = await self._run(request)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()

    def widget(self, key: str) -> str:
        """The id of the widget with a key.

        Raises:
            KeyError: If the page has none.
        """
        found = next((each for each in self._fragments if each.endswith(f"-{key}")), None)
        if found is None:
            raise KeyError(f"no widget of the page has the key {key!r}; there are {sorted(self._fragments)}")
        return found

    async def set(self, key: str, value: float | str) -> Served:
        """Move a control: a number for a number field or a slider (`[value]` inside), words for a segment.

        Only the fragment that holds the control runs again, as in a browser.
        """
        widget = self.widget(key)
        state = WidgetState(id=widget)
        self._fill(state, value)
        self._states[widget] = state
        request = self._request()
        request.rerun_script.fragment_id = self._fragments[widget]
        return await self._run(request)

    async def again(self) -> Served:
        """Run the whole page again."""
        return await self._run(self._request())

    def _fill(self, state: WidgetState, value: float | str) -> None:
        kind = self._kinds[state.id]
        if kind == "slider":
            state.double_array_value.data.append(float(value))
        elif kind == "number_input":
            state.double_value = float(value)
        elif kind == "button_group":
            state.string_array_value.data.append(str(value))
        else:
            state.string_value = str(value)

    def _request(self) -> BackMsg:
        request = BackMsg()
        state = request.rerun_script
        state.query_string = self.query
        state.page_script_hash = self._script
        state.widget_states.widgets.extend(self._states.values())
        state.cached_message_hashes.extend(self._hashes)
        state.context_info.url = f"{self.url}/{self.page}"
        state.context_info.timezone = "UTC"
        state.context_info.color_scheme = "light"
        return request

    async def _run(self, request: BackMsg) -> Served:
        if self._socket is None:
            raise Failed("the viewer has not connected yet")
        began, received, messages = time.perf_counter(), 0, 0
        await self._socket.send(request.SerializeToString())
        while True:
            data = await self._socket.recv()
            if isinstance(data, str):
                raise Failed(f"the server said {data!r}")
            received, messages = received + len(data), messages + 1
            message = ForwardMsg.FromString(data)
            self._read(message)
            if message.WhichOneof("type") == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                if message.script_finished not in SUCCESS:
                    raise Failed(f"the run ended with {message.script_finished}")
                return Served(time.perf_counter() - began, received, messages)

    def _read(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._script = message.new_session.page_script_hash
        elif kind == "navigation":
            self._script = message.navigation.page_script_hash or self._script
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        if message.metadata.cacheable and message.hash:
            self._hashes.add(message.hash)
        if kind != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        name = element.WhichOneof("type")
        if name is None:
            return
        if name == "exception":
            raise Failed(f"the page shows {element.exception.type}: {element.exception.message}")
        inner: Any = getattr(element, name)
        if widget := getattr(inner, "id", ""):
            self._fragments[widget] = message.delta.fragment_id
            self._kinds[widget] = name
