"""What a built prior and posterior can: what is shown of a model follows from this, not from their names."""

from dataclasses import dataclass

from vampcore.distributions import DiagNormal, DiagNormalMixture, Distribution


@dataclass(frozen=True)
class Capabilities:
    """What can be shown of a model.

    Attributes:
        components: Whether the prior has components: weights, responsibilities, and an exact marginal on any plane and
            in any dimension.
        several_components: Whether there is more than one to look at.
        pseudo_inputs: Whether the components come from pseudo-inputs that can be shown.
        plane_density: Whether the prior has an exact density on the plane on which latents are drawn. Without
            components it has one where the plane is the latent space itself.
        posterior_density: Whether q(z | x) is the stored normal. Of another posterior a checkpoint keeps means and
            scales only, which give neither an aggregate nor a KL in parts.
        holes: Whether the prior's mass can be held against the aggregated posterior, in two dimensions.
    """

    components: bool
    several_components: bool
    pseudo_inputs: bool
    plane_density: bool
    posterior_density: bool
    holes: bool


def as_mixture(prior: Distribution) -> DiagNormalMixture | None:
    """The prior as what it mostly is; None where it has no components."""
    return prior if isinstance(prior, DiagNormalMixture) else None


def as_normal(posterior: object) -> DiagNormal | None:
    """The posterior as the normal that it is; None where it is another, such as a flow."""
    return posterior if isinstance(posterior, DiagNormal) else None


def capabilities(
    prior: Distribution, posterior: DiagNormal, *, posterior_density: bool, pseudo_inputs: bool
) -> Capabilities:
    """What can be shown of a prior, and of posteriors with these means and scales."""
    mixture, is_plane = as_mixture(prior), posterior.mean.shape[-1] == 2
    return Capabilities(
        components=mixture is not None,
        several_components=mixture is not None and len(mixture.logits) > 1,
        pseudo_inputs=pseudo_inputs,
        plane_density=mixture is not None or is_plane,
        posterior_density=posterior_density,
        holes=posterior_density and is_plane,
    )
