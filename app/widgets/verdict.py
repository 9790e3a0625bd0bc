"""The verdict on an experiment's priors in words: who explains test images best, by how much, how surely."""

from collections.abc import Sequence

import streamlit as st

from app.figures import comparison
from app.names import numeral
from app.services import verdict as judging
from app.services.catalogue import facts
from app.services.loading import Ref
from app.services.priors import prior_subject
from app.services.verdict import Comparison, Judged
from app.widgets import export, numbers, page
from app.widgets.family import short_name
from app.widgets.text import plain

SCORES = {judging.LOG_LIKELIHOOD: "log p(x)", judging.ELBO: "the ELBO, a lower bound of log p(x)"}


def headline(found: Judged) -> str:
    """The verdict in a sentence, as Markdown, whoever wins.

    "Both mixtures explain test images better than the standard normal, by 1.88 ± 0.09 and 1.86 ± 0.09 nats an image;
    between them it is a tie."
    """
    return f"{_capital(clause(found))}."


def clause(found: Judged) -> str:
    """The verdict within a sentence, as Markdown."""
    if not found.verdict.others:
        return f"{_name(found.base)} is the only prior here, so there is nothing to compare it with"
    if not found.comparable:
        after = numbers.listed([numbers.count(trained) for trained, _ in found.epochs])
        return f"the trainings stopped after {after} epochs, so the priors cannot be compared yet"
    clauses = _against_base(found)
    if among := _among(found):
        clauses.append(among)
    return numbers.unbroken("; ".join(clauses))


def clause_over_trainings(found: Judged) -> str:
    """The clause, and over how many trainings it is the mean where there are several."""
    mean = _mean_words(found) if charted(found) else ""
    return f"{clause(found)} ({mean}; \u00b1 is over images and trainings)" if mean else clause(found)


def terms(found: Judged) -> tuple[str, ...]:
    """Words of the glossary that a verdict needs."""
    return "prior", "nat", "log-likelihood" if found.score == judging.LOG_LIKELIHOOD else "ELBO"


def details(found: Judged) -> str:
    """What the verdict rests on: the score, the images, each prior's share of them, the trainings."""
    if not found.verdict.others:
        return _how(found)
    if not found.comparable:
        return plain(_waiting(found).strip())
    others = _others(found)
    shares = numbers.listed(
        [
            f"{short_name(ref)} {numbers.unbroken(f'{found.over_base(ref).share:.0%}'.replace('%', ' %'))}"
            for ref in others
        ]
    )
    said = f"{_how(found)} Share of them explained better: {shares}. {_trainings(found)}"
    return plain(f"{said}{_waiting(found)}")


def charted(found: Judged) -> bool:
    """Whether differences stand beside the sentence."""
    return bool(found.verdict.others) and found.comparable


def show(found: Judged, *, key: str) -> None:
    """The verdict in a box: the sentence, what it rests on, and the differences with their intervals beside it."""
    with st.container(border=True):
        sentence, chart = st.columns([2.6, 1], vertical_alignment="center") if charted(found) else (st, None)
        with sentence.container(gap="xsmall"):
            st.markdown(f"## {headline(found)}")
            st.caption(details(found))
        if chart is None:
            return
        rows = [_interval(found, ref) for ref in _others(found)]
        said = ". ".join(f"{row.name}: {row.value:+.2f}, from {row.low:+.2f} to {row.high:+.2f}" for row in rows)
        drawing = comparison.intervals(
            page.mode(),
            rows,
            base=found.base.kind,
            quantity=f"nats an image ahead of {short_name(found.base)}",
            margin=found.verdict.margin,
            alt=f"Nats an image by which each prior is better than {short_name(found.base)}, 95 % intervals. {said}",
        )
        with chart.container(gap="xsmall"):
            export.figure(drawing, key=key, name=f"{found.base.experiment}-verdict")
            st.caption(f"95 % intervals; grey: a tie (\u00b1{found.verdict.margin:g})")


def _interval(found: Judged, ref: Ref) -> comparison.Interval:
    over = found.over_base(ref)
    return comparison.Interval(short_name(ref), ref.kind, over.value, over.low, over.high)


def _mean_words(found: Judged) -> str:
    """Over how many trainings a verdict is the mean; "" where it is of one."""
    trainings = {found.over_base(ref).trainings for ref in _others(found)}
    edited = ", of an edited prior one" if len(trainings) > 1 else ""
    return f"mean over {max(trainings)} trainings{edited}" if max(trainings, default=1) > 1 else ""


def _how(found: Judged) -> str:
    others = _others(found)
    images = found.over_base(others[0]).images if others else (found.metric.n or 0) if found.metric else 0
    estimator = numbers.estimator(found.metric) if found.metric else ""
    score = SCORES[found.score] + (f", {estimator}" if estimator else "")
    how = f"By {score}, of each of {numbers.count(images)} test images"
    if not (mean := _mean_words(found)):
        return f"{how}; \u00b1 one standard error."
    return f"{how}, {mean}; \u00b1 one standard error over images and trainings."


def _trainings(found: Judged) -> str:
    """Over how many trainings, and in how many of them the difference has the same sign."""
    comparisons, base = [found.over_base(ref) for ref in _others(found)], short_name(found.base)
    if all(each.trainings == 1 for each in comparisons):
        return "One training of each prior."
    if len(comparisons) > 1 and len({(each.agreeing, each.trainings) for each in comparisons}) == 1:
        each = comparisons[0]
        counted = f"{each.agreeing} of {each.trainings} trainings"
        return f"Each difference from {base} has this sign in {counted}; the pictures below are of one."
    parts = [
        f"{short_name(ref)} in {each.agreeing} of {each.trainings} training{'' if each.trainings == 1 else 's'}"
        for ref, each in zip(_others(found), comparisons, strict=True)
    ]
    return f"The difference from {base} has this sign for {numbers.listed(parts)}; the pictures below are of one."


