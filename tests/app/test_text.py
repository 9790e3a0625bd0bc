"""Names and messages in pages: text, never Markdown."""

import dataclasses
import re

import pytest
from streamlit.testing.v1 import AppTest

from app.services import catalogue
from app.services.catalogue import Broken, Listed
from app.widgets.text import plain, printable
from tools.patience import patience

JOINER = "\u2060"


def read(markdown: str) -> str:
    """What a reader of the Markdown sees: escapes undone, joiners without width."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown).replace(JOINER, "")


@pytest.mark.parametrize(
    "name",
    [
        "digits",
        "folder:![x](http://127.0.0.1/pixel.png?who)",
        "[l](javascript:alert(1))",
        "<img src=x onerror=y> &amp;",
        "**b** __i__ ~~s~~ `c` $x^2$",
        "# head",
        "1. one",
        ":red[x] :smile: :material/help:",
        "a|b > c = d",
        "leave out --out",
        "npz:/home/x/a file (1).npz",
        "\\ end\\",
    ],
)
def test_a_reader_sees_the_name_as_it_is(name):
    assert read(plain(name)) == name


@pytest.mark.parametrize("letter", "\\`*_{}[]()<>#+-.!|~$&:\"'^=")
def test_every_letter_that_could_be_markup_is_escaped(letter):
    shown = plain(f"a{letter}b")
    assert shown.startswith(f"a\\{letter}")


@pytest.mark.parametrize(
    "made", [":smile:", ":material/help:", "http://x", "ftp://x", "www.x.y", "WWW.x.y", "a@b.c", "a--b"]
)
def test_what_streamlit_makes_after_the_escapes_is_held_apart(made):
    shown = plain(made).replace("\\", "")
    assert made not in shown
    assert shown.replace(JOINER, "") == made


def test_what_cannot_be_sent_or_seen_is_marked():
    for text in (plain("a\ud800b\x00\u202ec\x7f"), printable("a\ud800b\x00\u202ec\x7f")):
        text.encode()
        assert text == "a\ufffdb\ufffd\ufffdc\ufffd"


def test_it_is_one_line_of_bounded_length():
    assert plain("a\n\n b\tc") == printable("a\n\n b\tc") == "a b c"
    assert plain("x" * 5000) == "x" * 399 + "\u2026"
    assert printable("x" * 5000, most=10) == "x" * 9 + "\u2026"


def failing() -> None:
    """A page of a checkpoint that cannot be read, whose message holds a foreign name."""
    from app.services.loading import ServiceError
    from app.widgets.fragment import fragment

    @fragment
    def part() -> None:
        raise ServiceError("![x](http://127.0.0.1/pixel.png)")

    part()


def test_an_error_is_text():
    at = AppTest.from_function(failing, default_timeout=patience()).run()
    assert at.error[0].value == plain("![x](http://127.0.0.1/pixel.png)")
    assert "](" not in at.error[0].value


def sidebar() -> None:
    from app.widgets import sidebar

    sidebar.show()


def test_a_broken_folder_is_named_as_text(models, monkeypatch):
    name = "![x](http://127.0.0.1/pixel.png)"
    found = catalogue.experiments()[0]
    broken = Broken(name, name)
    experiment = dataclasses.replace(found, broken=(broken,))
    monkeypatch.setattr(catalogue, "experiments", lambda: (experiment,))

    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert at.sidebar.warning[0].value == plain(f"{name}: {name}")


@pytest.mark.parametrize("prior", ["a[b](//c)", "_x_"])
def test_a_folder_of_any_name_is_an_option_as_text(models, monkeypatch, prior):
    """Segments read Markdown, a select box does not."""
    found = catalogue.experiments()[0]
    listed = Listed(**{**vars(found.priors[0]), "ref": found.priors[0].ref._replace(prior=prior)})
    experiment = dataclasses.replace(found, priors=(listed, *found.priors[1:]))
    monkeypatch.setattr(catalogue, "experiments", lambda: (experiment,))

    at = AppTest.from_function(sidebar, default_timeout=patience()).run()
    assert not at.exception
    assert len(at.sidebar.selectbox) == 2
