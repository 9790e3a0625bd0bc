"""Links to every page of every model, with whatever a link may say."""

import functools
import re
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests import pages
from tests.fuzz.hostile import TEXT
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
said = st.one_of(
    st.sampled_from([*NUMBERS, *PLACES, *MARKUP, "true", "False", "sg", "Vamp", *TEXT]), st.text(max_size=12)
)


@functools.cache
def keys() -> tuple[str, ...]:
    """Names that a link may use: those of the controls of every page, and some of nobody."""
    found = {"experiment", "prior", "data", "figure_format", "component", "nobody", "embed", "__proto__"}
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
    return (at if page == "overview" else at.switch_page(f"views/{page}.py")).run()


def outside_code(markdown: str) -> str:
    """What is read as markup: all that is not between two backticks."""
    return re.sub("`[^`]*`", "", markdown)


def run(number: int, examples: int, counts: Counter[str]) -> None:
    """Open links; no page may raise, and none may show what the link says as markup."""
    known = keys()

    @seed(number)
    @settings(
        max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    @given(
        st.sampled_from(PAGES),
        st.dictionaries(st.sampled_from(known), st.one_of(said, st.lists(said, max_size=3)), max_size=6),
    )
    def case(page: str, query: dict[str, str | list[str]]) -> None:
        counts["inputs"] += 1
        at = opened(page, query)
        if at.exception:
            raise Fault(f"{page}: {at.exception[0].proto.type} {at.exception[0].value:.200}")
        for shown in (*at.markdown, *at.caption, *at.warning, *at.error, *at.info):
            for word in MARKUP[:3]:
                if word in outside_code(shown.value):
                    raise Fault(f"{page}: shows {word} of the link as markup")
        counts["opened"] += 1

    case()
