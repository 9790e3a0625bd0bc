"""Classes as people give them: numbers, texts, a column, or one-hot rows."""

import numpy as np
from jaxtyping import Int64

from vampcore.datasets.errors import DataError

MAX_CLASSES = 1000
_MOST_OF_A_NAME = 200


def class_numbers(
    where: str, arrays: dict[str, np.ndarray], counts: dict[str, int], names: np.ndarray | None
) -> tuple[dict[str, Int64[np.ndarray, " N"]], tuple[str, ...]]:
    """Numbers from 0 for the classes of every part, and the names of the classes, sorted.

    Arguments:
        where: The file, for messages.
        arrays: Labels by the key of their array.
        counts: How many images each of them is for.
        names: Names of the classes, where a file gives them.

    Returns:
        No labels and no names where there are fewer than two classes, which tells nothing.

    Raises:
        DataError: If they are no classes.
    """
    flat = {key: _flat(f"{where}: {key}", array, counts[key]) for key, array in arrays.items()}
    if not flat:
        if names is not None:
            raise DataError(f"{where}: classes is given without labels; save one integer for each image as labels")
        return {}, ()
    texts = {array.dtype.kind == "U" for array in flat.values()}
    if len(texts) > 1:
        raise DataError(f"{where}: {', '.join(flat)} are texts and numbers; save them alike")
    together = np.concatenate(list(flat.values()))
    known = np.unique(together)
    if texts == {False} and known[0] < 0:
        raise DataError(f"{where}: {', '.join(flat)} go from {known[0]} to {known[-1]}; number the classes from 0")
    if texts == {True} or known[-1] >= MAX_CLASSES:
        if len(known) > MAX_CLASSES:
            raise DataError(
                f"{where}: {', '.join(flat)} name {len(known):,} classes, more than {MAX_CLASSES:,}; group them, or "
                "leave the labels out"
            )
        classes = tuple(str(name)[:_MOST_OF_A_NAME] for name in known)
        numbers = {key: np.searchsorted(known, array).astype(np.int64) for key, array in flat.items()}
    else:
        classes = _named(where, names, int(known[-1]) + 1)
        numbers = {key: array.astype(np.int64) for key, array in flat.items()}
    return ({}, ()) if len(classes) < 2 else (numbers, classes)


def texts_of(where: str, array: np.ndarray) -> tuple[str, ...]:
    """Texts, bytes or numbers as texts.

    Raises:
        DataError: If it is no list of them.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise DataError(f"{where} is {array.dtype} {array.shape}; save one text for each")
    if array.dtype.kind == "S":
        return tuple(text.decode("utf-8", "replace")[:_MOST_OF_A_NAME] for text in array.tolist())
    return tuple(str(text)[:_MOST_OF_A_NAME] for text in array.tolist())


def _flat(where: str, array: np.ndarray, count: int) -> np.ndarray:
    """One text or whole number for each image."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and array.shape[0] == count and array.dtype.kind in "buif" and _is_one_hot(array):
        array = array.argmax(1)
    if array.dtype.kind == "S":
        array = np.array(texts_of(where, array))
    if (
        array.dtype.kind == "f"
        and np.isfinite(array).all()
        and (np.abs(array) < 2**31).all()
        and (array % 1 == 0).all()
    ):
        array = array.astype(np.int64)
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.dtype.kind not in "iuU" or array.shape != (count,):
        raise DataError(
            f"{where} is {array.dtype} {array.shape}; save one integer or text for each of the {count} images"
        )
    return array


def _is_one_hot(array: np.ndarray) -> bool:
    return array.shape[1] > 1 and bool(((array == 0) | (array == 1)).all() and (array.sum(1) == 1).all())


def _named(where: str, names: np.ndarray | None, count: int) -> tuple[str, ...]:
    if names is None:
        return tuple(map(str, range(count)))
    if names.dtype.kind not in "US" or names.ndim != 1 or names.size < count:
        raise DataError(
            f"{where}: classes is {names.dtype} {names.shape}, and the labels go to {count - 1}; save one text a class"
        )
    return texts_of(f"{where}: classes", names)
