"""The sidebar, and notices above a page: an invalid link, missing data, no model."""

import streamlit as st

from app import presenting, state
from app.frontend import copy_link, one_entry
from app.services import availability, catalogue, loading, originals, priors
from app.services.catalogue import Experiment, Listed
from app.services.loading import Ref, ServiceError
from app.widgets.controls import choose, choose_key, choose_one, switch
from app.widgets.export import FORMAT_KEY, FORMATS
from app.widgets.numbers import count
from app.widgets.page import colour_rule, named
from app.widgets.screen import follow_width
from app.widgets.text import plain, printable

# A list longer than this gets a choice of the data set above it.
GROUPED = 12
ALL = "all"
# Of an edited prior, as many are told.
MOST_STEPS = 4
# What most pages do without the original images.
SHOWN_INSTEAD = "reconstructions are shown instead of the original images"


def show() -> bool:
    """Experiment, prior with its colour, format of saved figures, device in use, and the link to this view.

    Returns:
        Whether there is a model to look at; nothing is drawn otherwise.
    """
    experiments = catalogue.experiments()
    readable = [each for each in experiments if each.priors]
    if not readable:
        return False
    with st.sidebar:
        shown = _of_one_data_set(readable)
        opening, names = state.first().experiment.name, [each.name for each in shown]
        choose_key(
            "Experiment",
            {each.name: printable(each.title) for each in shown},
            key=state.EXPERIMENT,
            default=opening if opening in names else names[0],
            help="One data set and architecture, trained with several priors."
            + (" Type a part of its name to find it." if len(names) > GROUPED else ""),
        )
        experiment = state.selected().experiment
        keys = [ref.prior for ref in experiment.refs]
        choose_key(
            "Prior in view",
            {prior: printable(priors.prior_name(prior)) for prior in keys},
            key=state.PRIOR,
            default=state.default_prior(experiment),
            spelled={priors.short_prior_name(prior): prior for prior in keys},
            help="Used by the pages that show one prior. Overview and Compare priors show all of them.",
        )
        _identity(state.selected().listed)
        # An experiment that has no sound checkpoint cannot be chosen.
        for each in (experiment, *(other for other in experiments if not other.priors)):
            _warn_of_broken(each)
        st.divider()
        choose(
            "Export format",
            FORMATS,
            key=FORMAT_KEY,
            default=FORMATS[0],
            help="Used by the camera button of each chart; on a narrow screen only the latent plane has one.",
        )
        st.caption(f"Computed on {loading.device().name}")
        switch("Present", key=presenting.KEY, help="For a stage: this bar is folded, words and figures are larger.")
        copy_link()
        one_entry()
        follow_width()
    return True


def _of_one_data_set(listed: list[Experiment]) -> list[Experiment]:
    """Of a long list, the experiments of the data set chosen; of a short one, all."""
    sets = sorted({experiment.priors[0].data for experiment in listed})
    if len(listed) <= GROUPED or len(sets) == 1:
        return listed
    # No counts in the words, which are also what a link says and have to stay true.
    words = {ALL: "All"} | {name: name for name in sets}
    chosen = choose_one("Data set", list(words), key="data", default=ALL, names=words)
    return [each for each in listed if chosen in (ALL, each.priors[0].data)]


def _identity(listed: Listed) -> None:
    """What the chosen checkpoint is, under its prior's colour; from the catalogue alone, so that it cannot fail."""
    colour_rule(listed.ref.kind)
    components = f"{count(listed.info.components)} components, " if listed.info.components > 1 else ""
    edited = "prior edited, " if listed.info.edited else ""
    st.caption(f"{components}{edited}trained for {count(listed.info.epochs)} epoch{'s' * (listed.info.epochs != 1)}")
    if not listed.info.converged:
        st.caption(":material/hourglass_top: Training has not converged; these are the best weights so far.")
    if listed.in_use:
        st.caption(":material/sync: A process is training or measuring it now.")
    if not listed.info.checked:
        st.caption(":material/rule: Unchecked: a checkpoint of format 1 has no checksums of its files.")


