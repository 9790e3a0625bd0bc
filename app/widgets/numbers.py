"""How numbers are written: a true minus, thousands apart, as many digits as the standard error allows."""

import math
import re

from app import services

LABELS = {
    "elbo": "ELBO",
    "reconstruction": "Reconstruction",
    "kl": "KL",
    "log_likelihood": "Log-likelihood",
    "log_likelihood_difference": "Difference in log-likelihood",
    "ess_median": "Median effective samples",
    "active_units": "Active units",
    "mutual_information": "Mutual information",
    "marginal_kl": "Marginal KL",
    "effective_components": "Effective components",
    "prior_parameters": "Parameters of the prior",
    "average_kl": "KL",
    "bits_per_dimension": "Bits per dimension",
    "hole_share": "Prior mass in holes",
    "reconstruction_lost": "Reconstruction lost",
}
MINUS = "\u2212"
NO_BREAK = "\u00a0"


def count(value: float) -> str:
    """A whole number with its thousands apart: 10,000."""
    return signed(f"{round(value):,}")


def signed(text: str) -> str:
    """The text with a true minus sign, which has the width of a figure."""
    return text.replace("-", MINUS)


def unbroken(text: str) -> str:
    """The text with "n = 10,000", "S = 500" and "3 %" kept on one line each."""
    return re.sub(r" %", f"{NO_BREAK}%", re.sub(r"\b([nSK]) = ", rf"\1{NO_BREAK}={NO_BREAK}", text))


def format_value(value: float, se: float | None = None) -> str:
    """A number for people, without its unit.

    With a standard error, both have the decimals that its first digit takes, one at least below 10 and four at most;
    without one, a whole number stays whole and others get three significant digits.
    """
    if not math.isfinite(value):
        return "not finite"
    if se is not None and math.isfinite(se) and se > 0:
        decimals = 0 if se >= 10 else min(4, max(1, -math.floor(math.log10(se))))
        return signed(f"{value:,.{decimals}f}") + f" \u00b1 {se:,.{decimals}f}"
    if value == round(value) and abs(value) < 1e15:
        return count(value)
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return signed(f"{value:,.{min(decimals, 6)}f}")


def format_metric(metric: services.Metric) -> str:
    """A figure with its standard error and unit: "−84.6 ± 0.3 nats/image"."""
    if metric.unit == "share":
        se = None if metric.se is None else 100 * metric.se
        return format_value(100 * metric.value, se) + " %"
    return f"{format_value(metric.value, metric.se)} {metric.unit}".strip()


def caption(metric: services.Metric) -> str:
    """What a figure was computed from: "nats/image, n = 10,000, S = 5,000"."""
    parts = ["" if metric.unit == "share" else metric.unit]
    if metric.n is not None:
        parts.append(f"n = {count(metric.n)}")
    if metric.samples is not None:
        parts.append(f"S = {count(metric.samples)}")
    return ", ".join(part for part in parts if part)


def label(name: str) -> str:
    """The words for a metric's name."""
    return LABELS.get(name, name.replace("_", " ").capitalize())
