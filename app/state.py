"""What is selected, bound to the URL and checked: experiment, prior, and the controls of the page in view.

A control's key is its name in the URL, so keys carry the prefix of their page. Streamlit binds a widget to the URL by
itself (`bind="query-params"`) and falls back to the default where it cannot read a value, but silently, and `1e999` in
a number input raises. So every value that a URL brings is checked here before its widget first exists: what cannot be
used is taken out of the URL and named in a notice.

That binding writes the words of an option. Experiment and prior have words for people and keys for the URL, so they are
not bound: `expect_key` and `show_key` read and write the URL around their widgets.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.addresses import page_of
from app.figures.plane import NARROWEST
from app.services import catalogue, priors
from app.services.catalogue import Experiment, Listed
from app.services.loading import Ref, ServiceError

EXPERIMENT = "experiment"
PRIOR = "prior"
FARTHEST = 1e4
"""The largest coordinate of a place or a part that a URL may name."""

_PAGE = "_page"
_VISIT = "_visit"
_NOTICES = "_notices"
_ADDRESSED = "_addressed"


@dataclass(frozen=True)
class Selection:
    """The checkpoint in view and the experiment that it belongs to."""

    experiment: Experiment
    listed: Listed

    @property
    def ref(self) -> Ref:
        """The checkpoint's name and content, which every service takes."""
        return self.listed.ref


def begin(page: str, address: str | None = None, pages: tuple[str, ...] = ()) -> None:
    """Start a run of `page`: what was said on another page is forgotten.

    Arguments:
        page: Its path in the URL, "" for the first page.
        address: The URL that the browser shows, where it is known.
        pages: The paths of all pages; a session that begins at another one is told that there is no such page.
    """
    if st.session_state.get(_PAGE) != page:
        seen = st.session_state.get(_PAGE) is not None
        if address is not None and not seen and (asked := page_of(address)) not in (page, *pages):
            ignored("page", asked, "there is no such page, so this is the first one")
        st.session_state[_PAGE] = page
        st.session_state[_VISIT] = visit() + 1
        if seen:
            st.session_state[_NOTICES] = []


def visit() -> int:
    """How often a page was opened in this session: what a browser showed on an earlier visit is gone."""
    return int(st.session_state.get(_VISIT, 0))


def selected() -> Selection:
    """The experiment and prior that the sidebar shows.

    Raises:
        ServiceError: If there is no checkpoint.
    """
    name = st.session_state.get(EXPERIMENT)
    experiment = next((each for each in catalogue.experiments() if each.priors and each.name == name), None)
    return _of(experiment or first().experiment, st.session_state.get(PRIOR))


def first() -> Selection:
    """What is shown where nothing was chosen.

    Raises:
        ServiceError: If there is no checkpoint.
    """
    if experiment := catalogue.opening():
        return _of(experiment, None)
    raise ServiceError("there is no trained model yet: run python -m vampcore train --data digits")


def _of(experiment: Experiment, prior: str | None) -> Selection:
    wanted = (prior, default_prior(experiment))
    listed = next(each for name in wanted for each in experiment.priors if each.ref.prior == name)
    return Selection(experiment, listed)


def default_prior(experiment: Experiment) -> str:
    """The default prior where the experiment has it, else its first one."""
    return priors.DEFAULT_PRIOR if experiment.ref(priors.DEFAULT_PRIOR) else experiment.priors[0].ref.prior


def notices() -> tuple[str, ...]:
    """What was ignored in the URL of this page, one line of Markdown each."""
    return tuple(st.session_state.get(_NOTICES, ()))


def dismiss_notices() -> None:
    """Forget the notices, once they were read."""
    st.session_state[_NOTICES] = []


def ignored(key: str, raw: str, hint: str) -> None:
    """Add a notice that the URL's value of `key` was ignored; `hint` says what it may be, as Markdown."""
    sentence = f"{key} = {_as_code(raw)}: {hint}."
    known = st.session_state.setdefault(_NOTICES, [])
    if sentence not in known:
        known.append(sentence)


def _as_code(said: str) -> str:
    """What the URL or a checkpoint says as code, so that nothing in it is read as markup."""
    plain = " ".join(said.replace("`", "'").split())
    shown = plain if len(plain) <= 40 else plain[:39] + "\u2026"
    return f"`{shown or ' '}`"


def expect_choice(key: str, labels: Mapping[str, str], default: str | None) -> None:
    """Check a control whose value is one of `labels`' keys before it is drawn.

    Arguments:
        key: The control's key and name in the URL.
        labels: Option -> the words shown, which are also what the URL says (the option itself is understood too).
        default: What the control falls back to.
    """
    _check_choices(key, labels, many=False)
    if key in st.session_state and st.session_state[key] not in labels and st.session_state[key] is not default:
        st.session_state[key] = default


def expect_key(key: str, options: Collection[str], default: str, spelled: Mapping[str, str]) -> None:
    """Let a control whose options are keys follow the URL, before it is drawn.

    It follows where the URL has changed since it was last drawn: at first, by a link, and by Back. A page that the
    navigation opens has no query yet, so there the control stays as it is; not so one that Back leads to.

    Arguments:
        key: The control's key and name in the URL.
        options: What can be chosen.
        default: What the URL does not name.
        spelled: Other words for some options that a URL may have.
    """
    asked, known = st.query_params.get(key), st.session_state.get(_ADDRESSED, {}).get(key)
    opened = known is None or known[0] != visit()
    if asked is not None and (opened or asked != known[1]):
        option = asked if asked in options else spelled.get(asked)
        if option not in options:
            some = ", ".join(map(_as_code, list(options)[:6])) + (", \u2026" if len(options) > 6 else "")
            _drop(key, [asked], f"it may be {some}")
        st.session_state[key] = option
    elif asked is None and (_by_history() or (not opened and known[1] is not None)):
        st.session_state[key] = default
    if st.session_state.get(key) not in options:
        st.session_state[key] = default


