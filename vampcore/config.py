"""What a run is: every choice that decides its result, typed, strict, and JSON both ways."""

import dataclasses
import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, get_type_hints

from vampcore.kinds import MODELS, PRIORS, PriorKind

CHOICES: dict[str, Collection[str]] = {
    "model": MODELS,
    "prior": PRIORS,
    "pseudo_inputs": ("random", "data", "class-means", "kmeans"),
    "likelihood": ("bernoulli", "binomial", "logistic"),
    "objective": ("elbo", "iwae"),
    "optimizer": ("adam", "adam-norm-grad"),
    "precision": ("float32", "bf16"),
    "posterior": ("normal", "nf", "iaf"),
}
# Choices that came after the first checkpoints: where a file does not name them, they were what their default says.
_LATER = ("posterior", "transforms", "transform_hidden", "neighbours", "grow_from", "grow_every")
_POSITIVE = (
    "components",
    "latent_dim",
    "hidden",
    "layers",
    "samples",
    "patience",
    "epochs",
    "batch_size",
    "learning_rate",
    "transforms",
    "transform_hidden",
    "neighbours",
    "grow_every",
)
# The networks of a flow are built before a checkpoint is compared with them, so their size has a limit. At it, the
# masks of an autoregressive one take 1.2 s on a CPU core; at twice each number, 13 s.
_MOST_OF_A_FLOW = {"latent_dim": 512, "transforms": 32, "transform_hidden": 512}
# Of an image: grey, or red, green and blue. The pages draw these and no others.
CHANNELS = (1, 3)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MOST = 2**63 - 1
# Each takes a row of a checkpoint's history.
MOST_EPOCHS = 100_000
# A dense layer of as many units as the last two has a gigabyte of weights.
_MOST_OF = {"epochs": MOST_EPOCHS, "hidden": 16_384, "latent_dim": 16_384}


class ConfigError(ValueError):
    """A configuration that cannot be run; the message is one line and says what to do."""


