"""How numbers are written: a true minus, thousands apart, as many digits as the standard error allows."""

import math
import re
from collections.abc import Sequence

from app.names import numeral as numeral
from app.services import scores
from app.services.scores import Metric
from app.widgets.text import plain

LABELS = {
    "elbo": "ELBO",
    "reconstruction": "Reconstruction",
    "kl": "KL",
    "log_likelihood": "Log-likelihood",
    "log_likelihood_difference": "Difference in log-likelihood",
    "elbo_difference": "Difference in ELBO",
    "ess_median": "Median effective samples",
    "active_units": "Active units",
    "mutual_information": "Mutual information",
    "marginal_kl": "Marginal KL",
    "effective_components": "Effective components",
    "prior_parameters": "Parameters of the prior",
    "average_kl": "KL",
    "bits_per_dimension": "Bits per dimension",
    "hole_excess": "Prior mass in holes, minus the floor",
    "reconstruction_lost": "Reconstruction lost",
}
HIGHER, LOWER = "higher is better", "lower is better"
_BETTER = {
    "log_likelihood": HIGHER,
    "elbo": HIGHER,
    "bits_per_dimension": LOWER,
    "elbo_bits_per_dimension": LOWER,
}
_ESTIMATED = ("log_likelihood", "log_likelihood_difference", "bits_per_dimension")
BOUNDS = {"lower": "\u2265 ", "upper": "\u2264 ", "": ""}
"""What stands before a number that is only a bound."""
MINUS = "\u2212"
NO_BREAK = "\u00a0"


def count(value: float) -> str:
    """A whole number with its thousands apart: 10,000."""
    return signed(f"{round(value):,}")


def signed(text: str) -> str:
    """The text with a true minus sign, which has the width of a figure."""
    return text.replace("-", MINUS)


def listed(parts: Sequence[str]) -> str:
    """Words in a row as a sentence has them: "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def unbroken(text: str) -> str:
    """The text with "n = 10,000", "S = 500", "3 %" and "1.9 ± 0.1" kept on one line each."""
    text = re.sub(r"\b([nSK]) = ", rf"\1{NO_BREAK}={NO_BREAK}", text)
    return text.replace(" %", f"{NO_BREAK}%").replace(" \u00b1 ", f"{NO_BREAK}\u00b1{NO_BREAK}")


def decimals_of(se: float) -> int:
    """The decimals that a positive standard error takes, see `format_value`."""
    power = math.floor(math.log10(se))
    digits = 2 if se < 3 * 10.0**power else 1
    return 0 if se >= 10 else min(4, max(1, digits - 1 - power))


def format_value(value: float, se: float | None = None, decimals: int | None = None) -> str:
    """A number for people, without its unit.

    With a standard error, both have the decimals that its first digit takes, its first two where it begins with 1 or 2;
    one decimal at least below 10 and four at most. Without one, a whole number stays whole and others get three
    significant digits.

    Arguments:
        value: The number.
        se: Its standard error.
        decimals: Of both, where there is an error, so that numbers of one list have equally many.
    """
    if not math.isfinite(value):
        return "not finite"
    if se is not None and math.isfinite(se) and se > 0:
        decimals = decimals_of(se) if decimals is None else decimals
        return signed(f"{value:,.{decimals}f}") + f" \u00b1 {se:,.{decimals}f}"
    if value == round(value) and abs(value) < 1e15:
        return count(value)
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return signed(f"{value:,.{min(decimals, 6)}f}")


def format_metric(metric: Metric) -> str:
    """A figure with its standard error and unit: "−84.6 ± 0.3 nats/image"."""
    if metric.unit == "share":
        se = None if metric.se is None else 100 * metric.se
        return format_value(100 * metric.value, se) + " %"
    return f"{format_value(metric.value, metric.se)} {unit(metric)}".strip()


def caption(metric: Metric) -> str:
    """What a score was computed from: "nats/image, n = 10,000, importance sampling, S = 5,000"."""
    parts = ["" if metric.unit == "share" else unit(metric)]
    if metric.n is not None:
        parts.append(f"n = {count(metric.n)}")
    parts.append(estimator(metric))
    return ", ".join(part for part in parts if part)


def estimator(metric: Metric) -> str:
    """How a score was estimated: "exact (quadrature)", "importance sampling, S = 5,000"; "" of what needs no sample."""
    kind = metric.estimator or "is"
    words = [scores.ESTIMATOR_NAMES[kind]] if metric.name in _ESTIMATED else []
    if metric.samples is not None and kind != "quadrature":
        words.append(f"S = {count(metric.samples)}")
    return ", ".join(words)


def direction(name: str) -> str:
    """Whether a higher or a lower score is better; "" for what is no score."""
    return _BETTER.get(name, "")


def value(metric: Metric) -> str:
    """The number alone, with the digits that its standard error allows."""
    return format_value(metric.value, metric.se).partition(" \u00b1 ")[0]


def error(metric: Metric) -> str:
    """The standard error alone, with the digits that `format_value` gives it: "± 0.23"; "" where there is none."""
    _, between, se = format_value(metric.value, metric.se).partition(" \u00b1 ")
    return f"\u00b1 {se}" if between else ""


def distinct(value: float, components: int) -> str:
    """A number of components beside those that there are: "12.4 of 32"; "1" where there is one."""
    if components == 1:
        return "1"
    return f"{value:,.{1 if value < 100 else 0}f} of {components:,}"


def signed_difference(metric: Metric) -> str:
    """A difference with its sign and standard error: "+2.65 ± 0.04"."""
    return ("+" if metric.value >= 0 else "") + format_value(metric.value, metric.se)


def label(name: str) -> str:
    """The words for a metric's name, as Markdown."""
    return LABELS.get(name) or plain(name.replace("_", " ").capitalize())


def unit(metric: Metric) -> str:
    """A metric's unit, as Markdown: it comes from the checkpoint."""
    return plain(metric.unit)
