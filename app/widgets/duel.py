"""The duel: pairs of samples of two priors, unlabelled; the viewer says which looks more like a real image."""

from itertools import combinations

import streamlit as st

from app import duel
from app.services import catalogue, images
from app.services.loading import Ref
from app.state import expect_switch
from app.widgets import pictures
from app.widgets.controls import choose_one, number
from app.widgets.family import full_name, short_name
from app.widgets.fragment import fragment
from app.widgets.text import plain

SWITCH, BETWEEN, SEED = "compare_duel", "compare_duel_priors", "compare_duel_seed"
# The choices of each duel of this session, by the two checkpoints and the seed.
_CHOSEN = "_duel_chosen"
# Added to the seed, so that the samples are none of those that the page shows under their priors.
_NOT_SHOWN = 2_000_003
_KEYS: dict[duel.Side, str] = {"left": "1", "right": "2"}
# On a phone the second one stands below the first.
_WORDS: dict[duel.Side, str] = {"left": "First", "right": "Second"}


@fragment
def show_duel(refs: tuple[Ref, ...]) -> None:
    """The duel of two of these priors, once it is switched on."""
    st.header("Duel", anchor=False)
    expect_switch(SWITCH)
    # No toggle: it would keep the focus, and with it the keys.
    if st.query_params.get(SWITCH, "").lower() != "true":
        st.button(
            f"Judge {duel.PAIRS} pairs of samples without knowing which prior drew them",
            key=f"{SWITCH}_begin",
            icon=":material/play_arrow:",
            on_click=st.query_params.update,
            args=({SWITCH: "true"},),
        )
        return
    pairs = {f"{one.prior}-{other.prior}": (one, other) for one, other in combinations(refs, 2)}
    words = {key: f"{short_name(one)} and {short_name(other)}" for key, (one, other) in pairs.items()}
    first_and_last = f"{refs[0].prior}-{refs[-1].prior}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=260):
            between = choose_one("Between", list(pairs), key=BETWEEN, default=first_and_last, names=words)
        seed = number("Seed of the duel", key=SEED, low=0, high=9999, width=150)
        st.button("End the duel", key=f"{SWITCH}_end", icon=":material/close:", on_click=_end)
    one, other = pairs[between]
    chosen = _chosen().get((one, other, seed), ())
    if len(chosen) < duel.PAIRS:
        _ask(one, other, seed, chosen)
    else:
        _result(one, other, seed, chosen)


def _end() -> None:
    del st.query_params[SWITCH]


def _chosen() -> dict[tuple[Ref, Ref, int], tuple[duel.Side, ...]]:
    found: dict[tuple[Ref, Ref, int], tuple[duel.Side, ...]] = st.session_state.setdefault(_CHOSEN, {})
    return found


def _choose(of: tuple[Ref, Ref, int], pair: int, side: duel.Side) -> None:
    """Note a choice; a second one for a pair, by a key that was held down, is none."""
    before = _chosen().get(of, ())
    if len(before) == pair:
        _chosen()[of] = (*before, side)


def _ask(one: Ref, other: Ref, seed: int, chosen: tuple[duel.Side, ...]) -> None:
    """The next pair, and two buttons that are also keys."""
    pair = len(chosen)
    st.markdown(
        f"**Pair {pair + 1} of {duel.PAIRS}.** Each prior has drawn one of these images. Which looks more real? Press "
        "the button under it, or its key, 1 or 2."
    )
    first_side = duel.sides(seed)[pair]
    for column, side in zip(st.columns(2, width=640), _KEYS, strict=True):
        ref = one if side == first_side else other
        shown = images.prior_samples(ref, duel.PAIRS, seed + _NOT_SHOWN).pixels[pair : pair + 1]
        with column:
            pictures.show(
                pictures.images_png(shown, catalogue.facts(ref).binary), alt=f"The {_WORDS[side].lower()} sample"
            )
            st.button(
                _WORDS[side],
                # Another button for each pair, so that the answer to one is never taken for that to the next.
                key=f"compare_duel_{side}_{pair}",
                on_click=_choose,
                args=((one, other, seed), pair, side),
                shortcut=_KEYS[side],
                width="stretch",
            )


def _result(one: Ref, other: Ref, seed: int, chosen: tuple[duel.Side, ...]) -> None:
    """What this viewer's choices say, and the way to another duel."""
    found = duel.tally(duel.sides(seed), chosen)
    low, high = (f"{100 * end:.0f}" for end in found.interval())
    names = [plain(full_name(ref)) for ref in (one, other)]
    st.markdown(
        f"**This viewer chose {names[0]} in {found.chosen} of {found.pairs} pairs**, {100 * found.share:.0f} % (95 % "
        f"interval {low} to {high} %, Wilson), and {names[1]} in the others."
    )
    if found.decided:
        preferred = names[0] if found.share > 0.5 else names[1]
        st.markdown(f"The interval excludes 50 %: to this viewer, samples of {preferred} look more real.")
    else:
        st.markdown(f"The interval contains 50 %: {found.pairs} pairs do not show that this viewer prefers one.")
    st.button(
        "Play again with other samples",
        key="compare_duel_again",
        on_click=lambda: st.session_state.update({SEED: (seed + 1) % 10_000}),
    )
