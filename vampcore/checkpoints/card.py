"""The model card of a checkpoint."""

from vampcore.checkpoints.records import Checkpoint
from vampcore.config import Config
from vampcore.metrics.metric import ESTIMATOR_NAMES, Metric

POSTERIOR_NAMES = {
    "nf": "normal carried through a normalising flow of coupling transforms",
    "iaf": "normal carried through an inverse autoregressive flow",
}


def model_card(checkpoint: Checkpoint) -> str:
    """Describe in Markdown the model, its training and its measured scores."""
    config = checkpoint.config
    components = f", {component_count(checkpoint)} components" if config.prior_components > 1 else ""
    flow = f" of {config.transforms} transforms with {config.transform_hidden} hidden units"
    components += flow if config.prior_kind.is_flow else ""
    posterior = ""
    if config.posterior != "normal":
        posterior = f"""
Posterior: {POSTERIOR_NAMES[config.posterior]},
{flow.removeprefix(" of ")}. The stored means and scales of the posteriors were computed from 256 samples
per image. Mutual information and marginal KL are not computed: for N images, the density of the aggregated posterior
takes N^2 inverse passes.
"""
    figures = "\n".join(f"| {_label(metric)} | {_figure(metric)} | {_basis(metric)} |" for metric in checkpoint.metrics)
    return f"""# {config.experiment} / {config.prior}

A variational autoencoder ({config.model}) of `{config.data}` with {config.latent_dim} latent dimensions.
Prior: {config.prior_kind.sentence}{components}. Likelihood: {config.likelihood}.
Objective: {objective_name(config)}.
{posterior}
{_training(checkpoint)}

| metric | value | measured on |
|---|---|---|
{figures}

All values were computed after the rounding.{_part(checkpoint)} {_again(checkpoint)}

This file is written anew whenever the checkpoint is saved. Put notes into another file of this folder: it is kept.
"""


def _training(checkpoint: Checkpoint) -> str:
    """Say how the weights came about, and of an edited prior from which model it comes and by which steps."""
    config, progress, edit = checkpoint.config, checkpoint.progress, checkpoint.edit
    ended = "converged" if progress.converged else "not yet converged"
    trained = f"""Trained for {progress.epochs} epochs on a {progress.device} ({ended}), with seed {config.seed}.
The weights are those of epoch {progress.best_epoch}, which has the best validation {objective_name(config)}.
They are rounded to float16."""
    if edit is None:
        return trained
    return f"""The prior was not trained: it is that of `{edit.source}` (sha256 {edit.sha256})
after these edits: {"; ".join(edit.steps)}. It is kept in float32.

Encoder and decoder are those of that model. {trained}"""


def _again(checkpoint: Checkpoint) -> str:
    """Say how to repeat the training; of an edited prior, how to measure what was not."""
    if checkpoint.edit is None:
        return """To repeat this training, run
`python -m vampcore train --like FOLDER`, where FOLDER is this folder."""
    if checkpoint.metric("log_likelihood") is not None:
        return ""
    return """To measure log p(x), run
`python -m vampcore evaluate FOLDER --save`, where FOLDER is this folder."""


def _part(checkpoint: Checkpoint) -> str:
    """Say how many latents a reduced checkpoint keeps."""
    latents = checkpoint.latents
    if latents.part_of is None:
        return ""
    return (
        f" The checkpoint stores the latents of a random {len(latents.ids):,} of the {latents.part_of:,} test images."
    )


def component_count(checkpoint: Checkpoint) -> str:
    """Components of the prior as stored: "32", or "20 of 32" of a mixture that was best before it had all."""
    prior, most = checkpoint.model.prior.growing(), checkpoint.config.prior_components
    if prior is None or prior.alive is None:
        return str(most)
    alive = int((prior.alive > 0).sum())
    return str(most) if alive == most else f"{alive} of {most}"


def objective_name(config: Config) -> str:
    """Name the objective, with its number of samples per image if that is more than one."""
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
