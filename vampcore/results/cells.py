"""Figures of a checkpoint as the cells of a table."""

import math
from collections.abc import Iterable

from vampcore.checkpoints import Checkpoint
from vampcore.checkpoints.card import component_count
from vampcore.config import Config
from vampcore.kinds import PRIORS
from vampcore.literature import Published, Source, published

MINUS = "−"
_SHORT = {
    "log_likelihood": "",
    "bits_per_dimension": "",
    "elbo": "ELBO ",
    "kl": "KL ",
    "mutual_information": "mutual information ",
    "marginal_kl": "marginal KL ",
}


def number(value: float, se: float | None = None, decimals: int = 2) -> str:
    """A figure with its standard error, both to as many decimals."""
    error = "" if se is None else f" ± {se:.{decimals}f}"
    return f"{value:.{decimals}f}{error}".replace("-", MINUS)


def figure(checkpoint: Checkpoint, name: str, decimals: int = 2) -> str:
    """A metric of a checkpoint; empty where it was not measured."""
    found = checkpoint.metric(name)
    return "" if found is None else number(found.value, found.se, decimals)


def model(config: Config) -> str:
    """Architecture and latent dimensions, bottom layer first, and a posterior that is not the usual one."""
    units = " + ".join(str(each) for each in reversed(config.latent_dims))
    posterior = "" if config.posterior == "normal" else f", {config.posterior} posterior"
    return f"{config.model}, {units} units{posterior}"


def prior(config: Config, checkpoint: Checkpoint | None = None) -> str:
    """The prior, and the number of its components where that is a choice: those it has, once there is a checkpoint."""
    if not config.prior_kind.components_are_chosen:
        return config.prior
    count = config.components if checkpoint is None else component_count(checkpoint)
    return f"{config.prior}, K = {count}{'' if checkpoint is None else effective(checkpoint)}"


def effective(checkpoint: Checkpoint) -> str:
    """How many components the test images use, exp(entropy of usage), in brackets; nothing where it is not known."""
    found = checkpoint.metric("effective_components")
    return "" if found is None else f" ({found.value:.1f} effective)"


def prior_words(priors: Iterable[str]) -> str:
    """What the priors' short names stand for."""
    return "; ".join(f"{name}: {PRIORS[name].sentence}" for name in sorted(set(priors)) if name in PRIORS)


def mutual_information(checkpoint: Checkpoint) -> str:
    """I_q[n, z] of the top layer, and its share of log N, which it cannot exceed."""
    found = checkpoint.metric("mutual_information")
    if found is None:
        return ""
    share = found.value / math.log(len(checkpoint.per_image.elbo))
    return f"{number(found.value, found.se)} ({share:.0%} of log N)"


def active_units(checkpoint: Checkpoint) -> str:
    """Active units of each layer from the bottom up: "34", or "16+5"."""
    layers = len(checkpoint.config.latent_dims)
    found = [checkpoint.metric("active_units", layer if layers > 1 else None) for layer in reversed(range(layers))]
    return "+".join("?" if metric is None else f"{metric.value:.0f}" for metric in found)


def epochs(checkpoint: Checkpoint) -> str:
    """Epochs trained; the number alone is of a training that came to its end."""
    done = checkpoint.progress.epochs
    return str(done) if checkpoint.progress.converged else f"{done}, not converged"


def wall_time(checkpoint: Checkpoint) -> str:
    """Time of all epochs, validation included."""
    seconds = sum(record.seconds for record in checkpoint.history)
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min" if seconds >= 600 else f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def comparable(config: Config) -> tuple[Published, ...]:
    """Published figures of the same setting; images that were binarised, or counted, otherwise are none."""
    if config.posterior != "normal":
        return ()
    found = published(config.data, config.model, config.prior, config.latent_dim, config.objective, config.samples)
    in_bits = {"bernoulli": False, "logistic": True}.get(config.likelihood)
    return tuple(each for each in found if (each.name == "bits_per_dimension") is in_bits)


def others(config: Config, sources: list[Source]) -> str:
    """Published figures with the numbers of their sources, which are added to `sources`."""
    cells: dict[Source, list[str]] = {}
    for found in comparable(config):
        units = f" ({found.active_units} units)" if found.active_units else ""
        unit = " bits" if found.name == "bits_per_dimension" else ""
        cells.setdefault(found.source, []).append(
            f"{_SHORT.get(found.name, found.name + ' ')}{number(found.value)}{unit}{units}"
        )
    for source in cells:
        if source not in sources:
            sources.append(source)
    return "; ".join(f"{', '.join(values)} [{sources.index(source) + 1}]" for source, values in cells.items())


def cited(source: Source) -> str:
    """A source in words."""
    parts = [source.title, *([source.url] if source.url else []), *(["as reported"] if source.as_reported else [])]
    return ", ".join([*parts, *([source.setting] if source.setting else [])])