def _by_history() -> bool:
    """Whether Back, Forward or a link of a tour led here, so that the whole view is that of the URL."""
    return (context := get_script_run_ctx()) is not None and context.is_history_navigation


def show_key(key: str, chosen: str, default: str) -> None:
    """Name what was chosen in the URL, after its control was drawn; the default is not named."""
    said = None if chosen == default else chosen
    if st.query_params.get(key) != said:
        if said is None:
            del st.query_params[key]
        else:
            st.query_params[key] = said
    st.session_state[_ADDRESSED] = st.session_state.get(_ADDRESSED, {}) | {key: (visit(), said)}


def expect_choices(key: str, labels: Mapping[str, str], limit: int | None = None) -> None:
    """Check a control whose value is at most `limit` of `labels`' keys before it is drawn."""
    _check_choices(key, labels, many=True)
    raw = _arrived(key)
    if limit is not None and len(raw) > limit:
        _drop(key, raw, f"at most {limit} may be chosen")
    if key in st.session_state:
        kept = [each for each in st.session_state[key] if each in labels][:limit]
        if kept != list(st.session_state[key]):
            st.session_state[key] = kept


def expect_number(key: str, low: float, high: float, default: float, whole: bool) -> None:
    """Check a control whose value is a number from `low` to `high` before it is drawn."""
    if key in st.session_state:
        if not low <= st.session_state[key] <= high:
            st.session_state[key] = default
        return
    raw = _arrived(key)
    if raw and _number(raw[-1], low, high, whole) is None:
        kind = "a whole number" if whole else "a number"
        _drop(key, raw, f"{kind} from {low:g} to {high:g} was expected")


def expect_switch(key: str) -> None:
    """Check a control that is on or off before it is drawn."""
    raw = _arrived(key)
    if raw and raw[-1].lower() not in ("true", "false"):
        _drop(key, raw, "true or false was expected")


def point(key: str) -> tuple[float, float] | None:
    """The place `key=x,y` that the URL names, or None."""
    raw = st.query_params.get(key)
    if raw is None:
        return None
    parts = raw.split(",")
    x, y = (_number(part, -FARTHEST, FARTHEST, whole=False) for part in parts) if len(parts) == 2 else (None, None)
    if x is None or y is None:
        _drop(key, [raw], f"two numbers of at most \u00b1{FARTHEST:,.0f} with a comma between them were expected")
        return None
    return x, y


def set_point(key: str, x: float, y: float) -> None:
    """Put a place into the URL, to four digits after the point."""
    st.query_params[key] = f"{x:.4f},{y:.4f}"


def clear_point(key: str) -> None:
    """Take a place out of the URL."""
    st.query_params.pop(key, None)


def window(key: str) -> tuple[float, float, float, float] | None:
    """The part of a plane `key=left,right,bottom,top` that the URL names, or None."""
    raw = st.query_params.get(key)
    if raw is None:
        return None
    ends = [end for part in raw.split(",") if (end := _number(part, -FARTHEST, FARTHEST, whole=False)) is not None]
    if len(ends) == raw.count(",") + 1 == 4 and is_part(*ends):
        return ends[0], ends[1], ends[2], ends[3]
    hint = "left, right, bottom and top with commas between them were expected, left below right and bottom below top"
    _drop(key, [raw], f"{hint}, by {NARROWEST:g} or more, each at most \u00b1{FARTHEST:,.0f}")
    return None


def is_part(left: float, right: float, bottom: float, top: float) -> bool:
    """Whether the sides run upwards and are long enough to be drawn."""
    # A number of the URL may be rounded by half of its last digit.
    return min(right - left, top - bottom) > 0.999 * NARROWEST


def set_window(key: str, left: float, right: float, bottom: float, top: float) -> None:
    """Put a part of a plane into the URL, to a thousandth of its side."""
    digits = max(0, 3 - math.floor(math.log10(min(right - left, top - bottom))))
    st.query_params[key] = ",".join(f"{end:.{digits}f}" for end in (left, right, bottom, top))


def _arrived(key: str) -> list[str]:
    """What the URL brings for a control that does not exist yet in this session."""
    return [] if key in st.session_state else st.query_params.get_all(key)


def _number(raw: str, low: float, high: float, whole: bool) -> float | None:
    try:
        value = float(raw)
    except ValueError:
        return None
    if not math.isfinite(value) or not low <= value <= high or (whole and value != int(value)):
        return None
    return value


def _check_choices(key: str, labels: Mapping[str, str], many: bool) -> None:
    raw = _arrived(key)
    if not raw:
        return
    wanted = raw if many else raw[-1:]
    spelled = [labels.get(each, each) for each in wanted]
    unknown = [each for each in spelled if each not in labels.values()]
    if unknown:
        some = ", ".join(map(_as_code, list(labels.values())[:6])) + (", \u2026" if len(labels) > 6 else "")
        _drop(key, unknown, f"it may be {some}" if labels else "there is nothing to choose from")
    elif spelled != raw:
        st.query_params[key] = spelled
        st.rerun()


def _drop(key: str, raw: list[str], hint: str) -> None:
    """Take a value out of the URL, say so, and start the run afresh: the binding reads the URL of the run's start."""
    ignored(key, ", ".join(raw), hint)
    if key in st.query_params:
        del st.query_params[key]
    st.rerun()
