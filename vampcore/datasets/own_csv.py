"""`csv:PATH`: a user's own data as a table with one observation per row."""

import csv
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from vampcore.datasets.base import Dataset
from vampcore.datasets.errors import DataError
from vampcore.datasets.foreign import check_file, foreign
from vampcore.datasets.labels import class_numbers, texts_of
from vampcore.datasets.own import MIN_IMAGES, OwnSource, Part, check_values, dataset_from_one
from vampcore.datasets.own_npz import MAX_ROW, rows_layout
from vampcore.datasets.values import TOLERANCE

LABELS = ("label", "labels", "class", "target")
NAMES = ("id", "name", "file", "filename", "file_name", "path", "index", "")
MAX_BYTES = 1 << 30
_HEAD = 1 << 18
_SEPARATORS = ",;\t|"
# Columns from which on a first line 0, 1, 2, ... numbers them; in fewer it may be values.
_LEAST_NUMBERED = 8
_RESCALED = "scale the columns to 0 to 1, with pandas: (frame - frame.min()) / (frame.max() - frame.min())"


class CsvTable(OwnSource):
    """A table of numbers, split 80 / 10 / 10 with a fixed seed, with an optional column of class labels.

    The first line may contain column names. Class labels are in the column `label`, `class` or `target`, or in the one
    given with `--label`; a text column called `id`, `name` or `file` contains the names of the rows. All other values
    are integers from 0 to 255, or numbers from 0 to 1, which are rounded to 256 levels. A row is an image if `--shape`
    is given, else a vector, which is an image of height 1.
    """

    def read(self, root: Path) -> Dataset:
        """All rows.

        Raises:
            DataError: If the file is missing, is not a table, or contains values that are not pixels.
        """
        (path,) = self.files(root)
        check_file(path, "csv")
        refusal = foreign(path, "csv")
        if refusal is not None:
            raise refusal
        frame = _table(path)
        if len(frame) == 0:
            raise DataError(f"{path} has no rows; at least {MIN_IMAGES} are needed")
        labels = self._label_column(path, list(frame.columns))
        texts = [name for name in frame.columns if name != labels and frame[name].dtype.kind not in "biuf"]
        ids = next((name for name in texts if name.strip().casefold() in NAMES), None)
        texts = [name for name in texts if name != ids]
        if texts:
            raise DataError(
                f"{path}: column {texts[0]!r:.60} contains text; remove it, or use it as the class labels with "
                f"--label {texts[0]:.60}"
            )
        values = frame.drop(columns=[name for name in (labels, ids) if name is not None])
        count, width = values.shape
        shape = self.own.shape or (1, width)
        layout = rows_layout(str(path), width, shape)
        pixels = _pixels(path, values).reshape(count, 1, layout.height, layout.width)
        numbers, classes = class_numbers(
            str(path), {} if labels is None else {labels: _classes(path, frame[labels])}, {str(labels): count}, None
        )
        names = None if ids is None else texts_of(f"{path}: {ids}", frame[ids].astype(str).to_numpy().astype(str))
        part = Part(pixels, numbers.get(str(labels)), names)
        return dataset_from_one(self.name, path, part, classes, self._notes(labels, ids, width, _is_numbered(frame)))

    def _label_column(self, path: Path, columns: list[str]) -> str | None:
        if self.own.label is not None:
            if self.own.label not in columns:
                shown = ", ".join(columns[:12]) + (", ..." if len(columns) > 12 else "")
                raise DataError(f"{path} has no column {self.own.label!r:.60} for --label; columns are {shown:.400}")
            return self.own.label
        found = [name for name in columns if name.strip().casefold() in LABELS]
        if len(found) > 1:
            raise DataError(
                f"{path} has the columns {', '.join(found)}; choose the one with the class labels with --label"
            )
        return found[0] if found else None

    def _notes(self, labels: str | None, ids: str | None, width: int, numbered: bool) -> tuple[str, ...]:
        notes = []
        if numbered and self.own.label is None:
            notes.append("the columns are numbered, without names; if one contains class labels, add --label NUMBER")
        if labels is not None and self.own.label is None:
            notes.append(f"column {labels!r:.60} is used as the class labels")
        if ids is not None:
            notes.append(f"column {ids!r:.60} is used as the names of the rows")
        side = math.isqrt(width)
        if self.own.shape is None and side * side == width and side >= 8:
            notes.append(f"rows are read as vectors of {width} values; if they are images, add --shape {side},{side}")
        return tuple(notes)


