"""How long a browser takes from the event of a control to the new picture on the screen."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page

from benchmarks.timing import Seconds
from tools.browser import settled

QUIET = 0.3
"""Seconds without a change after which a picture is taken to be done; they are not counted."""

# Begins at the first key or button after it is armed, by the browser's own time stamp, and ends with the frame that
# follows the last change inside a figure, or the arrival of the last image. What hovering draws is no change.
WATCH = """
window.watch = { begun: null, last: null };
const IDLE = ".hoverlayer, .modebar-container, .modebar, .zoomlayer";
const shown = () => requestAnimationFrame(() => setTimeout(() => { watch.last = performance.now(); }, 0));
const begin = (event) => { if (watch.armed && watch.begun === null) watch.begun = event.timeStamp; };
for (const kind of ["keydown", "pointerup"]) document.addEventListener(kind, begin, true);
document.addEventListener("load", (event) => { if (event.target.tagName === "IMG") shown(); }, true);
const pictured = (node) => {
  const element = node.nodeType === 1 ? node : node.parentElement;
  if (!element || element.closest(IDLE)) return false;
  return element.closest(".js-plotly-plot") !== null || element.querySelector(".js-plotly-plot") !== null;
};
const look = (records) => {
  if (records.some((record) => pictured(record.target) || [...record.addedNodes].some(pictured))) shown();
};
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
});
"""
DONE = """(quiet) => {
  const running = !document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]");
  const stale = document.querySelector("[data-stale=true]");
  const { begun, last } = window.watch;
  return !running && !stale && begun !== null && last > begun && performance.now() - last > 1000 * quiet;
}"""
PATIENCE = 60_000


class Window:
    """A window of the browser on one page of a server.

    Arguments:
        browser: The browser.
        address: What to open.
        size: Width and height in pixels.
        listen: Called with the page before it is opened.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        size: tuple[int, int] = (1440, 900),
        listen: Callable[[Page], None] | None = None,
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="light", reduced_motion="reduce"
        )
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        if listen is not None:
            listen(self.page)
        self.page.goto(address)
        self.rest()

    def rest(self) -> None:
        """Wait until the page is whole and still."""
        settled(self.page)
        self.page.locator("[data-testid=stAppViewContainer]").wait_for()
        self.page.wait_for_timeout(1500)
        settled(self.page)

    def timed(self, act: Callable[[Page], None]) -> Seconds:
        """Seconds from the event that `act` causes to the frame that shows its picture.

        Raises:
            playwright.sync_api.TimeoutError: If no picture changes.
        """
        self.page.bring_to_front()
        self.page.evaluate("() => { Object.assign(watch, { armed: true, begun: null, last: null }); }")
        act(self.page)
        self.page.wait_for_function(DONE, arg=QUIET, polling=25, timeout=PATIENCE)
        return Seconds(self.page.evaluate("() => { watch.armed = false; return (watch.last - watch.begun) / 1000; }"))

    def close(self) -> None:
        """Close the window."""
        self.context.close()
