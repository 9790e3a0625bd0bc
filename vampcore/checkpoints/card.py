"""The model card that goes with a checkpoint."""

from vampcore.checkpoints.records import Checkpoint
from vampcore.config import Config
from vampcore.metrics.metric import ESTIMATOR_NAMES, Metric
from vampcore.priors import MixtureOfGaussians, VampPrior

PRIOR_NAMES = {
    "sg": "standard normal",
    "mog": "mixture of normals with learned means, scales and weights",
    "vamp": "VampPrior with equal weights",
    "vamp-weighted": "VampPrior with learned weights",
    "vamp-data": "VampPrior with fixed training images",
    "exemplar": "exemplars, a component of one learned scale at every training image",
    "realnvp": "normalising flow (RealNVP)",
}
POSTERIOR_NAMES = {
    "nf": "normal carried through a normalising flow of coupling transforms",
    "iaf": "normal carried through an inverse autoregressive flow",
}


def model_card(checkpoint: Checkpoint) -> str:
    """Markdown that says what the model is, how it was trained, and what was measured."""
    config, progress = checkpoint.config, checkpoint.progress
    ended = "converged" if progress.converged else "not yet converged"
    components = f", {component_count(checkpoint)} components" if config.prior_components > 1 else ""
    flow = f" of {config.transforms} transforms with {config.transform_hidden} hidden units"
    components += flow if config.prior == "realnvp" else ""
    posterior = ""
    if config.posterior != "normal":
        posterior = f"""
Posterior: {POSTERIOR_NAMES[config.posterior]},
{flow.removeprefix(" of ")}. The stored means and scales of the posteriors are those of 256 samples for
each image. Mutual information and marginal KL are not computed: the density of the aggregated posterior of N images
takes N^2 inverse passes.
"""
    figures = "\n".join(f"| {_label(metric)} | {_figure(metric)} | {_basis(metric)} |" for metric in checkpoint.metrics)
    return f"""# {config.experiment} / {config.prior}

A variational autoencoder ({config.model}) of `{config.data}` with {config.latent_dim} latent dimensions.
Prior: {PRIOR_NAMES[config.prior]}{components}. Likelihood: {config.likelihood}.
Objective: {objective_name(config)}.
{posterior}
Trained for {progress.epochs} epochs on a {progress.device} ({ended}); the weights are those of epoch
{progress.best_epoch}, the best validation {objective_name(config)}, rounded to float16. One seed: {config.seed}.

| figure | value | from |
|---|---|---|
{figures}

Every figure was computed after the rounding.{_part(checkpoint)} Train the same run again with
`python -m vampcore train --like FOLDER`, where FOLDER is this folder.
"""


def _part(checkpoint: Checkpoint) -> str:
    """What a reduced checkpoint keeps."""
    latents = checkpoint.latents
    if latents.part_of is None:
        return ""
    return f" Latents are kept of {len(latents.ids):,} of {latents.part_of:,} test images, a random part."


def component_count(checkpoint: Checkpoint) -> str:
    """Components of the prior as stored: "32", or "20 of 32" of a mixture that was best before it had all."""
    prior, most = checkpoint.model.prior, checkpoint.config.prior_components
    if not isinstance(prior, MixtureOfGaussians | VampPrior) or prior.alive is None:
        return str(most)
    alive = int((prior.alive > 0).sum())
    return str(most) if alive == most else f"{alive} of {most}"


def objective_name(config: Config) -> str:
    """What was maximised, and the samples an image that it took."""
    name = {"elbo": "ELBO", "iwae": "IWAE bound"}[config.objective]
    return name if config.samples == 1 else f"{name}, k = {config.samples}"


def _label(metric: Metric) -> str:
    layer = "" if metric.layer is None else f", layer {metric.layer}"
    return metric.name.replace("_", " ") + layer


def _figure(metric: Metric) -> str:
    error = "" if metric.se is None else f" ± {metric.se:.2g}"
    return f"{metric.value:.6g}{error} {metric.unit}"


def _basis(metric: Metric) -> str:
    parts = [metric.split]
    if metric.n is not None:
        parts.append(f"n = {metric.n}")
    if metric.samples is not None:
        parts.append(f"S = {metric.samples}")
    if metric.estimator is not None:
        parts.append(ESTIMATOR_NAMES[metric.estimator])
    return ", ".join(parts)