@dataclass(frozen=True)
class Config:
    """A training run. Field names are those of the command line.

    Attributes:
        data: Name of the data set; for your own data, `folder:PATH`, `npz:PATH` or `csv:PATH`.
        experiment: Name of the experiment, which is also the name of its folder.
        model: Architecture: `vae` (one stochastic layer), `hvae` (two stochastic layers), `convhvae` (two, with gated
            convolutions) or `pixelhvae` (the same with a PixelCNN decoder).
        prior: `sg`: standard normal; `mog`: mixture of normals; `vamp`: VampPrior with equal weights; `vamp-weighted`:
            with learned weights; `vamp-data`: with fixed training images as pseudo-inputs; `exemplar`: one component at
            each training image; `realnvp`: a normalising flow.
        components: Number K of mixture components. Ignored by `sg` and `realnvp`, and by `exemplar`, which has one per
            training image.
        latent_dim: Dimensions D of each stochastic layer.
        hidden: Units of each gated layer.
        layers: Number of gated dense layers in the encoder, and in the decoder. The number of convolutions is fixed.
        pseudo_inputs: Initial pseudo-inputs of `vamp`. With `data`, the snapshot before training is not saved.
        likelihood: p(x | z): `bernoulli` (0 or 1), `binomial` (counts), `logistic` (256 grey levels).
        objective: `elbo`, or `iwae` for the importance-weighted bound.
        samples: Latent samples per image in the objective.
        warmup: Epochs over which the weight beta of the KL rises to 1; 0 for no warm-up.
        patience: Stop after this many epochs without a better validation bound. Epochs during warm-up, and before the
            last growth of a mixture, do not count.
        epochs: Maximum number of epochs.
        batch_size: Images per step.
        learning_rate: Initial step size of Adam.
        decay: Last fraction of the epochs, over which the learning rate falls linearly to 0; 0 keeps it constant.
        optimizer: `adam`, or `adam-norm-grad`: Adam with each tensor's gradient divided by its norm.
        precision: `bf16` runs the matrix products of training in bfloat16; evaluation is always float32.
        seed: Seed of initialisation, order of the images, and noise.
        posterior: q(z | x) of the top layer: `normal`, with diagonal covariance; `nf`, a flow of coupling transforms;
            `iaf`, an inverse autoregressive flow. `nf` and `iaf` need the prior `sg`: a flow has no closed mean and
            scale, so it cannot be a component of a prior.
        transforms: Number of transforms in a normalising flow.
        transform_hidden: Units in each hidden layer of these transforms, and features of a posterior's context.
        neighbours: Number of nearest exemplars per image that a training step encodes again.
        grow_from: Initial number of components of a mixture (`mog`, `vamp`, `vamp-weighted`) that grows to
            `components`; 0 starts with all of them.
        grow_every: Epochs between growth steps.
    """

    data: str
    experiment: str
    model: str = "vae"
    prior: str = "vamp"
    components: int = 500
    latent_dim: int = 40
    hidden: int = 300
    layers: int = 2
    pseudo_inputs: str = "random"
    likelihood: str = "bernoulli"
    objective: str = "elbo"
    samples: int = 1
    warmup: int = 100
    patience: int = 50
    epochs: int = 2000
    batch_size: int = 100
    learning_rate: float = 5e-4
    decay: float = 0.0
    optimizer: str = "adam"
    precision: str = "float32"
    seed: int = 0
    posterior: str = "normal"
    transforms: int = 8
    transform_hidden: int = 128
    neighbours: int = 10
    grow_from: int = 0
    grow_every: int = 5

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(Config).items():
            object.__setattr__(self, name, _typed(name, getattr(self, name), kind))
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(allowed)}")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be greater than 0")
            if getattr(self, name) > _MOST:
                raise ConfigError(f"{name} is {getattr(self, name):.3g}, more than a computer counts to; ask for less")
        for name, most in _MOST_OF.items():
            if getattr(self, name) > most:
                raise ConfigError(f"{name} is {getattr(self, name)}; a run has {most} at most")
        if not 0 <= self.grow_from <= self.components:
            raise ConfigError(f"grow_from is {self.grow_from}; it must be between 0 and components, {self.components}")
        if self.grow_from and not self.prior_kind.grows:
            growing = ", ".join(kind.key for kind in PRIORS.values() if kind.grows)
            raise ConfigError(f"mixtures that grow are {growing}, not {self.prior}: leave out grow_from")
        if self.warmup < 0 or not 0 <= self.decay <= 1 or not 0 <= self.seed < 2**63:
            raise ConfigError("warmup must be 0 or more, decay between 0 and 1, seed between 0 and 2**63 - 1")
        if not _NAME.fullmatch(self.experiment):
            raise ConfigError(f"experiment is {self.experiment!r}; use letters, digits, '.', '_', '-', 80 at most")
        if (self.objective == "elbo" and self.samples > 1000) or self.samples > 10_000:
            raise ConfigError(f"samples is {self.samples}; a training step takes 1000 (elbo) or 10000 (iwae) at most")
        self._check_flows()

    def _check_flows(self) -> None:
        if self.posterior != "normal" and not self.prior_kind.any_posterior:
            others = ", ".join(kind.key for kind in PRIORS.values() if kind.any_posterior)
            raise ConfigError(
                f"prior is {self.prior!r} and posterior is {self.posterior!r}, which has no closed mean and scale for "
                f"a prior to borrow: use --prior {others}, or --posterior normal"
            )
        if self.has_flow:
            if self.latent_dim < 2:
                raise ConfigError("latent_dim is 1; a flow lets dimensions move each other: use --latent-dim 2 or more")
            for name, most in _MOST_OF_A_FLOW.items():
                if getattr(self, name) > most:
                    raise ConfigError(f"{name} is {getattr(self, name)}; a flow takes {most} at most")

    @property
    def has_flow(self) -> bool:
        """Whether prior or posterior is a normalising flow."""
        return self.prior_kind.is_flow or self.posterior != "normal"

    @property
    def prior_kind(self) -> PriorKind:
        """What is known of the prior."""
        return PRIORS[self.prior]

    @property
    def prior_components(self) -> int:
        """Components of the prior: 1 of `sg`, 0 of a flow, which has none."""
        fixed = self.prior_kind.fixed_components
        return self.components if fixed is None else fixed

    @property
    def latent_dims(self) -> tuple[int, ...]:
        """Dimensions of each stochastic layer, top first."""
        return (self.latent_dim,) * MODELS[self.model].stochastic_layers


