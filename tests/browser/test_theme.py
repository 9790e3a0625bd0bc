"""The self-hosted typeface reaches the browser, and its figures have one width."""

import shutil

from tools.browser import settled
from tools.server import ROOT, serve

WIDTHS = """() => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = getComputedStyle(document.querySelector("[data-testid=stMetricValue]")).font;
    return [..."0123456789+\\u2212\\u00b1"].map(figure => pen.measureText(figure).width);
}"""
LOADED = "() => [...document.fonts].some(face => face.family.includes('IBM Plex Sans') && face.status === 'loaded')"


def test_figures_are_tabular(page, tmp_path):
    script = tmp_path / "metric.py"
    script.write_text("import streamlit as st\nst.metric('Nats', '-85.43')\nst.code('u')\n", encoding="utf-8")
    shutil.copytree(ROOT / "app" / "static", tmp_path / "static")
    with serve(script, tmp_path / "log.txt") as server:
        page.goto(server.url)
        settled(page)
        page.get_by_test_id("stMetricValue").wait_for()
        page.wait_for_function(LOADED)
        widths = page.evaluate(WIDTHS)
    assert max(widths) - min(widths) < 0.01
