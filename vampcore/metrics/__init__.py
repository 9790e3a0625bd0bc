"""What a model has learned, in figures; each with its unit, standard error and sample count."""

from vampcore.metrics.active_units import THRESHOLD, ActiveUnits, active_units, activity
from vampcore.metrics.chunks import Mixture, log_density, responsibilities
from vampcore.metrics.coverage import dead, distinct_components, effective_components, mass_levels, usage
from vampcore.metrics.covering import CoveringEstimate, can_cover, covering
from vampcore.metrics.dimensions import KLPerDimension, ablate_unit, kl_per_dimension
from vampcore.metrics.elbo_surgery import Surgery, elbo_surgery
from vampcore.metrics.evaluation import Evaluation, evaluate
from vampcore.metrics.hole_excess import HoleExcess, hole_excess
from vampcore.metrics.likelihood import Bound, ImportanceEstimate, bound, log_likelihood
from vampcore.metrics.metric import (
    ESTIMATOR_NAMES,
    Metric,
    difference_estimate,
    mean_metric,
    metric_from_json,
    metric_to_json,
    metrics_from_json,
)
from vampcore.metrics.paired import paired_difference
from vampcore.metrics.pareto import pareto_k
from vampcore.metrics.plane import QuadratureError
from vampcore.metrics.posterior_draws import PosteriorDraws, posterior_draws
from vampcore.metrics.posterior_grid import Distance, ImportanceWeighted, PosteriorGrid, posterior_grid
from vampcore.metrics.prior_edits import EditEffect, PriorEdits, learned_weights, removal_changes
from vampcore.metrics.quadrature import Quadrature, can_integrate, quadrature

__all__ = [
    "ESTIMATOR_NAMES",
    "THRESHOLD",
    "ActiveUnits",
    "Bound",
    "CoveringEstimate",
    "Distance",
    "EditEffect",
    "Evaluation",
    "HoleExcess",
    "ImportanceEstimate",
    "ImportanceWeighted",
    "KLPerDimension",
    "Metric",
    "Mixture",
    "PosteriorDraws",
    "PosteriorGrid",
    "PriorEdits",
    "Quadrature",
    "QuadratureError",
    "Surgery",
    "ablate_unit",
    "active_units",
    "activity",
    "bound",
    "can_cover",
    "can_integrate",
    "covering",
    "dead",
    "difference_estimate",
    "distinct_components",
    "effective_components",
    "elbo_surgery",
    "evaluate",
    "hole_excess",
    "kl_per_dimension",
    "learned_weights",
    "log_density",
    "log_likelihood",
    "mass_levels",
    "mean_metric",
    "metric_from_json",
    "metric_to_json",
    "metrics_from_json",
    "paired_difference",
    "pareto_k",
    "posterior_draws",
    "posterior_grid",
    "quadrature",
    "removal_changes",
    "responsibilities",
    "usage",
]
