"""Published figures that a model of ours may be held against, each with where it stands.

Facts only, keyed by what has to agree for a comparison: data, architecture, prior, latent dimensions of the top layer,
objective and its samples. Where we have a figure second-hand, or the setting differs in something that we cannot
configure, its source says so and is to be shown with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

NATS, BITS = "nats/image", "bits/dimension"


@dataclass(frozen=True)
class Source:
    """Where a figure stands.

    Attributes:
        title: Who published it, to be shown beside it.
        url: Where it can be read; "" where it is not on the network.
        as_reported: Whether the words "as reported" must stand beside it: we have it second-hand, or could not check.
        setting: What one must know to compare: other networks, seeds, sample counts; "" where it is our default.
    """

    title: str
    url: str
    as_reported: bool
    setting: str = ""


@dataclass(frozen=True)
class Published:
    """A figure from the literature.

    Attributes:
        name: What it is, a name of our own metrics.
        value: The figure.
        unit: Its unit.
        source: Where it stands.
        active_units: Units that the same model used, bottom layer first, as in "16+5"; "" where none were reported.
    """

    name: str
    value: float
    unit: str
    source: Source
    active_units: str = ""


@dataclass(frozen=True)
class _Key:
    data: str
    model: str
    prior: str
    latent_dim: int = 40
    objective: str = "elbo"
    samples: int = 1


VAMPPRIOR = Source(
    "Tomczak and Welling, VAE with a VampPrior, AISTATS 2018",
    "https://arxiv.org/abs/1705.07120",
    as_reported=True,
    setting="K = 500 (OMNIGLOT: 1000), S = 5,000",
)
RERUN = Source("An independent rerun", "", as_reported=True, setting="one seed")
LECTURE = Source(
    "A lecture's table of static MNIST results",
    "",
    as_reported=True,
    setting="its row AVB+AC, -80.20, is of dynamic MNIST and an annealed-importance estimate, and not comparable",
)
EXEMPLAR = Source(
    "Norouzi, Fleet, Norouzi, Exemplar VAE, NeurIPS 2020", "https://arxiv.org/abs/2004.04795", as_reported=True
)
IWAE = Source(
    "Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016",
    "https://arxiv.org/abs/1509.00519",
    as_reported=True,
    setting="networks without gates; with two layers, the lower one has 100 units",
)
SURGERY = Source(
    "Hoffman and Johnson, ELBO surgery, NIPS workshop 2016",
    "",
    as_reported=True,
    setting="other networks; information terms of N = 60,000 images (log N = 11.0)",
)

# The VampPrior paper: standard normal, VampPrior.
_VAMPPRIOR = {
    "static_mnist": {
        "vae": (-88.56, -85.57),
        "hvae": (-86.05, -83.19),
        "convhvae": (-82.41, -81.09),
        "pixelhvae": (-80.58, -79.78),
    },
    "mnist": {
        "vae": (-84.50, -82.38),
        "hvae": (-82.42, -81.24),
        "convhvae": (-80.40, -79.75),
        "pixelhvae": (-79.70, -78.45),
    },
    "omniglot": {
        "vae": (-108.50, -104.75),
        "hvae": (-103.52, -101.18),
        "convhvae": (-97.65, -97.56),
        "pixelhvae": (-90.11, -89.76),
    },
    "caltech101_silhouettes": {
        "vae": (-123.43, -114.55),
        "hvae": (-112.08, -108.28),
        "convhvae": (-106.35, -104.22),
        "pixelhvae": (-85.51, -86.22),
    },
    "frey_faces": {
        "vae": (4.63, 4.57),
        "hvae": (4.61, 4.51),
        "convhvae": (4.49, 4.45),
        "pixelhvae": (4.43, 4.38),
    },
    "histopathology": {
        "vae": (6.07, 6.04),
        "hvae": (5.82, 5.75),
        "convhvae": (5.59, 5.58),
        "pixelhvae": (4.84, 4.82),
    },
}
_GREY = ("frey_faces", "histopathology")
# The rerun, of static MNIST: log p(x) and active units of 40.
_RERUN = {
    ("vae", "sg"): (-88.23, "30"),
    ("vae", "vamp"): (-85.81, "34"),
    ("vae", "vamp-weighted"): (-85.61, "37"),
    ("vae", "realnvp"): (-84.56, "40"),
    ("hvae", "sg"): (-86.02, "21"),
    ("hvae", "vamp"): (-84.95, "30"),
    ("hvae", "vamp-weighted"): (-84.82, "28"),
    ("hvae", "realnvp"): (-84.43, "40"),
}
_LECTURE = {"sg": -85.89, "mog": -85.07, "vamp-data": -85.71, "vamp": -83.19}
# The exemplar VAE's table: dynamic MNIST, Fashion-MNIST, OMNIGLOT.
_EXEMPLAR = {
    ("vae", "sg"): (-84.45, -228.70, -108.34),
    ("vae", "vamp"): (-82.43, -227.35, -106.78),
    ("vae", "exemplar"): (-82.09, -226.75, -105.22),
    ("hvae", "sg"): (-82.39, -227.37, -104.92),
    ("hvae", "vamp"): (-81.56, -226.72, -103.30),
    ("hvae", "exemplar"): (-81.22, -226.53, -102.25),
    ("convhvae", "vamp"): (-79.67, -224.67, -97.30),
    ("convhvae", "exemplar"): (-79.58, -224.63, -96.38),
}
# IWAE: log p(x) and active units of dynamic MNIST, then of OMNIGLOT.
_IWAE = {
    ("vae", "elbo", 1): (-86.76, "19", -108.11, "28"),
    ("vae", "elbo", 5): (-86.47, "20", -107.62, "28"),
    ("vae", "elbo", 50): (-86.35, "20", -107.80, "28"),
    ("vae", "iwae", 5): (-85.54, "22", -106.12, "34"),
    ("vae", "iwae", 50): (-84.78, "25", -104.67, "41"),
    ("hvae", "elbo", 1): (-85.33, "16+5", -107.58, "28+4"),
    ("hvae", "elbo", 5): (-85.01, "17+5", -106.31, "30+5"),
    ("hvae", "elbo", 50): (-84.78, "17+5", -106.30, "30+5"),
    ("hvae", "iwae", 1): (-85.33, "16+5", -107.56, "30+5"),
    ("hvae", "iwae", 5): (-83.89, "21+5", -104.79, "38+6"),
    ("hvae", "iwae", 50): (-82.90, "26+7", -103.38, "44+7"),
}
# ELBO surgery, by latent dimensions: ELBO, average KL, mutual information, marginal KL.
_SURGERY = {2: (-129.63, 7.41, 7.20, 0.21), 10: (-88.95, 19.17, 10.82, 8.35), 20: (-87.45, 20.2, 10.67, 9.53)}


def published(
    data: str, model: str, prior: str, latent_dim: int, objective: str = "elbo", samples: int = 1
) -> tuple[Published, ...]:
    """What has been published for a setting; () when nothing is comparable.

    Arguments:
        data: Name of the data set.
        model: Architecture.
        prior: As in a configuration.
        latent_dim: Dimensions of the top layer.
        objective: `elbo` or `iwae`.
        samples: Latent samples an image in the objective.
    """
    wanted = _Key(data, model, prior, latent_dim, objective, samples)
    return tuple(figure for key, figure in _all() if key == wanted)


def _all() -> Iterator[tuple[_Key, Published]]:
    for data, models in _VAMPPRIOR.items():
        name, unit = ("bits_per_dimension", BITS) if data in _GREY else ("log_likelihood", NATS)
        for model, values in models.items():
            for prior, value in zip(("sg", "vamp"), values, strict=True):
                yield _Key(data, model, prior), Published(name, value, unit, VAMPPRIOR)
    for (model, prior), (value, units) in _RERUN.items():
        yield _Key("static_mnist", model, prior), Published("log_likelihood", value, NATS, RERUN, units)
    for prior, value in _LECTURE.items():
        yield _Key("static_mnist", "hvae", prior), Published("log_likelihood", value, NATS, LECTURE)
    for (model, prior), row in _EXEMPLAR.items():
        for data, value in zip(("mnist", "fashion_mnist", "omniglot"), row, strict=True):
            yield _Key(data, model, prior), Published("log_likelihood", value, NATS, EXEMPLAR)
    for (model, objective, samples), (mnist, mnist_units, omniglot, omniglot_units) in _IWAE.items():
        for data, value, units in (("mnist", mnist, mnist_units), ("omniglot", omniglot, omniglot_units)):
            key = _Key(data, model, "sg", 50, objective, samples)
            yield key, Published("log_likelihood", value, NATS, IWAE, units)
    for latent_dim, parts in _SURGERY.items():
        names = ("elbo", "kl", "mutual_information", "marginal_kl")
        for name, value in zip(names, parts, strict=True):
            yield _Key("mnist", "vae", "sg", latent_dim), Published(name, value, NATS, SURGERY)
