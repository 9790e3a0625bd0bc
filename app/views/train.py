"""Train: a race of priors on data of the viewer's choice, watched while it goes on."""

import streamlit as st

from app.services import priors, race_choice, races
from app.services.loading import ServiceError
from app.services.race_choice import Choice
from app.services.races import Race
from app.widgets import controls, numbers, page, race, screen, uploads
from app.widgets.text import plain, printable

PRIORS = ("sg", "mog", "vamp")
MOST_PRIORS = 4
DIMENSIONS = ("2", "10", "40")
UNITS = ("100", "300")
STATES = {
    "waiting": "waits for its turn",
    "training": "trains now",
    "interrupted": "was interrupted",
    "stopped": "was stopped",
    "finished": "is finished",
    "failed": "failed",
}
COMMAND = "python -m vampcore race --data digits --priors sg,mog,vamp --latent-dim 2 --components 16 --hidden 100"
OFF = (
    "Training from this page is off on this server. Whoever runs it turns it on with the variable "
    "`VAMPSCOPE_TRAIN=local` (`make app` does so on one\u2019s own machine). The same race in a terminal:"
)
EXPLANATION = """
The models of a race differ in their **prior** alone: data, networks, schedule and seed are the same. One process trains
them in turn, an epoch each, and each model is the one that training it alone would give, bit for bit.

On the **maps**, points are the posterior means of test images, and lines hold 50, 80, 95 and 99 % of the prior's mass.
In the first epochs the weight of the KL is small (warm-up), so the encoder spreads the images; then the prior and the
posteriors move towards each other. The standard normal cannot move; a mixture can.

The **ELBO** is a lower bound on $\\log p(x)$. The solid curve is that of images that are not trained on.

A race continues without the browser, and without this server. One that was stopped, or whose process was ended, can be
resumed from its last saved state.
"""


def choice() -> Choice:
    """What to train."""
    offered, own = race_choice.offered(), uploads.in_view()
    first, second, third = st.columns([2, 1, 1], gap="medium")
    with first:
        titles = {name: printable(title) for name, title in offered.items()}
        if own is None:
            data = controls.choose_one("Data set", list(offered), key="train_data", default="digits", names=titles)
        else:
            data = own
            uploads.show(own)
        known = race_choice.priors()
        names = {key: printable(priors.prior_name(key)) for key in known}
        chosen = controls.choose_many(
            "Priors", known, key="train_priors", default=PRIORS, limit=MOST_PRIORS, names=names
        )
        # On a phone the control shows as many of them as fit in a line.
        if screen.is_narrow() and len(chosen) > 1:
            st.caption(f"Chosen: {numbers.listed([plain(names[key]) for key in chosen])}")
    with second:
        components = controls.number(
            "Components", key="train_components", low=2, high=500, default=16, help="K of each mixture."
        )
        dimensions = controls.choose("Latent dimensions", DIMENSIONS, key="train_dimensions", default="2")
    with third:
        usual = race_choice.usual_epochs(data)
        epochs = controls.number("Epochs", key=f"train_epochs_{usual}", low=1, high=1000, default=usual)
        hidden = controls.choose("Units of a layer", UNITS, key="train_hidden", default="100")
    return Choice(data, chosen, components, int(dimensions), int(hidden), epochs)


def offer() -> None:
    """Choose a race, and start it."""
    wanted = choice()
    if st.button("Start", type="primary", icon=":material/play_arrow:", disabled=not wanted.priors, key="train_start"):
        name, token = races.start(wanted)
        race.view(name, token)
        st.rerun()


def list_races(found: tuple[Race, ...]) -> None:
    """The races that there are, those that can go on first."""
    if not found:
        return
    st.header("Races", anchor=False)
    titles = race.titles(found)
    for each in sorted(found, key=lambda each: not (each.moving or each.may_go_on)):
        words, button = st.columns([5, 1], vertical_alignment="center")
        words.markdown(f"**{plain(titles[each.name])}** {STATES[each.state]}")
        label = "Watch" if each.moving else "Open and resume" if each.may_go_on else "Open"
        if button.button(label, key=f"train_open_{each.name}", width="stretch"):
            race.view(each.name, race.token_of(each.name))
            st.rerun()


def act(found: Race, token: str) -> None:
    """What may be done with a race."""
    mine, owned = races.owns(found.name, token), races.has_owner(found.name)
    may_go_on = found.may_go_on and (mine or not owned)
    with st.container(horizontal=True, vertical_alignment="center"):
        if not found.moving:
            race.open_in_overview(found)
        if mine and found.moving and st.button("Stop", icon=":material/stop:", key="train_stop"):
            races.stop(found.name, token)
            st.rerun()
        if may_go_on and st.button("Resume", icon=":material/play_arrow:", key="train_resume"):
            race.view(found.name, races.go_on(found.name, token))
            st.rerun()
        if mine and not found.moving and found.models:
            keeps = "Keep the models, and end the race: it cannot be resumed then."
            if st.button("Keep", icon=":material/bookmark:", key="train_keep", help=keeps):
                races.keep(found.name, token)
                race.leave()
                st.rerun()
        if mine and not found.moving:
            with st.popover("Delete", icon=":material/delete:"):
                st.markdown("Delete this race and its models?")
                if st.button("Delete them", key="train_delete"):
                    races.delete(found.name, token)
                    race.leave()
                    st.rerun()
        if st.button("New race", icon=":material/add:", key="train_new"):
            race.leave()
            st.rerun()
    if not owned:
        st.caption("A command started this race. Whoever resumes it here can then stop and delete it.")
    elif not mine:
        st.caption("Whoever started this race can stop, resume and delete it, in the browser that started it.")


def show(found: Race) -> None:
    """A race: how it stands, its maps, and what may be done."""
    token = race.token_of(found.name)
    st.caption(plain(race.titles((found,))[found.name]))
    if found.before:
        st.info(f"{found.before} race{'' if found.before == 1 else 's'} before this one.", icon=":material/schedule:")
    if not found.moving:
        race.outcome(found)
    act(found, token)
    race.show(found, token)


page.page_head(
    "Train",
    "Train several priors on the same data and watch them: where the images go, and how each prior follows.",
    "prior",
)
if races.mode() == "off":
    st.info(OFF, icon=":material/info:")
    st.code(COMMAND, language="shell")
else:
    races.prepare()
    asked = st.query_params.get(race.RACE)
    in_view = races.race(asked) if asked else None
    if asked and in_view is None:
        st.info("This race is gone: it was deleted, or its models were kept.", icon=":material/info:")
    try:
        if in_view is not None:
            show(in_view)
        else:
            offer()
            uploads.offer(paths=races.mode() == "local")
            list_races(races.races())
    except ServiceError as error:
        st.error(plain(error), icon=":material/error:")
    page.explain(EXPLANATION)
