"""Every page opens for every model that ships, with its data set or without."""

import itertools

import pytest
from streamlit.testing.v1 import AppTest

from tests import pages
from tests.app.reading import MAIN
from tools.patience import patience
from vampcore import zoo

PAGES = pages.OF_A_MODEL
SHOWN = {"sg": "SG", "mog": "MoG", "vamp": "Vamp", "vamp-data": "Vamp data"}
EXPERIMENTS = sorted({path.parent.parent.name for path in zoo.SHIPPED.glob("*/*/config.json")})


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_page_opens(shipped, experiment, monkeypatch, tmp_path):
    monkeypatch.setenv("VAMPCORE_DATA", str(tmp_path))
    priors = sorted(path.parent.name for path in (zoo.SHIPPED / experiment).glob("*/config.json"))
    for prior, page in itertools.product(priors, PAGES):
        at = AppTest.from_file(str(MAIN), default_timeout=patience())
        at.query_params.update({"experiment": experiment, "prior": SHOWN[prior]})
        if page != "overview":
            at.switch_page(f"views/{page}.py")
        at.run()
        where = f"{page} of {prior}"
        assert not at.exception, where
        assert not at.error, where
        assert at.title, where
        assert at.get("plotly_chart") or at.get("imgs"), where
        if (zoo.SHIPPED / experiment / "test.safetensors").exists():
            assert not [button.key for button in at.button if "download" in str(button.key)], where
