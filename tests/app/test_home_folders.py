"""No page names a home folder."""

import pytest

from app.services import catalogue
from app.services.loading import DataMissing


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/home/anna/data/x.npz cannot be read", "~/data/x.npz cannot be read"),
        ("npz:/Users/anna/x.npz", "npz:~/x.npz"),
        ("folder:/root and /root/x", "folder:~ and ~/x"),
        ("no file '/home/anna'", "no file '~'"),
        ("/srv/people/me/runs is gone", "~/runs is gone"),
        ("/srv/people/melanie and /rooted stay", "/srv/people/melanie and /rooted stay"),
    ],
)
def test_a_home_folder_is_a_tilde(monkeypatch, said, shown):
    from app.services.home_folders import without_home

    monkeypatch.setenv("HOME", "/srv/people/me")
    assert without_home(said) == shown


def test_the_working_folder_is_left_out(tmp_path, monkeypatch):
    from app.services.home_folders import without_home

    monkeypatch.chdir(tmp_path)
    assert without_home(f"there is no file {tmp_path}/own.npz") == "there is no file own.npz"


def test_what_is_no_utf8_becomes_question_marks():
    from app.services.home_folders import without_home

    assert without_home("mod\udce8le is caf\u00e9") == "mod?le is caf\u00e9"


def test_a_long_path_has_a_short_name_on_the_pages(models, monkeypatch):
    import dataclasses

    from tests.app.conftest import clear_caches
    from vampcore import zoo

    first = zoo.entries()[0]
    info = dataclasses.replace(first.info, data="npz:/home/anna/\ud800/" + "deep/" * 20 + "cells.npz")
    monkeypatch.setattr(zoo, "entries", lambda: [dataclasses.replace(first, info=info)])
    clear_caches()
    assert catalogue.experiments()[0].priors[0].data == "cells.npz"


def test_an_error_of_a_service_is_shown_without_it(models, monkeypatch):
    monkeypatch.setenv("HOME", "/srv/people/me")
    assert str(DataMissing("/srv/people/me/data is empty")) == "~/data is empty"


def test_a_folder_that_is_no_checkpoint_is_listed_without_it(models, monkeypatch):
    from tests.app.conftest import clear_caches
    from vampcore import zoo

    monkeypatch.setenv("HOME", str(models))
    broken = zoo.Entry("a/sg", "a", "sg", models / "a" / "sg", error=f"{models}/a/sg/config.json is truncated")
    monkeypatch.setattr(zoo, "entries", lambda: [broken])
    clear_caches()
    (experiment,) = catalogue.experiments()
    assert experiment.broken[0].error == "~/a/sg/config.json is truncated"
