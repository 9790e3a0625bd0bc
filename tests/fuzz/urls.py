"""Links to every page of every model, with whatever a link may say."""

import functools
import re
from collections import Counter
from pathlib import Path

from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.services import catalogue
from tests import pages
from tests.fuzz.hostile import TEXT, fuzzer
from tests.fuzz.judging import Fault

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
PAGES = (*pages.OF_A_MODEL, "train")
SECONDS = 600  # AppTest's own limit; what takes too long is judged by who runs this
NUMBERS = ["0", "-1", "3", "1e999", "nan", "1e400", "9" * 400, "0x10", "1_0", "٣", "+1", " 2", "1e-400", "-0"]
PLACES = ["0,0", "nan,0", "1,2,3", "1e9,0", "0,1,0,1", "-1,1,-1,1", "1,0,1,0", "inf,-inf", ",", "0,1,0,1e-9"]
MARKUP = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](http://127.0.0.1:9/x.png)",
    "`",
    "$x$",
    ":red[x]",
]
STEPS = ["remove_1", "remove_0-99999", "copy_0.2-4", "weight_1_0.5", "image_3_0.1", "keep_2", "dead", "learn", "draft"]
STEPS += [f"{kind}_{pixels}_0.1" for kind in ("drawn", "uploaded") for pixels in ("0f" * 64, "ff" * 64, "00" * 98)]
OPEN = ("latent_own_open",)
"""What a viewer opens on a page, so that its controls are there."""
# A link is UTF-8, which has no halves of a pair of surrogates.
LINKED = [text for text in TEXT if text.encode(errors="ignore").decode() == text]
said = st.one_of(
    st.sampled_from([*NUMBERS, *PLACES, *MARKUP, "true", "False", "sg", "Vamp", *LINKED]), st.text(max_size=12)
)


@functools.cache
def keys() -> tuple[str, ...]:
    """Names that a link may use: those of the controls of every page, and some of nobody."""
    found = {
        "latent_own_image",
        "experiment",
        "prior",
        "data",
        "figure_format",
        "component",
        "edit",
        "nobody",
        "embed",
        "__proto__",
    }
    for page in PAGES:
        at = opened(page, {})
        found |= {each.key for kind in ("button_group", "selectbox", "number_input", "slider") for each in at.get(kind)}
        found |= {each.key for kind in ("multiselect", "toggle", "checkbox") for each in at.get(kind)}
    source = (path.read_text(encoding="utf-8") for path in (MAIN.parent / "views").glob("*.py"))
    found |= {
        word
        for text in source
        for word in text.replace("'", '"').split('"')[1::2]
        if "_" in word and word.isidentifier()
    }
    return tuple(sorted(key for key in found if key))


def opened(page: str, query: dict[str, str | list[str]]) -> AppTest:
    """A page, opened by a link."""
    at = AppTest.from_file(str(MAIN), default_timeout=SECONDS)
    for key, value in query.items():
        at.query_params[key] = value
    for key in OPEN:
        at.session_state[key] = True
    return (at if page == "overview" else at.switch_page(f"views/{page}.py")).run()


@st.composite
def links(draw: st.DrawFn) -> tuple[str, dict[str, str | list[str]]]:
    """A page and a query; of some, steps of an edit of a model that there is."""
    query = draw(st.dictionaries(st.sampled_from(keys()), st.one_of(said, st.lists(said, max_size=3)), max_size=6))
    if draw(st.integers(0, 3)):
        return draw(st.sampled_from(PAGES)), query
    ref = draw(st.sampled_from([ref for each in catalogue.experiments() for ref in each.refs]))
    steps = "~".join(draw(st.lists(st.one_of(st.sampled_from(STEPS), said), max_size=4)))
    named = {"experiment": ref.experiment, "prior": ref.prior, "edit": f"{ref.sha256[:6]}~{steps}"}
    return "edit_prior", query | named


def outside_code(markdown: str) -> str:
    """What is read as markup: all that is not between two backticks."""
    return re.sub("`[^`]*`", "", markdown)


@fuzzer
def run(draw: st.DrawFn, folder: Path, counts: Counter[str]) -> None:
    """Open a link; no page may raise, and none may show what the link says as markup."""
    page, query = draw(links())
    counts["inputs"] += 1
    at = opened(page, query)
    if at.exception:
        raise Fault(f"{page}: {at.exception[0].proto.type} {at.exception[0].value:.200}")
    for shown in (*at.markdown, *at.caption, *at.warning, *at.error, *at.info):
        for word in MARKUP[:3]:
            if word in outside_code(shown.value):
                raise Fault(f"{page}: shows {word} of the link as markup")
    counts["opened"] += 1
