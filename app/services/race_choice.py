"""What a viewer may choose of a race, and the runs that follow from it."""

from dataclasses import dataclass

from app.services import uploads
from app.services.loading import ServiceError
from vampcore import datasets
from vampcore.config import Config, ConfigError
from vampcore.datasets import DataError
from vampcore.kinds import PRIORS


@dataclass(frozen=True)
class Choice:
    """What a viewer chooses of a race.

    Attributes:
        data: Name of the data set, or the key of an upload.
        priors: Their keys.
        components: Of each mixture.
        latent_dim: Dimensions of the latent space.
        hidden: Units of each layer.
        epochs: At most.
        seed: Of the runs.
    """

    data: str
    priors: tuple[str, ...]
    components: int
    latent_dim: int
    hidden: int
    epochs: int
    seed: int = 0


def priors() -> tuple[str, ...]:
    """The keys of all priors."""
    return tuple(PRIORS)


def offered() -> dict[str, str]:
    """The data sets on this machine that a race can be trained on: their names for people, by name."""
    found = {name: datasets.title(name) for name in datasets.names() if datasets.available(name)}
    return dict(sorted(found.items(), key=lambda each: each[0] != "digits"))


def usual_epochs(data: str) -> int:
    """Epochs in which small models converge: few images take more of them."""
    return 120 if data == "digits" or uploads.is_small(data) else 30


def configurations(choice: Choice, name: str) -> tuple[Config, ...]:
    """The runs of a race: one for each prior, with a schedule that ends with its epochs.

    Raises:
        ServiceError: If they cannot be.
    """
    small = choice.data == "digits" or uploads.is_small(choice.data)
    data = uploads.data_of(choice.data)
    try:
        likelihood = datasets.default_likelihood(data)
        return tuple(
            Config(
                data=data,
                experiment=name,
                prior=prior,
                components=choice.components,
                latent_dim=choice.latent_dim,
                hidden=choice.hidden,
                likelihood=likelihood,
                warmup=max(1, choice.epochs // 6),
                patience=choice.epochs,
                epochs=choice.epochs,
                batch_size=50 if small else 250,
                learning_rate=1e-3,
                decay=0.5,
                seed=choice.seed,
            )
            for prior in choice.priors
        )
    except (ConfigError, DataError) as error:
        raise ServiceError(str(error)) from error
