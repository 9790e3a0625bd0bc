"""`csv:PATH`."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from vampcore.datasets import DataError, load


def write(path: Path, frame: pd.DataFrame, **options: object) -> str:
    frame.to_csv(path / "own.csv", **{"index": False, **options})
    return f"csv:{path / 'own.csv'}"


def frame(rows: int = 30, columns: int = 12) -> pd.DataFrame:
    values = np.random.default_rng(3).integers(0, 256, (rows, columns))
    values[:, 0] = np.arange(rows)
    return pd.DataFrame(values, columns=[f"c{column}" for column in range(columns)])


def test_a_row_is_a_vector(tmp_path: Path) -> None:
    table = frame()
    own = load(write(tmp_path, table))
    assert own.shape == (1, 1, 12)
    assert own.likelihood == "logistic"
    assert own.classes == ()
    assert [len(part.images) for part in (own.train, own.validation, own.test)] == [24, 3, 3]
    for part in (own.train, own.validation, own.test):
        rows = part.images[:, 0, 0, 0].long()
        assert torch.equal(part.images[:, 0, 0].long(), torch.tensor(table.to_numpy())[rows])


def test_rows_become_images_of_the_shape_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, frame(columns=28))
    own = load(f"csv,shape=7x4:{tmp_path / 'own.csv'}")
    assert own.shape == (1, 7, 4)
    row = int(own.test.images[0, 0, 0, 0])
    assert own.test.images[0].flatten().tolist() == frame(columns=28).iloc[row].tolist()


@pytest.mark.parametrize("header", ["label", "Class", "target"])
def test_a_column_of_classes_is_found_by_its_name(tmp_path: Path, header: str) -> None:
    table = frame()
    table.insert(0, header, [f"kind {row % 2}" for row in range(30)])
    own = load(write(tmp_path, table))
    assert own.classes == ("kind 0", "kind 1")
    assert own.shape == (1, 1, 12)
    assert own.train.labels is not None
    assert torch.equal(own.train.labels, own.train.images[:, 0, 0, 0].long() % 2)
    assert f"column '{header}' is used as the class labels" in own.notes


def test_a_column_of_classes_can_be_named(tmp_path: Path) -> None:
    table = frame()
    table["species, kind"] = np.arange(30) % 3
    write(tmp_path, table)
    own = load(f"csv,label=species%2C kind:{tmp_path / 'own.csv'}")
    assert own.classes == ("0", "1", "2")
    assert own.shape == (1, 1, 12)
    with pytest.raises(DataError, match="has no column 'kind' for --label; columns are c0, c1"):
        load(f"csv,label=kind:{tmp_path / 'own.csv'}")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_are_found(tmp_path: Path, separator: str) -> None:
    assert torch.equal(
        load(write(tmp_path, frame(), sep=separator)).test.images, load(write(tmp_path, frame())).test.images
    )


def test_decimal_commas_are_read(tmp_path: Path) -> None:
    table = frame() / 255
    expected = load(write(tmp_path, table)).test.images
    assert torch.equal(load(write(tmp_path, table, sep=";", decimal=",")).test.images, expected)


def test_without_a_header_the_first_line_is_a_row(tmp_path: Path) -> None:
    own = load(write(tmp_path, frame(), header=False))
    everything = torch.cat([part.images for part in (own.train, own.validation, own.test)])
    assert sorted(everything[:, 0, 0, 0].tolist()) == list(range(30))
    assert own.notes == ("the columns are numbered, without names; if one contains class labels, add --label NUMBER",)


def test_without_a_header_the_class_labels_are_named_by_their_column_from_0(tmp_path: Path) -> None:
    table = frame()
    table.insert(0, "label", [row % 3 for row in range(30)])
    write(tmp_path, table, header=False)
    own = load(f"csv,label=0:{tmp_path / 'own.csv'}")
    assert own.shape == (1, 1, 12)
    assert own.classes == ("0", "1", "2")
    assert own.notes == ()


@pytest.mark.parametrize("index", [False, True])
def test_a_first_line_that_numbers_the_columns_is_no_row(tmp_path: Path, index: bool) -> None:
    table = frame()
    own = load(write(tmp_path, pd.DataFrame(table.to_numpy()), index=index))
    assert sum(len(part.images) for part in (own.train, own.validation, own.test)) == 30
    assert own.shape == (1, 1, 12)
    assert "the columns are numbered, without names" in own.notes[0]


def test_of_few_columns_a_first_line_0_1_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("0,1\n" + "5,6\n" * 29)
    own = load(f"csv:{tmp_path / 'own.csv'}")
    assert sum(len(part.images) for part in (own.train, own.validation, own.test)) == 30


def test_ids_and_row_numbers_are_no_values(tmp_path: Path) -> None:
    table = frame()
    table.insert(0, "id", [f"patient {row}" for row in range(30)])
    own = load(write(tmp_path, table, index=True))
    assert own.shape == (1, 1, 12)
    assert own.test.names == tuple(f"patient {int(image[0, 0, 0])}" for image in own.test.images)
    assert "column 'id' is used as the names of the rows" in own.notes


@pytest.mark.parametrize("kind", ["float", "whole floats", "0 and 1"])
def test_values_from_0_to_1_and_counts_are_taken(tmp_path: Path, kind: str) -> None:
    table = {"float": frame() / 255, "whole floats": frame().astype(float), "0 and 1": frame() % 2}[kind]
    own = load(write(tmp_path, table))
    expected = frame() % 2 if kind == "0 and 1" else frame()
    assert own.likelihood == ("bernoulli" if kind == "0 and 1" else "logistic")
    found = torch.cat([part.images for part in (own.train, own.validation, own.test)])[:, 0, 0].numpy()
    assert sorted(map(bytes, found)) == sorted(map(bytes, expected.to_numpy().astype(np.uint8)))


def test_square_rows_are_told_of(tmp_path: Path) -> None:
    own = load(write(tmp_path, frame(columns=64)))
    assert own.notes == ("rows are read as vectors of 64 values; if they are images, add --shape 8,8",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a,b\n" + "1,300\n" * 30,
            r"1 of 2 columns are not from 0 to 255, such as 'b' \(300 to 300\); scale",
        ),
        ("a,b\n" + "0.5,-1\n" * 30, r"columns are not from 0 to 1, such as 'b' \(-1 to -1\); scale .*frame.min"),
        ("a,b\n" + "0.5,12.5\n" * 30, r"not from 0 to 1, such as 'b' \(12.5 to 12.5\)"),
        ("a,b\n" + "0.5,inf\n" * 30, "column 'b' has 30 infinite values; replace them or remove these rows"),
        ("a,b\n" + "0.5,\n" * 30, "column 'b' has 30 empty cells; fill them or remove these rows"),
        ("a,b\n" + "0.5,x\n" * 30, "column 'b' contains text; remove it, or use it as the class labels with --label b"),
        (
            "a,label,class\n" + "1,2,3\n" * 30,
            "has the columns label, class; choose the one with the class labels with --label",
        ),
        ("a,b,label\n" + "1,2,\n" * 30, "column 'label' has 30 empty cells"),
        ("a,b\n" + "1,2\n" * 19, "holds 19 images; at least 20"),
        ("a,b\n", "has no rows"),
        ("a,b\n" + "1,2\n" * 20 + "1,2,3\n" * 3, "is not a complete table"),
        ("a,b\n" + "1,2,3\n" * 30, "rows with more values than columns"),
        ("one column\n" + "1\n" * 30, "first line has no comma, semicolon or tab"),
        (",".join(["1"] * 5000) + "\n", "5,000 columns"),
        ("", "is an empty file"),
        ('class,"label\n",b\n' + "1,2,3\n" * 30, "has a column name with a line break .*; rename it"),
    ],
)
def test_what_does_not_serve_is_one_line_with_the_hint(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "own.csv").write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        load(f"csv:{tmp_path / 'own.csv'}")
    assert str(tmp_path / "own.csv") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_table_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vampcore.datasets.own_csv.MAX_BYTES", 100)
    with pytest.raises(DataError, match=r"is larger than .* for npz:FILE"):
        load(write(tmp_path, frame()))


def test_any_bytes_are_refused_or_read(tmp_path: Path) -> None:
    random, shapes, messages = np.random.default_rng(8), set(), []
    whole = bytearray(Path(write(tmp_path, frame())[4:]).read_bytes())
    for _ in range(100):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 1):
            damaged[place] = random.choice(list(b'0,;"\n\t\x80a.-e'))
        (tmp_path / "own.csv").write_bytes(damaged)
        try:
            shapes.add(load(f"csv:{tmp_path / 'own.csv'}").shape[:2])
        except DataError as error:
            messages.append(str(error))
    assert shapes == {(1, 1)}
    assert messages
    assert not any("\n" in message for message in messages)


def test_a_table_in_another_encoding_is_told_to_be_saved_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "unicode.csv"
    path.write_bytes("label,a,b\n0,1,2\n".encode("utf-16"))
    with pytest.raises(DataError, match="is not text in UTF-8; save the table as CSV in UTF-8"):
        load(f"csv:{path}")