def _table(path: Path) -> Any:
    """The table as a data frame.

    Raises:
        DataError: If it is too large or no table.
    """
    import pandas as pd  # slow to import, and only tables need it

    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path} is larger than {MAX_BYTES >> 20:,} MiB; save the values as uint8 for npz:FILE")
    separator, columns, header = _dialect(path)
    if columns > MAX_ROW + 10:
        raise DataError(f"{path} has {columns:,} columns; at most {MAX_ROW:,} are supported")
    decimal = "," if separator == ";" and _has_decimal_commas(path) else "."
    try:
        frame = pd.read_csv(
            path, sep=separator, header=0 if header else None, decimal=decimal, skipinitialspace=True, low_memory=False
        )
    except (ValueError, OverflowError, RuntimeError, MemoryError, RecursionError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} is not a complete table ({reason:.160}); save it as CSV again") from error
    frame.columns = [str(name) for name in frame.columns]
    if not all(name.isprintable() for name in frame.columns):
        raise DataError(f"{path} has a column name with a line break or another unprintable character; rename it")
    if frame.index.nlevels > 1 or not frame.columns.is_unique or not isinstance(frame.index, pd.RangeIndex):
        raise DataError(
            f"{path} has rows with more values than columns, or two columns with one name; save it as CSV again"
        )
    if header and re.fullmatch(r"Unnamed: \d+", frame.columns[0]):
        frame = frame.iloc[:, 1:]  # the numbers of the rows, which pandas writes
    return frame


def _is_numbered(frame: Any) -> bool:
    """Whether the columns are called 0, 1, 2, ..., as pandas calls columns without names."""
    return _counts(list(frame.columns))


def _dialect(path: Path) -> tuple[str, int, bool]:
    """The separator, the number of columns, and whether the first line names them."""
    head = _head(path)
    first = head[0] if head else ""
    separator = max(_SEPARATORS, key=first.count)
    cells = next(csv.reader([first], delimiter=separator), [])
    if len(cells) < 2:
        raise DataError(f"{path} is not a table: its first line has no comma, semicolon or tab; save it as CSV")
    numbered = len(cells) >= _LEAST_NUMBERED and _counts(cells)
    return separator, len(cells), numbered or not all(_is_number(cell) for cell in cells)


def _counts(names: list[str]) -> bool:
    return names == [str(number) for number in range(len(names))]


def _head(path: Path) -> list[str]:
    with path.open("rb") as file:
        return file.read(_HEAD).decode("utf-8-sig", "replace").splitlines()[:5]


def _has_decimal_commas(path: Path) -> bool:
    return any(re.search(r"\d,\d", line) for line in _head(path)[1:])


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _classes(path: Path, column: Any) -> np.ndarray:
    if column.isna().any():
        raise DataError(f"{path}: column {column.name!r:.60} has {int(column.isna().sum()):,} empty cells; fill them")
    return column.to_numpy() if column.dtype.kind in "biuf" else column.astype(str).to_numpy().astype(str)


def _pixels(path: Path, values: Any) -> UInt8[np.ndarray, "N D"]:
    """The columns as bytes.

    Raises:
        DataError: Naming the column that is out of range, and the rescaling that helps.
    """
    check_values(str(path), values.size)
    empty = values.isna().sum()
    if empty.any():
        column = empty.idxmax()
        raise DataError(
            f"{path}: column {column!r:.60} has {int(empty[column]):,} empty cells; fill them or remove these rows"
        )
    infinite = np.isinf(values.astype(float)).sum()
    if infinite.any():
        column = infinite.idxmax()
        raise DataError(
            f"{path}: column {column!r:.60} has {int(infinite[column]):,} infinite values; replace them or remove "
            "these rows"
        )
    low, high = values.min(), values.max()
    # Counts that were written as 12.0 are whole numbers as well.
    whole = all(kind.kind in "biu" for kind in values.dtypes) or bool(
        high.max() > 1.5 and (values % 1 == 0).all(axis=None)
    )
    most = 255 if whole else 1 + TOLERANCE
    least = 0 if whole else -TOLERANCE
    outside = (low < least) | (high > most)
    if outside.any():
        column = outside.idxmax()
        raise DataError(
            f"{path}: {int(outside.sum()):,} of {values.shape[1]:,} columns are not from 0 to {255 if whole else 1}, "
            f"such as {column!r:.60} ({low[column]:g} to {high[column]:g}); {_RESCALED}"
        )
    if whole:
        return values.to_numpy().astype(np.uint8)
    return np.rint(values.to_numpy(np.float64).clip(0, 1) * 255).astype(np.uint8)
