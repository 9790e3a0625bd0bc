"""The numbers in the tours' sentences, each computed from the checkpoints that the sentence is about."""

import math

import numpy as np

from app.services import catalogue, images, prior_components, priors, scores, units, verdict
from app.services.latent_plane import encoding
from app.services.loading import Ref, ServiceError
from app.services.memory import cached
from app.services.scores import Metric

# Test images whose nearest neighbours are looked up, and samples whose pixels are counted.
COUNTED = 1000
# Pixels of a decoded mean between these say that the decoder is unsure.
UNSURE = 0.25, 0.75
# Of the squared radius of a standard normal in two dimensions: the region that holds 99 % of its mass.
RADIUS_99 = -2 * math.log(0.01)


def ref(experiment: str, prior: str) -> Ref:
    """The checkpoint of an experiment with this prior.

    Raises:
        ServiceError: If there is none.
    """
    for each in catalogue.experiments():
        if each.name == experiment and (found := each.ref(prior)) is not None:
            return found
    raise ServiceError(f"this step shows {experiment}/{prior}, which is not here")


def pixels(experiment: str, prior: str) -> str:
    """Numbers of which an observation consists."""
    return f"{math.prod(catalogue.facts(ref(experiment, prior)).shape):,}"


def components(experiment: str, prior: str) -> str:
    """Components of the prior."""
    return f"{catalogue.facts(ref(experiment, prior)).alive:,}"


def dimensions(experiment: str, prior: str) -> str:
    """Latent dimensions of the top layer."""
    return f"{catalogue.facts(ref(experiment, prior)).info.latent_dims[0]}"


def active(experiment: str, prior: str) -> str:
    """Active units of the top layer."""
    return f"{units.activity(ref(experiment, prior))[0].count}"


def dead(experiment: str, prior: str) -> str:
    """Dead components of the prior."""
    return f"{int(prior_components.summary(ref(experiment, prior)).dead.sum()):,}"


def outside(experiment: str, prior: str) -> float:
    """The share of pixels of the pseudo-inputs that lie at or beyond black and white."""
    return catalogue.facts(ref(experiment, prior)).outside or 0.0


@cached(8)
def same_class(of: Ref) -> float:
    """The share of some test images whose nearest other image, by posterior means, has their class."""
    known = encoding.latents(of)
    some = np.arange(min(COUNTED, len(known.mean)))
    distances = np.square(known.mean[some, None] - known.mean[None]).sum(-1)
    distances[some, some] = np.inf
    return float((known.labels[distances.argmin(1)] == known.labels[some]).mean())


@cached(8)
def unsure_pixels(of: Ref) -> float:
    """The share of pixels of decoded samples that are neither black nor white."""
    shares = images.prior_samples(of, COUNTED).pixels / 255
    low, high = UNSURE
    return float(((shares > low) & (shares < high)).mean())


def stored(experiment: str, prior: str, name: str) -> Metric:
    """A stored score.

    Raises:
        ServiceError: If the checkpoint has none of that name.
    """
    found = catalogue.metric(ref(experiment, prior), name)
    if found is None:
        raise ServiceError(f"{experiment}/{prior} has no stored {name}: run python -m vampcore evaluate")
    return found


def difference(experiment: str, prior: str, base: str = "sg") -> Metric:
    """The stored score of a prior minus that of another, image by image.

    Raises:
        ServiceError: If the two cannot be compared.
    """
    found = scores.stored_difference(ref(experiment, prior), ref(experiment, base))
    if found is None:
        raise ServiceError(f"{prior} and {base} of {experiment} have no scores of the same images")
    return found


def inside_99(experiment: str) -> float:
    """The share of test images whose sample of q(z | x) lies where a standard normal of two dimensions has 99 %."""
    return float((np.square(encoding.latents(ref(experiment, "sg")).sample).sum(1) <= RADIUS_99).mean())


def unused_weight(experiment: str, prior: str) -> float:
    """Half of the summed differences of weight and usage: the share of the weight that the data use elsewhere."""
    known = prior_components.summary(ref(experiment, prior))
    return float(0.5 * np.abs(known.weights - known.usage).sum())


def elbo_by_class(experiment: str, prior: str) -> tuple[tuple[str, float], tuple[str, float]]:
    """The class with the lowest and that with the highest mean ELBO, and these means."""
    here = ref(experiment, prior)
    known, classes = encoding.latents(here), catalogue.facts(here).classes
    means = [float(known.elbo[known.labels == label].mean()) for label in range(len(classes))]
    worst, best = int(np.argmin(means)), int(np.argmax(means))
    return (classes[worst], means[worst]), (classes[best], means[best])


def error_if_unpaired(experiment: str, prior: str) -> float:
    """The standard error of the score of a prior minus the standard normal's, were they of different images."""
    score = difference(experiment, prior).name.removesuffix("_difference")
    each = (stored(experiment, name, score) for name in (prior, "sg"))
    return math.hypot(*(metric.se or 0.0 for metric in each))


def with_error(metric: Metric) -> tuple[float, float | None]:
    """A score and its standard error."""
    return metric.value, metric.se


def in_nats(value: float, se: float | None = None, digits: int = 1) -> str:
    """A value in nats with a true minus, and with its standard error where there is one."""
    text = f"{value:.{digits}f}" if se is None else f"{value:.2f} \u00b1 {se:.2f}"
    return text.replace("-", "\u2212")


def in_percent(share: float) -> str:
    """A share."""
    return f"{100 * share:.0f} %"


def trainings(experiment: str) -> str:
    """Trainings over which the verdict is the mean."""
    judged = _judged(experiment)
    return f"{judged.over_base(judged.refs[-1]).trainings}"


def who_wins(experiment: str) -> str:
    """Which mixtures explain the test images better than the standard normal, and by how much, as the verdict says."""
    judged = _judged(experiment)
    found = {each.prior: judged.over_base(each) for each in judged.refs if each != judged.base}
    better = {prior: each for prior, each in found.items() if each.outcome == "better"}
    if not better:
        return "neither mixture explains the test images better than the standard normal"
    said = (
        f"{priors.prior_name(prior)} by {in_nats(each.value, each.se)} nats an image" for prior, each in better.items()
    )
    verb = "mixtures explain" if len(better) == 2 else "mixture explains"
    which = "both" if len(better) == 2 else "one"
    return f"{which} {verb} the test images better than the standard normal: {' and '.join(said)}"


def _judged(experiment: str) -> verdict.Judged:
    return verdict.verdict(tuple(ref(experiment, prior) for prior in ("sg", "mog", "vamp")))