def _waiting(found: Judged) -> str:
    """What is still to come: the rest of trainings that were stopped, and log p(x) of edited priors."""
    edited = [short_name(ref) for ref in found.left_out if facts(ref).edit is not None]
    left_out = f" Left out until log p(x) is measured: {numbers.listed(edited)}." if edited else ""
    return f"{_unfinished(found)}{left_out}"


def _unfinished(found: Judged) -> str:
    """After how many of their epochs trainings were stopped."""
    if not found.epochs:
        return ""
    trained, planned = found.epochs[0]
    if set(found.epochs) == {(trained, planned)}:
        return f" Unfinished: {numbers.count(trained)} of {numbers.count(planned)} epochs."
    parts = [
        f"{short_name(ref)} {numbers.count(trained)} of {numbers.count(planned)}"
        for ref, (trained, planned) in zip(found.refs, found.epochs, strict=True)
    ]
    return f" Unfinished: {numbers.listed(parts)} epochs."


def _others(found: Judged) -> tuple[Ref, ...]:
    return tuple(ref for ref in found.refs if ref != found.base)


def _against_base(found: Judged) -> list[str]:
    """Clauses on the priors that are better than the base, worse, as good, and undecided."""
    groups = {
        outcome: tuple(ref for ref in _others(found) if found.over_base(ref).outcome == outcome)
        for outcome in ("better", "worse", "tie", "undecided")
    }
    base, clauses = _name(found.base), []
    better, worse, tie, undecided = groups.values()
    if better:
        verb = "explains" if len(better) == 1 else "explain"
        clauses.append(f"{_group(found, better)} {verb} test images better than {base}, by {_amounts(found, better)}")
    if worse and better:
        verb = "explains" if len(worse) == 1 else "explain"
        clauses.append(f"{_group(found, worse)} {verb} them worse than it, by {_amounts(found, worse)}")
    elif worse:
        clauses.append(f"{base} explains test images better than {_group(found, worse)}, by {_amounts(found, worse)}")
    if tie and clauses:
        clauses.append(f"{_group(found, tie)} and {base} are a tie ({_signed(found, tie)})")
    elif tie:
        names = numbers.listed([base, *map(_name, tie)])
        clauses.append(f"{names} explain test images equally well, to within {found.verdict.margin:g} nats an image")
    if undecided and clauses:
        clauses.append(f"for {_group(found, undecided)} it is undecided ({_signed(found, undecided)})")
    elif undecided:
        verb = "explains" if len(undecided) == 1 else "explain"
        clauses.append(
            f"it is undecided whether {_group(found, undecided)} {verb} test images better than {base}: "
            f"{_signed(found, undecided)} nats an image"
        )
    return clauses


def _among(found: Judged) -> str:
    """How those that beat the base, or else tie with it, compare with each other; "" where that is said already."""
    better, tie = (
        [ref for ref in _others(found) if found.over_base(ref).outcome == outcome] for outcome in ("better", "tie")
    )
    group = better or tie
    between = [found.between(one, other) for one in group for other in group if one != other]
    all_tie = all(each.outcome == "tie" for each in between)
    if len(group) < 2 or (all_tie and not better):
        return ""
    two = len(group) == 2
    if all_tie:
        return "between them it is a tie" if two else "among them it is a tie"
    best, *others = sorted(group, key=lambda ref: -found.over_base(ref).value)
    lead = [found.between(best, other) for other in others]
    if any(each.outcome != "better" for each in lead):
        return f"which of the two is better is undecided ({_sign(lead[0])})" if two else "which is best is undecided"
    if two:
        return f"of the two, {_name(best)} is better, by {_amount(lead[0])}"
    return f"the best is {_name(best)}, {_amount(lead[0])} ahead of {_name(others[0])}"


def _group(found: Judged, refs: Sequence[Ref]) -> str:
    """Some of the other priors: by one word where they are all of a kind, else by name."""
    others = _others(found)
    for kind, word in ((judging.is_mixture, "mixtures"), (lambda ref: True, "other priors")):
        if len(refs) > 1 and all(map(kind, refs)) and list(refs) == [ref for ref in others if kind(ref)]:
            return f"both {word}" if len(refs) == 2 else f"all {numeral(len(refs))} {word}"
    return numbers.listed([_name(ref) for ref in refs])


def _amounts(found: Judged, refs: Sequence[Ref]) -> str:
    """By how much they differ from the base, without a sign, all with as many decimals."""
    over = [found.over_base(ref) for ref in refs]
    decimals = max((numbers.decimals_of(each.se) for each in over if each.se > 0), default=None)
    return f"{numbers.listed([_amount(each, decimals) for each in over])} nats an image"


def _amount(comparison: Comparison, decimals: int | None = None) -> str:
    return numbers.format_value(abs(comparison.value), comparison.se, decimals)


def _signed(found: Judged, refs: Sequence[Ref]) -> str:
    return numbers.listed([_sign(found.over_base(ref)) for ref in refs])


def _sign(comparison: Comparison) -> str:
    return ("+" if comparison.value >= 0 else "") + numbers.format_value(comparison.value, comparison.se)


def _name(ref: Ref) -> str:
    """A prior within a sentence, as Markdown; by its folder too where this has another name."""
    kind = ref.kind
    return plain(prior_subject(kind, ref.edited) + ("" if ref.prior == kind else f" ({ref.prior})"))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