@dataclass(frozen=True)
class DataSpec:
    """What the models of a data set see, kept with a checkpoint so that it opens where the data set is absent.

    Attributes:
        shape: Channels (1 or 3), height, width.
        levels: Largest count of a pixel: 1 for binary images, 16 for `digits`, 255 for grey images.
        classes: Names of the classes; empty where there are none.
    """

    shape: tuple[int, int, int]
    levels: int
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_observation(self.shape, self.levels, self.classes)


def family_name(data: str, latent_dim: int, model: str, posterior: str) -> str:
    """The name of an experiment that was given none: what its models share, without what is the default.

    The path of a user's own images is cut to what a name may hold.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", data)[-50:].strip("-._")
    others = [each for each in (model, posterior) if each not in (Config.model, Config.posterior)]
    return "-".join([name, f"{latent_dim}d", *others])


def to_json(value: Config | DataSpec) -> dict[str, Any]:
    """Plain JSON object with every field of a record of this module."""
    return dataclasses.asdict(value)


def config_from_json(fields: object) -> Config:
    """Strict inverse of `to_json`, also of files from before some choices could be made.

    Raises:
        ConfigError: If a key is unknown or missing, or a value has the wrong type.
    """
    kinds = get_type_hints(Config)
    return Config(
        **{name: _typed(name, value, kinds[name]) for name, value in _exact_fields(Config, "config", fields).items()}
    )


def observation_from_json(fields: object) -> DataSpec:
    """Strict inverse of `to_json`.

    Raises:
        ConfigError: If a key is unknown or missing, or a value has the wrong type.
    """
    known = _exact_fields(DataSpec, "observation", fields)
    shape, levels, classes = known["shape"], known["levels"], known["classes"]
    if not isinstance(shape, list | tuple) or not isinstance(classes, list | tuple):
        raise ConfigError("observation: shape and classes must be lists")
    _check_observation(tuple(shape), levels, tuple(classes))
    return DataSpec(tuple(shape), levels, tuple(classes))


def dumps(value: object) -> str:
    """JSON text, two spaces of indentation, no NaN or infinity."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _exact_fields(record: type, name: str, fields: object) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise ConfigError(f"{name} must be a JSON object")
    known = {field.name for field in dataclasses.fields(record)}
    if unknown := sorted(set(fields) - known):
        raise ConfigError(f"unknown key {unknown[0]!r} in {name}: written by another version? Upgrade vampcore")
    if missing := sorted(known - set(fields) - set(_LATER)):
        raise ConfigError(f"key {missing[0]!r} is missing in {name}")
    return fields


def _typed(name: str, value: Any, kind: type) -> Any:
    """The value of a field, a whole number widened where a float is asked for; nothing else is converted."""
    if kind is float and type(value) is int and abs(value) <= 2**53:
        value = float(value)
    if type(value) is not kind:
        raise ConfigError(f"{name} is {value!r:.80}; it must be of type {kind.__name__}")
    if isinstance(value, str) and any(0xD800 <= ord(letter) < 0xE000 for letter in value):
        raise ConfigError(f"{name} is {value!r:.80}, which is not UTF-8: rename the file or folder")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} is {value}; it must be finite")
    return value


def _check_observation(shape: Any, levels: Any, classes: Any) -> None:
    sizes = (*shape, levels)
    if len(sizes) != 4 or not all(type(size) is int and 0 < size <= 4096 for size in sizes):
        raise ConfigError(f"an observation of shape {shape!r:.80} and {levels!r:.80} levels cannot be")
    if shape[0] not in CHANNELS:
        raise ConfigError(f"an observation has {shape[0]} channels; images have 1 (grey) or 3 (colour)")
    if not all(isinstance(name, str) for name in classes):
        raise ConfigError("classes must be a list of names")
