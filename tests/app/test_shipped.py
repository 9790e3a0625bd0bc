"""Every page opens for every model that ships, with its data set or without."""

import functools

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.conftest import forget
from tests.app.reading import MAIN
from tests.patience import patience
from vampcore import zoo

PAGES = ("overview", "pseudo_inputs", "components", "latent_space", "active_units", "compare")
SHOWN = {"sg": "SG", "mog": "MoG", "vamp": "Vamp", "vamp-data": "Vamp data"}
SHIPPED = sorted((path.parent.parent.name, path.parent.name) for path in zoo.SHIPPED.glob("*/*/config.json"))


@pytest.fixture(autouse=True)
def only_shipped(monkeypatch):
    forget()
    monkeypatch.setattr(zoo, "entries", functools.partial(zoo.entries, (zoo.SHIPPED,)))
    yield
    forget()


@pytest.mark.parametrize(("experiment", "prior"), SHIPPED)
def test_every_page_opens(experiment, prior, monkeypatch, tmp_path):
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
    for page in PAGES:
        at = AppTest.from_file(str(MAIN), default_timeout=patience())
        at.query_params.update({"experiment": experiment, "prior": SHOWN[prior]})
        if page != "overview":
            at.switch_page(f"views/{page}.py")
        at.run()
        assert not at.exception, page
        assert not at.error, page
        assert at.title, page
        assert at.get("plotly_chart") or at.get("imgs"), page
        if (zoo.SHIPPED / experiment / "test.safetensors").exists():
            assert not [button.key for button in at.button if "download" in str(button.key)], page
