"""Names of data sets."""

from pathlib import Path

import pytest

from vampcore.datasets import DataError, OwnData, absolute_name, own_data, short_name
from vampcore.datasets.naming import parse_size

FULL = OwnData("folder", Path("/a/b:c,d=e"), (64, 48), "rgb", "pad", skip_bad=True, title="My, faces: a=b é")


@pytest.mark.parametrize(
    ("own", "name"),
    [
        (OwnData("folder", Path("/pictures")), "folder:/pictures"),
        (OwnData("npz", Path("x.npz"), shape=(28, 20)), "npz,shape=28x20:x.npz"),
        (OwnData("csv", Path("x.csv"), label="my, label"), "csv,label=my%2C label:x.csv"),
        (FULL, "folder,size=64x48,colour=rgb,fit=pad,skip-bad,name=My%2C faces%3A a%3Db %C3%A9:/a/b:c,d=e"),
    ],
)
def test_a_name_says_how_data_are_read(own: OwnData, name: str) -> None:
    assert str(own) == name
    assert own_data(name) == own


@pytest.mark.parametrize("name", ["", "mnist", "folder", "folder:", "Folder:x", "folder mine:x", "file:x", "folder,:"])
def test_other_names_are_no_own_data(name: str) -> None:
    assert own_data(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder,x=1:p", "'x=1' is not an option of folder; its options are size, colour, fit, skip-bad, name"),
        ("folder,:p", "'' is not an option of folder"),
        ("folder,skip-bad=1:p", "is not an option"),
        ("folder,size:p", "is not an option"),
        ("folder,size=0:p", "each side has 1 to 4096"),
        ("folder,size=5000x2:p", "each side has 1 to 4096"),
        ("folder,size=8x8x8:p", "is not a size"),
        ("folder,size=8,size=9:p", "an option twice"),
        ("folder,colour=red:p", "use one of grey, rgb"),
        ("folder,fit=squash:p", "use one of crop, pad, stretch"),
        ("npz,size=8:p", "is not an option of npz"),
        ("folder,name=:p", "1 to 60 printable"),
        ("folder,name=a%0Ab:p", "1 to 60 printable"),
        ("folder:" + "p" * 6000, "6007 characters; at most 5000 are supported"),
    ],
)
def test_options_that_cannot_be_are_one_line(name: str, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        own_data(name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_an_option_of_another_scheme_is_refused() -> None:
    with pytest.raises(DataError, match="--shape is for npz:PATH and csv:PATH, not for folder:PATH; remove the option"):
        OwnData("folder", Path("x"), shape=(2, 2))


@pytest.mark.parametrize(
    ("text", "size"), [("64,48", (64, 48)), ("64x48", (64, 48)), ("64", (64, 64)), ("64, 48", (64, 48))]
)
def test_sizes(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


def test_paths_are_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert absolute_name("folder,size=8x8:mine") == f"folder,size=8x8:{tmp_path}/mine"
    assert absolute_name("npz:~/x.npz") == f"npz:{tmp_path}/home/x.npz"
    assert absolute_name("mnist") == "mnist"
    with pytest.raises(DataError, match="unknown user"):
        absolute_name("npz:~nobody-of-that-name/x.npz")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("mnist", "mnist"),
        ("folder:/home/anna/pictures/faces", "faces"),
        ("npz:/home/anna/digits.npz", "digits.npz"),
        ("folder:/home/anna", "own images"),
        ("folder:/Users/anna/", "own images"),
        ("folder:/root", "own images"),
        ("folder:~", "own images"),
        ("folder:..", "own images"),
        ("folder:/", "own images"),
        ("folder,name=Faces:/home/anna/x", "Faces"),
        ("folder:/x/" + "a" * 100, "a" * 39 + "…"),
        ("y" * 100_000, "y" * 39 + "…"),
        ("folder:/x/a\udc80\nb", "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"),
        ("folder,size=none:/home/anna/x", "unknown data"),
    ],
)
def test_short_names_show_no_path(name: str, short: str) -> None:
    assert short_name(name) == short


def test_the_short_name_of_the_home_folder_is_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert short_name(f"folder:{tmp_path}") == "own images"
