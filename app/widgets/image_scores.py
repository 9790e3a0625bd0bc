"""What each prior scores each test image: distributions, the easiest and the hardest images, two priors compared."""

import numpy as np
import streamlit as st

from app import frontend
from app.figures import image_scores as charts
from app.services import catalogue, images, likelihood, scores, spread
from app.services.latent_plane import encoding
from app.services.likelihood import Extremes
from app.services.loading import Ref
from app.services.per_image import PerImage
from app.widgets import controls, export, family, numbers, page, pictures, seeds
from app.widgets.latent_plane.images import class_names
from app.widgets.latent_plane.pictures import show_dot_images
from app.widgets.text import plain
from app.widgets.waiting_priors import say_waiting

SHOWN = 6
IMAGE, BASE, OTHER, AGAINST = "likelihood_image", "likelihood_one", "likelihood_other", "likelihood_against"


def _series(scored: PerImage, ref: Ref) -> charts.ScoresOfPrior:
    return charts.ScoresOfPrior(family.short_name(ref), ref.kind, scored.values[scored.refs.index(ref)])


def show_distributions(scored: PerImage) -> None:
    """The distribution of the scores under each prior."""
    series = [_series(scored, ref) for ref in scored.refs]
    drawing = charts.distributions(page.mode(), series, quantity=scored.quantity)
    name = f"{scored.refs[0].experiment}-image-scores"
    export.figure(drawing, key="likelihood_distributions", name=name)
    values = scored.values
    edges = charts.bin_edges(values.ravel())
    left_out = [f"{numbers.count(charts.outside(each.values, edges))} under {plain(each.name)}" for each in series]
    known = numbers.count(int(np.isfinite(values).all(0).sum()))
    st.caption(
        f"n = {known} test images, {scored.name} as it is stored with the checkpoints. Images below the "
        f"range of the axis: {numbers.listed(left_out)}."
    )
    say_waiting(scored.waiting)
    export.csv_button("Save the scores", lambda: _columns(scored), key="likelihood_csv", name=name)


def _columns(scored: PerImage) -> dict[str, np.ndarray]:
    found = {"image": np.arange(scored.values.shape[1])}
    for ref, values in zip(scored.refs, scored.values, strict=True):
        found[f"{scored.name}, {ref.prior} (nats)"] = values
    return found


def show_extremes(ref: Ref, scored: PerImage) -> None:
    """The images with the highest and the lowest score of a prior."""
    values = scored.values[scored.refs.index(ref)]
    found = likelihood.extremes(values, SHOWN)
    st.markdown(f"**{plain(family.full_name(ref))}**")
    for words, rows in _ends(found):
        shown = images.from_test_set(ref, tuple(rows.tolist()))
        listed = numbers.signed(", ".join(f"{values[row]:.0f}" for row in rows))
        pixels = pictures.images_png(shown.pixels, catalogue.facts(ref).binary, columns=SHOWN)
        pictures.show(pixels, alt=f"{family.full_name(ref)}, {words.lower()} {scored.name}: {listed} nats")
        kind = "" if shown.originals else ", reconstructions"
        numbered = ", ".join(numbers.count(row) for row in rows)
        st.caption(f"{words} {scored.name}{kind}: {listed} nats (images {numbered})")


def _ends(found: Extremes) -> list[tuple[str, np.ndarray]]:
    return [(words, rows) for words, rows in (("Highest", found.highest), ("Lowest", found.lowest)) if len(rows)]


def choose_two(refs: tuple[Ref, ...]) -> tuple[Ref, Ref]:
    """Two priors, the first and the last unless others are chosen."""
    words = {ref.prior: family.short_name(ref) for ref in refs}
    with st.container(horizontal=True, vertical_alignment="bottom", width=460):
        one = controls.choose_one("Prior", tuple(words), key=BASE, default=refs[0].prior, names=words)
        left = {key: name for key, name in words.items() if key != one}
        last = refs[-1].prior if refs[-1].prior != one else refs[0].prior
        other = controls.choose_one("Compared with", tuple(left), key=OTHER, default=last, names=left)
    named = {ref.prior: ref for ref in refs}
    return named[one], named[other]


def show_two(scored: PerImage, one: Ref, other: Ref, row: int) -> None:
    """Two priors image by image; a click on the chart chooses the image nearest to it."""
    first, second = _series(scored, one), _series(scored, other)
    rows = likelihood.scattered(first.values, second.values)
    drawing = charts.against(page.mode(), first, second, rows, quantity=scored.quantity)
    export.figure(drawing, key=AGAINST, name=f"{one.experiment}-{one.prior}-{other.prior}")
    show_dot_images(one, AGAINST, charts.IMAGES)
    place = (float(first.values[row]), float(second.values[row]))

    def choose(where: frontend.Place) -> None:
        st.session_state[IMAGE] = likelihood.nearest_image(first.values, second.values, rows, where.x, where.y)

    frontend.pick(AGAINST, mark=place if np.isfinite(place).all() else None, on_pick=choose)
    total = int((np.isfinite(first.values) & np.isfinite(second.values)).sum())
    drawn = "" if total == len(rows) else f" The chart shows {numbers.count(len(rows))} of them, evenly spaced."
    st.caption(
        f"Each dot is a test image, in the colour of the prior that explains it better. n = {numbers.count(total)}."
        f"{drawn} Point at a dot to see its image, and choose it to use it below."
    )


def show_difference(one: Ref, other: Ref) -> None:
    """By how much a prior scores better than another on average, with its error."""
    found = scores.stored_difference(other, one)
    if found is None:
        st.caption("These two were not tested on the same images: there is no paired difference.")
        return
    score = "log_likelihood" if found.name.startswith("log_likelihood") else "elbo"
    quantity = "log p(x)" if score == "log_likelihood" else "ELBO"
    label = f"{quantity}, {family.short_words(other)} minus {family.short_words(one)}"
    page.metric_row([page.Cell(label, numbers.signed_difference(found), numbers.caption(found))])
    if over := spread.difference_spread(score, other, one):
        st.caption(f"Of the training that ships; over {over.trainings} trainings {seeds.mean_words(over, sign=True)}.")


def choose_image(ref: Ref) -> int:
    """The row of the image that the page looks at."""
    return controls.number(
        "Test image",
        key=IMAGE,
        low=0,
        high=catalogue.facts(ref).images - 1,
        help="Its place in the test set. A click on the chart of two priors chooses one too.",
        width=160,
    )


def show_image(scored: PerImage, row: int) -> None:
    """The image that was chosen, and its score under each prior."""
    ref, facts = scored.refs[0], catalogue.facts(scored.refs[0])
    shown, names = images.from_test_set(ref, (row,)), class_names(ref)
    label = int(encoding.latents(ref).labels[row])
    words = f"Test image {numbers.count(row)}" + (f", class {names[label]}" if names and label >= 0 else "")
    with st.container(width=180):
        pictures.show(pictures.images_png(shown.pixels, facts.binary), alt=words)
    st.caption(plain(words) + ("" if shown.originals else ", its reconstruction"))
    values = [
        f"{family.short_words(each)} **{numbers.format_value(float(scored.values[place, row]))}**"
        for place, each in enumerate(scored.refs)
    ]
    st.markdown(f"{scored.name} of this image: {', '.join(values)} nats")
