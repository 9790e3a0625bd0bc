"""A progress bar for work that counts what it has done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress_bar(unit: str, label: str | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal during the block; what it yields is called with the count done and the count to do."""
    with tqdm(desc=label, unit=unit, unit_scale=unit == "sample", total=0, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
