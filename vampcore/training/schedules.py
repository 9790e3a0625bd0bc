"""What follows from the number of an epoch: weight of the KL, step size, and whether a snapshot is kept."""

from vampcore.checkpoints.records import MOST_SNAPSHOTS
from vampcore.config import Config


def beta_at(config: Config, epoch: int) -> float:
    """Weight of the KL in an epoch (from 1): rises linearly to 1 over the warm-up."""
    return min(1.0, epoch / config.warmup) if config.warmup else 1.0


def learning_rate_at(config: Config, epoch: int) -> float:
    """Step size in an epoch (from 1): constant, then linear towards 0 over the last `decay` of the epochs."""
    falling = config.decay * config.epochs
    return config.learning_rate * (min(1.0, (config.epochs - epoch + 1) / falling) if falling else 1.0)


def snapshot_epochs(epochs: int) -> set[int]:
    """The epochs whose prior is kept, 0 among them: few, and closer together at the start, where more happens."""
    steps = MOST_SNAPSHOTS - 2
    return {0} | {max(1, round(epochs ** (step / steps))) for step in range(steps + 1)}
