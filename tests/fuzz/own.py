"""What a user's own data may lead to."""

from collections import Counter

from tests.fuzz.judging import check, check_refusal
from vampcore import datasets
from vampcore.datasets import DataError, Dataset


def judge(name: str, counts: Counter[str]) -> None:
    """Read a data set: it is refused in one line, or every image and class is in its range."""
    try:
        datasets.available(name)
        found = datasets.load(name)
    except DataError as error:
        check_refusal(error)
        counts["refused"] += 1
        return
    check_ranges(found)
    counts["opened"] += 1


def check_ranges(found: Dataset) -> None:
    """Three parts of one shape, pixels up to the levels, classes up to their number."""
    check(found.shape[0] in (1, 3), f"{found.shape[0]} channels")
    check(all(1 <= size <= 4096 for size in found.shape), f"shape {found.shape}")
    for part in (found.train, found.validation, found.test):
        check(len(part.images) >= 1, "a part without images")
        check(tuple(part.images.shape[1:]) == found.shape, f"shapes {part.images.shape} and {found.shape}")
        check(int(part.images.max()) <= part.levels, f"a pixel of {int(part.images.max())} over {part.levels}")
        if part.labels is not None and found.classes:
            check(len(part.labels) == len(part.images), "not one class an image")
            top = int(part.labels.max())
            check(int(part.labels.min()) >= -1 and top < len(found.classes), f"class {top} of {len(found.classes)}")
    check(all(isinstance(name, str) for name in found.classes), "a class without a name")
