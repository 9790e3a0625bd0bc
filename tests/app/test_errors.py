"""What a viewer sees of an error that nobody expected: that there was one, and nothing of the server."""

import tomllib

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from app.widgets import page
from tests.app.reading import MAIN
from tools.patience import patience

SECRET = "the server keeps this in /srv/secret"


@pytest.fixture
def settings(monkeypatch):
    """The option as the server reads it from the repository."""
    options = tomllib.loads((MAIN.parents[1] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    before = config.get_option("client.showErrorDetails")
    config.set_option("client.showErrorDetails", options["client"].get("showErrorDetails", "full"))
    yield
    config.set_option("client.showErrorDetails", before)


def test_a_viewer_sees_no_traceback_and_the_log_has_it(models, settings, monkeypatch, caplog):
    def fails(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(page, "page_head", fails)
    at = AppTest.from_file(str(MAIN), default_timeout=patience()).run()
    (shown,) = at.exception
    said = f"{shown.proto.type} {shown.proto.message} {list(shown.proto.stack_trace)}"
    assert "secret" not in said
    assert "overview.py" not in said
    assert SECRET in caplog.text
