"""VampScope: what the prior of a variational autoencoder has learned. `make app` starts it by `app/asgi.py`."""

from pathlib import Path

import streamlit as st

from app import presenting, ready

STATIC = Path(__file__).parent / "static"
PATHS = ("", *(file.stem for file in Path(__file__).parent.joinpath("views").glob("*.py")))

st.set_page_config(
    page_title="VampScope",
    page_icon=STATIC / "icon.svg",
    layout="wide",
    initial_sidebar_state="collapsed" if presenting.is_presenting() else "auto",
)
st.logo(STATIC / "logo.svg", icon_image=STATIC / "icon.svg", size="large")

page = st.navigation(
    {
        "": [
            st.Page("views/tour.py", title="Tour", icon=":material/tour:"),
            st.Page("views/overview.py", title="Overview", icon=":material/space_dashboard:", default=True),
        ],
        "The prior": [
            st.Page("views/pseudo_inputs.py", title="Pseudo-inputs", icon=":material/grid_view:"),
            st.Page("views/components.py", title="Components", icon=":material/bubble_chart:"),
            st.Page("views/edit_prior.py", title="Edit the prior", icon=":material/edit:"),
        ],
        "The latent space": [
            st.Page("views/latent_space.py", title="Latent space", icon=":material/scatter_plot:"),
            st.Page("views/active_units.py", title="Active units", icon=":material/bar_chart:"),
        ],
        "Side by side": [
            st.Page("views/compare.py", title="Compare priors", icon=":material/compare:"),
            st.Page("views/likelihood.py", title="Likelihood", icon=":material/insights:"),
        ],
        "New models": [
            st.Page("views/train.py", title="Train", icon=":material/model_training:"),
        ],
    }
)

ready.wait_until_ready()

# Only now, since importing them is what a server gets ready by.
from app import state  # noqa: E402
from app.services import loading, turns  # noqa: E402
from app.services.loading import ServiceError  # noqa: E402
from app.widgets import sidebar, text, tour  # noqa: E402

with turns.rendering():
    state.begin(page.url_path, st.context.url, PATHS)
    presenting.spell_out()
    if sidebar.show():
        step = tour.step_in_view()
        sidebar.notices()
        try:
            loading.warm_up(state.selected().ref)
            sidebar.vector_notice(state.selected().ref)
            tour.show_step(page.url_path, step)
            page.run()
        except ServiceError as error:
            st.error(text.plain(error), icon=":material/error:")
    else:
        sidebar.no_checkpoint()