def notices() -> None:
    """What was ignored in the link, until it is dismissed or another page is opened."""
    said = state.notices()
    if not said:
        return
    words, button = st.columns([8, 1], vertical_alignment="center")
    lines = "\n".join(f"- {line}" for line in said)
    words.warning(f"Ignored in the link:\n{lines}", icon=":material/link_off:")
    button.button("Dismiss", key="dismiss_notices", on_click=state.dismiss_notices)


def part_notice(refs: tuple[Ref, ...]) -> None:
    """Where checkpoints keep the latents of a part of their test images: which do, and what uses that part.

    Of an edited prior it says where that comes from.
    """
    for ref in refs:
        if (edit := catalogue.facts(ref).edit) is not None:
            done = "; ".join(edit.steps[:MOST_STEPS])
            more = f"; and {count(len(edit.steps) - MOST_STEPS)} more steps" if len(edit.steps) > MOST_STEPS else ""
            st.caption(f":material/edit: {plain(f'{ref.prior}: the prior of {edit.source}, edited: {done}{more}.')}")
    kept = {}
    for ref in refs:
        facts = catalogue.facts(ref)
        if not facts.keeps_all:
            kept[named(ref, priors.prior_name)] = f"{count(facts.images)} of the {count(facts.test_images)}"
    if not kept:
        return
    alike = len(kept) == len(refs) and len(set(kept.values())) == 1
    if alike:
        whose = f"This page uses a random {next(iter(kept.values()))} test images."
    else:
        parts = ", ".join(f"{part} ({plain(name)})" for name, part in kept.items())
        whose = f"This page uses random parts of the test images: {parts}."
    st.caption(f":material/filter_alt: {whose} Stored scores use all of them.")


def vector_notice(ref: Ref) -> None:
    """Where observations are vectors: how they are drawn."""
    facts = catalogue.facts(ref)
    if catalogue.is_vector(facts.shape):
        st.caption(
            f":material/bar_chart: The observations are vectors of {count(facts.shape[2])} values. Each bar is a value "
            "between the smallest and the largest that the data can have; the amber line is its mean over the test set."
        )


def data_notice(ref: Ref, key: str, consequence: str = SHOWN_INSTEAD) -> None:
    """If the original images are missing, say what follows from it, why they are missing, and how to get them.

    A data set that can be downloaded gets a button. If the images are there, say what has changed about them.

    Arguments:
        ref: The checkpoint.
        key: Of the button.
        consequence: What the page does without the images, as a clause.
    """
    missing = availability.missing_data(ref)
    if missing is None:
        if notes := originals.data_notes(ref):
            st.caption(f"Since the training, {plain('; '.join(notes))}.")
        return
    name = catalogue.data_title(ref)
    with st.container(border=True):
        if not availability.downloadable(ref):
            st.markdown(f"{consequence[0].upper()}{consequence[1:]}:")
            st.text(missing)
            return
        st.markdown(f"The data set {plain(name)} is not installed: {consequence}.")
        if st.button("Download the data set", key=key, icon=":material/download:"):
            bar = st.progress(0.0, f"Downloading {name}")
            try:
                availability.download(ref, lambda done, total: _report(bar, done, total, name))
            except ServiceError as error:
                st.error(plain(error), icon=":material/error:")
            else:
                st.rerun()


def _report(bar: st.delta_generator.DeltaGenerator, done: int, total: int, name: str) -> None:
    share = min(1.0, done / total) if total else 0.0
    bar.progress(share, f"Downloading {name}: {done / 1e6:,.1f} of {total / 1e6:,.1f} MB")


def no_checkpoint() -> None:
    """What to show, and what to type, where there is no model to look at."""
    st.title("No trained model yet", anchor=False)
    st.markdown(
        "Train one on the digits that come with VampScope. It takes a few minutes. The model is then in the sidebar:"
    )
    st.code("python -m vampcore train --data digits --prior vamp --components 16 --latent-dim 2", language="shell")
    for experiment in catalogue.experiments():
        _warn_of_broken(experiment)


def _warn_of_broken(experiment: Experiment) -> None:
    """A line for each checkpoint of an experiment that cannot be read."""
    for broken in experiment.broken:
        st.warning(plain(f"{broken.name}: {broken.error}"), icon=":material/broken_image:")
