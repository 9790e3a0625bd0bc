"""The latent space page as its tests open, read and handle it."""

from streamlit.testing.v1 import AppTest

from tests.app.reading import open_page

PLANE = 0


def opened(experiment="tiny-2d", prior="Vamp", **query: str) -> AppTest:
    return open_page("latent_space", experiment=experiment, prior=prior, **query)


def spec(at: AppTest) -> str:
    """The plane as it travels to the browser."""
    return at.get("plotly_chart")[PLANE].proto.spec


def lasso(at: AppTest, left: float, right: float, bottom: float, top: float) -> AppTest:
    """The page after a rectangle was drawn with the lasso, as the browser reports it."""
    from app import services

    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    ref = next(each for each in services.experiments() if each.name == "tiny-2d").refs[2]
    at.session_state["_latent_outlines"] = (ref, (corners,))
    at.run()
    assert not at.exception
    return at
