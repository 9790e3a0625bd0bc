"""The tours: what each step claims holds on the shipped models, computed here from their files, and its link opens."""

import math
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
import torch

from tests.app.conftest import clear_caches, use_root
from tests.app.reading import charts, open_page, words
from vampcore import zoo
from vampcore.checkpoints import Checkpoint, load
from vampcore.checkpoints.packed import read_packed

FLAT, DEEP = "mnist-2d", "static-mnist-40d"


@pytest.fixture(scope="module", autouse=True)
def only_shipped() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_root(zoo.SHIPPED, patch)
        yield
    clear_caches()


@pytest.fixture(scope="module")
def model() -> Callable[[str, str], Checkpoint]:
    """Shipped checkpoints, each read once."""
    found: dict[tuple[str, str], Checkpoint] = {}

    def read(experiment: str, prior: str) -> Checkpoint:
        if (experiment, prior) not in found:
            found[experiment, prior] = load(zoo.SHIPPED / experiment / prior)
        return found[experiment, prior]

    return read


def stored(checkpoint: Checkpoint, name: str) -> float:
    return checkpoint.metric(name).value


def mean_and_error(values: torch.Tensor) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def gain(checkpoint: Checkpoint, base: Checkpoint) -> tuple[float, float]:
    """By how much the test images are likelier over all trainings, paired, with the error over images and trainings."""
    mine, theirs = (
        torch.stack([each.log_likelihood.double() for each in (model.per_image, *model.trainings)])
        for model in (checkpoint, base)
    )
    differences = mine - theirs
    of_each, (mean, over_images) = differences.mean(1), mean_and_error(differences.mean(0))
    over_trainings = float(of_each.var() / len(of_each)) if len(of_each) > 1 else 0.0
    return mean, (over_images**2 + over_trainings) ** 0.5


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def nats(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace("-", "\u2212")


def images_of(folder: str) -> torch.Tensor:
    part = read_packed(zoo.SHIPPED / folder)
    assert part is not None
    return part.images.flatten(1).float()


@torch.inference_mode()
def autoencoder(model, said):
    vamp = model(FLAT, "vamp")
    assert math.prod(vamp.observation.shape) == 784
    assert "784" in said
    latents = vamp.latents.layers[0].mean
    assert latents.shape[1] == 2
    images = images_of(FLAT)[vamp.latents.ids[:500]]
    decoded = vamp.model.decode(latents[:500]).mean().flatten(1)
    assert (decoded - images).square().mean() < 0.75 * (images.mean(0) - images).square().mean()


def order(model, said):
    known = model(FLAT, "vamp").latents
    mean, labels = known.layers[0].mean, known.labels
    distances = torch.cdist(mean[:1000], mean)
    distances[torch.arange(1000), torch.arange(1000)] = torch.inf
    share = float((labels[distances.argmin(1)] == labels[:1000]).double().mean())
    assert share > 0.5
    assert f"{percent(share)} of 1,000" in said


def prior(model, said):
    assert nats(stored(model(FLAT, "sg"), "marginal_kl"), 2) in said


def mixture(model, said):
    vamp, normal = (stored(model(FLAT, prior), "marginal_kl") for prior in ("vamp", "sg"))
    assert vamp < normal
    assert f"{nats(vamp, 2)} nats instead of {nats(normal, 2)}" in said
    assert f"{model(FLAT, 'vamp').config.components} components" in said


@torch.inference_mode()
def samples(model, said):
    shares = {}
    for name in ("sg", "mog", "vamp"):
        vae = model(FLAT, name).model
        draws = vae.prior(vae.encoder).sample((1000,), torch.Generator().manual_seed(0))
        pixels = (vae.decode(draws).mean() * 255).round() / 255
        shares[name] = float(((pixels > 0.25) & (pixels < 0.75)).double().mean())
    assert shares["sg"] > max(shares["mog"], shares["vamp"])
    assert f"{percent(shares['sg'])} of them with the standard normal" in said
    assert f"{percent(shares['vamp'])} with the VampPrior" in said


def winner(model, said, experiment=FLAT):
    for name, called in (("mog", "Mixture of Gaussians"), ("vamp", "VampPrior")):
        mean, error = gain(model(experiment, name), model(experiment, "sg"))
        assert mean > 2 * error
        assert f"{called} by {nats(mean, 2)} \u00b1 {nats(error, 2)} nats" in said
    assert "both mixtures explain the test images better" in said


def latent(model, said):
    assert "2 numbers for 784 pixels" in said


def hardest(model, said):
    vamp = model(FLAT, "vamp")
    classes, elbo = vamp.observation.classes, vamp.per_image.elbo[vamp.latents.ids]
    means = [float(elbo[vamp.latents.labels == label].mean()) for label in range(len(classes))]
    best, worst = int(np.argmax(means)), int(np.argmin(means))
    assert f"digit {classes[best]} ({nats(means[best])} nats)" in said
    assert f"of {classes[worst]} ({nats(means[worst])} nats)" in said
    ink = images_of(FLAT)[vamp.latents.ids].mean(1)
    assert best == int(np.argmin([float(ink[vamp.latents.labels == label].mean()) for label in range(len(classes))]))


def cloud(model, said):
    from app.services.latent_plane import encoding
    from app.tours.numbers import ref

    radius = torch.distributions.Chi2(2).cdf(torch.tensor(encoding.latents(ref(FLAT, "sg")).sample).square().sum(1))
    share = float((radius <= 0.99).double().mean())
    assert share > 0.9
    assert f"{percent(share)} of the test images" in said


def weights(model, said):
    share = int(said.split(" %")[0].split()[-1])
    assert share < 10


@torch.inference_mode()
def pseudo(model, said):
    vae = model(FLAT, "vamp").model
    learned, decoded = vae.prior.images(), vae.decode(vae.prior(vae.encoder).components.mean).mean()
    darkest = [float(each.flatten(1).max(1).values.mean()) for each in (learned, decoded)]
    assert darkest[0] < 0.7 * darkest[1]
    assert f"{percent(float(vae.prior.outside()))} of their pixels" in said


def temperature(model, said):
    from app.services import prior_components
    from app.tours.numbers import ref

    cold, warm = (prior_components.component_samples(ref(FLAT, "vamp"), (3,), 5, heat) for heat in (0.0, 1.0))
    assert (cold == cold[:1]).all()
    assert (warm[1:] != warm[:1]).any()


def active(model, said):
    counts = {
        name: int((model(DEEP, name).latents.layers[0].mean.var(0) > 0.01).sum()) for name in ("sg", "mog", "vamp")
    }
    assert counts["sg"] < 40
    assert "40 latent dimensions" in said
    assert f"normal {counts['sg']} units" in said
    assert f"Gaussians {counts['mog']}, with the VampPrior {counts['vamp']}." in said


def dead(model, said):
    found = said.split(" of 500 components are dead here, ")
    mog, vamp = int(found[0].split()[-1]), int(found[1].split()[0])
    assert vamp < 250 < mog


def paired(model, said):
    one, other = (model(DEEP, name).per_image.log_likelihood.double() for name in ("vamp", "sg"))
    mean, error = mean_and_error(one - other)
    unpaired = math.hypot(*(mean_and_error(each[each.isfinite()])[1] for each in (one, other)))
    assert error < unpaired / 3
    assert f"{nats(mean, 2)} \u00b1 {nats(error, 2)} nats" in said
    assert f"would be {nats(unpaired, 2)}" in said


def verdict(model, said):
    winner(model, said, DEEP)
    assert f"over {1 + len(model(DEEP, 'vamp').trainings)} trainings: both" in said


CLAIMS = {
    "short": (autoencoder, order, prior, mixture, samples, winner),
    "students": (latent, hardest, cloud, weights, pseudo, temperature, active, dead, paired, verdict),
}
STEPS = [(tour, number) for tour, claims in CLAIMS.items() for number in range(1, len(claims) + 1)]


def step_of(tour: str, number: int):
    from app.tours.tours import TOURS

    return TOURS[tour].steps[number - 1]


def test_each_step_has_a_claim_that_is_checked():
    from app.tours.tours import TOURS

    checked = {tour: [claim.__name__ for claim in claims] for tour, claims in CLAIMS.items()}
    assert checked == {key: [step.key for step in tour.steps] for key, tour in TOURS.items()}
    assert [len(claims) for claims in CLAIMS.values()] == [6, 10]


@pytest.mark.parametrize(("tour", "number"), STEPS)
def test_what_a_step_claims_holds(tour, number, model):
    step = step_of(tour, number)
    CLAIMS[tour][number - 1](model, f"{step.said()} {step.answered()}")


@pytest.mark.parametrize(("tour", "number"), STEPS)
def test_a_step_says_two_sentences_and_a_student_is_asked(tour, number):
    step = step_of(tour, number)
    said = step.said()
    # One and the same mark may end a sentence or stand in a number.
    assert len([part for part in said.replace("? ", ". ").split(". ") if part]) == 2, said
    assert "{" not in said + step.answered()
    assert bool(step.question) == bool(step.answer) == (tour == "students")


@pytest.mark.parametrize(("tour", "number"), STEPS)
def test_the_link_of_a_step_opens_its_state(tour, number):
    from app.tours.tours import TOURS

    step, tour_of = step_of(tour, number), TOURS[tour]
    link = urlsplit(tour_of.address(number))
    query = dict(parse_qsl(link.query))
    at = open_page(step.page or "overview", **query)
    assert not [each.value for each in at.warning]
    assert f"Step {number} of {len(tour_of.steps)} \u00b7 {step.title}" in words(at)
    assert at.sidebar.get_by_key("experiment").value == step.model[0]
    assert at.sidebar.get_by_key("prior").value == step.model[1]
    for key, value in step.query.items():
        assert str(at.session_state[key]).lower() in (value.lower(), f"{value}.0")
    if step.question:
        assert step.question in words(at)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"tour": "grand"}, "tour = `grand`: it may be `short`, `students`."),
        ({"tour": "short", "step": "7"}, "step = `7`: a whole number from 1 to 6 was expected."),
        ({"tour": "short", "step": "1e9"}, "step = `1e9`: a whole number from 1 to 6 was expected."),
    ],
)
def test_a_tour_that_does_not_exist_is_named_and_ignored(query, said):
    at = open_page("tour", **query)
    assert [each.value for each in at.warning] == [f"Ignored in the link:\n- {said}"]
    assert [key for key in ("tour", "step") if key in at.query_params] == list(query)[:-1]


def test_another_page_than_that_of_the_step_leads_back_to_it():
    said = words(open_page("tour", tour="short", step="2"))
    assert "**Step 2 of 6** of the tour is on another page." in said
    assert "Similar images lie together" not in said


def test_the_present_mode_goes_on_through_the_tour():
    from app.figures.export import STAGE

    usual, staged = (open_page("active_units", tour="short", step="1", **each) for each in ({}, {"present": ""}))
    assert staged.session_state["present"]
    assert "present" not in usual.session_state or not usual.session_state["present"]
    heights = [charts(at)[0]["layout"]["height"] for at in (usual, staged)]
    assert heights[1] == round(STAGE * heights[0])


def test_the_links_of_a_tour_keep_the_present_mode():
    from app.tours.tours import TOURS

    kept = TOURS["short"].address(3, present=True)
    assert kept == "./latent_space?experiment=mnist-2d&prior=sg&tour=short&step=3&present=true"
    assert "present" not in TOURS["short"].address(3)
