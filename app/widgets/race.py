"""A race of priors on its page: its maps, what came of it, and what may be done with it."""

from collections.abc import Sequence

import streamlit as st

from app import addresses
from app.figures import theme
from app.frontend.lane import Lane
from app.frontend.links import Link, links
from app.frontend.race import race as maps
from app.services import priors, races
from app.services.races import Race
from app.widgets import lanes, numbers
from app.widgets.text import plain, printable

RACE, OWNER = "race", "owner"
"""Names in the address: the race in view, and the token of who started it."""
CLASSES = 12
_COOKIE = "vampscope_owner_"


def token_of(name: str) -> str:
    """The viewer's token of a race, from the address or from what the browser keeps; "" where there is none."""
    if st.query_params.get(RACE) == name and OWNER in st.query_params:
        return st.query_params[OWNER]
    return str(st.context.cookies.get(_COOKIE + name, ""))  # in tests of pages it is no text


def view(name: str, token: str) -> None:
    """Let the page show a race from its next run on."""
    st.query_params.from_dict({RACE: name} | ({OWNER: token} if token else {}))


def leave() -> None:
    """Let the page offer a new race from its next run on."""
    st.query_params.clear()


def show(race: Race, token: str) -> None:
    """The maps of a race, which move while it trains.

    Arguments:
        race: The race.
        token: The viewer's, which the browser keeps; "" where there is none.
    """
    address = addresses.race_address(race.name)
    if address is None:
        _without_routes(race.name)
        return
    maps(
        [_lane(prior) for prior in race.priors],
        [theme.class_colour(i) for i in range(CLASSES)],
        key=f"race-{race.name}",
        address=address,
        state=race.state,
        note=note(race),
        cookie=f"{_COOKIE}{race.name}={token}" if token else "",
        on_end=races.list_models_anew,
    )


def note(race: Race) -> str:
    """What the maps show."""
    words = "Points: posterior means of test images, by class; lines: 50, 80, 95 and 99 % of the prior\u2019s mass."
    if race.latent_dim > 2:
        words += (
            f" Each moment is drawn on the first two principal axes of its own means, of {race.latent_dim} dimensions."
        )
    return words


def outcome(race: Race) -> None:
    """What came of a race that does not train now."""
    failed = [f"{priors.prior_name(run.prior)}: {run.error}" for run in race.runs if run.error]
    if race.state == "finished":
        st.success(finished(race), icon=":material/flag:")
    elif race.state == "interrupted":
        st.warning(
            f"The trainer was ended{_when(race)}. What it had saved is kept: resume from there.",
            icon=":material/power_off:",
        )
    elif race.state == "stopped":
        st.info(f"Stopped{_when(race)}. {_models(race)}", icon=":material/stop_circle:")
    for words in failed:
        st.error(plain(words), icon=":material/error:")
    if race.why:
        st.caption(plain(race.why))


def finished(race: Race) -> str:
    """Which prior has come furthest, in a sentence."""
    known = [(run.validation_elbo, run.prior) for run in race.runs if run.validation_elbo is not None]
    if not known:
        return "All priors are trained."
    best, prior = max(known)
    subject = priors.prior_subject(prior)
    words = f"All priors are trained in {numbers.count(round(race.seconds))} s: " if len(known) > 1 else "Trained: "
    return f"{words}{subject} has the highest validation ELBO, {numbers.signed(f'{best:.1f}')} nats an image."


def open_in_overview(race: Race) -> None:
    """Links to what a race has made."""
    if race.models:
        links("Models", [Link("Open in Overview", f"./?experiment={race.name}", primary=True)], key="race_open")


def titles(found: Sequence[Race]) -> dict[str, str]:
    """What each race is called: what is trained, and its key."""
    return {each.name: printable(f"{each.title} ({each.name})") for each in found}


def _when(race: Race) -> str:
    epochs = max((int(run.epoch) for run in race.runs), default=0)
    return f" after {numbers.count(epochs)} epoch{'' if epochs == 1 else 's'}" if epochs else " before its first epoch"


def _models(race: Race) -> str:
    if not race.models:
        return "There is no model yet."
    return "The best models so far are listed under Experiment."


def _lane(prior: str) -> Lane:
    name = priors.prior_name(prior)
    return lanes.lane(prior, name, f"Map of {name} while it trains: test images by class, lines of the prior's mass")


@st.fragment(run_every=2.0)
def _without_routes(name: str) -> None:
    """How far a race is, in words, where the server has no address that the browser could ask."""
    race = races.race(name)
    if race is None:
        return
    for run in race.runs:
        elbo = (
            ""
            if run.validation_elbo is None
            else f", validation ELBO {numbers.signed(f'{run.validation_elbo:.1f}')} nats"
        )
        words = f"{priors.prior_name(run.prior)}: epoch {int(run.epoch)} of {run.epochs}{elbo}"
        st.progress(min(1.0, run.epoch / run.epochs), plain(words))
    if race.left:
        st.caption(race.left.capitalize())
    st.caption("Maps that move need the server that `make app` starts.")
    if not race.moving and st.session_state.pop(f"moving-{name}", False):
        races.list_models_anew()
        st.rerun()
    if race.moving:
        st.session_state[f"moving-{name}"] = True
