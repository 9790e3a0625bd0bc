"""A table of models in TOML: defaults, and a row for each model, in the fields of a configuration."""

import dataclasses
import stat
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vampcore import datasets
from vampcore.config import Config, ConfigError, config_from_json, family_name
from vampcore.datasets import DataError

MOST_BYTES = 2**20
MOST_LETTERS = 200
_SHAPE = "a table has `title` (text), [defaults] and one [[row]] a model, and may have `samples` and `images`"


class TableError(ValueError):
    """A table that cannot be worked on; the message is one line and says what to do."""


@dataclass(frozen=True)
class Estimate:
    """How log p(x) of the test set is estimated.

    Attributes:
        samples: S, importance samples an image.
        images: A random part of the test set, the same for every model; all of it if None.
    """

    samples: int = 5000
    images: int | None = None

    def images_of(self, test_images: int) -> int:
        """Images of a test set of so many."""
        return test_images if self.images is None else min(self.images, test_images)


@dataclass(frozen=True)
class Table:
    """What is to be trained and measured.

    Attributes:
        title: Heading of the report.
        rows: A configuration a model; no two have the same folder, `<experiment>/<prior>`.
        estimate: Of log p(x), for every row.
    """

    title: str
    rows: tuple[Config, ...]
    estimate: Estimate = Estimate()


def read_table(path: Path) -> Table:
    """Read a table.

    A row has the fields of `Config`; what it leaves out is in [defaults], or as the configuration's own default says.
    `likelihood` is the data set's own and `experiment` is named after it, unless they are given. Above them, `samples`
    and `images` say how log p(x) is estimated, as in `Estimate`.

    Raises:
        TableError: If the file is absent or no TOML, or a row is no sound configuration.
    """
    try:
        content = tomllib.loads(_text(path))
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror or error}): name a table in TOML") from error
    except ValueError as error:
        raise TableError(f"{path} is not valid TOML ({' '.join(str(error).split()):.200}): correct it") from error
    except RecursionError as error:
        raise TableError(f"{path} is nested too deep: {_SHAPE}") from error
    if unknown := sorted(set(content) - {"title", "samples", "images", "defaults", "row"}):
        raise TableError(f"{path}: {unknown[0]!r:.80} is unknown; {_SHAPE}")
    title, defaults, rows = content.get("title", path.stem), content.get("defaults", {}), content.get("row", [])
    if not isinstance(title, str) or not 0 < len(title) <= MOST_LETTERS or not title.isprintable():
        raise TableError(f"{path}: title is {title!r:.80}; it must be one line of text, {MOST_LETTERS} letters at most")
    sound = isinstance(defaults, dict) and isinstance(rows, list)
    if not sound or not rows or not all(isinstance(row, dict) for row in rows):
        raise TableError(f"{path}: {_SHAPE}")
    configs = tuple(_config(path, number, defaults | row) for number, row in enumerate(rows, 1))
    folders = Counter(f"{config.experiment}/{config.prior}" for config in configs)
    folder, count = folders.most_common(1)[0]
    if count > 1:
        raise TableError(f"{path}: {count} rows have the folder {folder}; give each an `experiment` of its own")
    return Table(title, configs, _estimate(path, content))


def _text(path: Path) -> str:
    """The content of a table; a pipe would never end, and a device would never stop."""
    if "\0" in str(path):
        raise TableError(f"{str(path).replace(chr(0), '?')} holds a NUL character: name a table in TOML")
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
        raise TableError(f"{path} is not a regular file of at most {MOST_BYTES >> 20} MiB: name a table in TOML")
    return path.read_text(encoding="utf-8")


def _estimate(path: Path, content: dict[str, Any]) -> Estimate:
    samples, images = content.get("samples", Estimate.samples), content.get("images")
    for name, value, least in (("samples", samples, 1), ("images", images, 2)):
        if value is not None and (type(value) is not int or value < least):
            raise TableError(f"{path}: {name} is {value!r:.80}; it must be a whole number, {least} or more")
    return Estimate(samples, images)


def _config(path: Path, number: int, fields: dict[str, Any]) -> Config:
    defaults = {field.name: field.default for field in dataclasses.fields(Config)}
    if unknown := sorted(set(fields) - set(defaults)):
        names = ", ".join(defaults)
        raise TableError(f"{path}: row {number}: {unknown[0]!r:.80} is unknown; use {names}")
    if not isinstance(fields.get("data"), str):
        raise TableError(f"{path}: row {number} names no data set; give `data` in it or in [defaults]")
    choices: dict[str, Any] = defaults | fields
    try:
        choices["data"] = datasets.absolute_name(fields["data"])
        if "likelihood" not in fields:
            choices["likelihood"] = datasets.default_likelihood(choices["data"])
        if "experiment" in fields:
            return config_from_json(choices)
        config = config_from_json(choices | {"experiment": "unnamed"})
        name = family_name(datasets.short_name(config.data), config.latent_dim, config.model, config.posterior)
        return dataclasses.replace(config, experiment=name)
    except (ConfigError, DataError) as error:
        raise TableError(f"{path}: row {number}: {error}") from error
