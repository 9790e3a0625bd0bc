"""Likelihood: what each prior scores each test image, the bound while it grows, the posterior, the parts of the KL."""

import streamlit as st

from app import state
from app.services import catalogue, likelihood, per_image
from app.services import verdict as judging
from app.services.loading import Ref
from app.widgets import image_scores, live_bound, openings, page, posterior_maps, sidebar
from app.widgets.family import in_columns, readable, short_words
from app.widgets.figures_table import say_ceiling
from app.widgets.kl_parts import show_kl, stored_kl
from app.widgets.verdict import clause_over_trainings, terms

EXPLANATION = """
**Scores.** log p(x) is the logarithm of the probability that a model gives to one image, in nats. With two latent
dimensions it is an integral over the plane and exact. With more it is estimated by importance sampling, which is a
lower bound in expectation. Where it was not estimated, the page shows the ELBO of one sample z of q(z | x) an image.
Its expectation is never above log p(x); a single value can be.

**Two priors.** Both score the same images, so the difference is taken image by image. What is hard for both cancels,
and the standard error of the mean difference is much smaller than that of each mean.

**The bound.** $L_K$ = E[log 1/K \u03a3 p(x, z) / q(z | x)] over K samples z of q(z | x) (Burda et al., 2016) is the
ELBO at K = 1 and rises to log p(x). Each K uses all its independent blocks of K samples, whose spread gives the band.
The effective sample size says how many of the weights count. Pareto k\u0302 says how heavy their tail is; above 0.7 an
estimate is unreliable. The line is the integral in two dimensions. In more it is an importance-sampling estimate with a
proposal that is refined for each image and widened, and then itself a lower bound in expectation.

**The true posterior.** In two dimensions p(z | x) = p(x, z) / p(x) is known on a grid around its mass. The weighted q,
$q_{EW}$, is the density of one of K samples of q(z | x), chosen in proportion to its weight (Cremer et al., 2017): what
$L_K$ puts in the place of q. KL(q \u2016 p(z | x)) = log p(x) \u2212 ELBO is what the ELBO misses of this image. Total
variation is the largest difference between the probabilities of one region: 0 where two densities agree, 1 where they
are apart.

**Parts of the KL.** ELBO = reconstruction \u2212 KL, and KL = mutual information + marginal KL (Hoffman and Johnson,
2016): how much the latent code tells about the image, and how far the aggregated posterior is from the prior. A prior
can only lower the second part without losing information. With several layers both belong to the top layer, and the
KL of each lower layer is added. Mutual information is at most log N for N images. Near that limit it is only a lower
bound (\u2265), and marginal KL only an upper one (\u2264).
"""


def show_parts(refs: tuple[Ref, ...]) -> None:
    """ELBO surgery: the parts of the KL of every prior, with what is only a bound."""
    bars = [bar for ref in refs if (bar := stored_kl(ref)) is not None]
    if not bars:
        st.caption("The parts of the KL are not stored with these checkpoints.")
        return
    show_kl(bars, catalogue.facts(refs[0]).test_images, experiment=refs[0].experiment, key="likelihood_surgery")
    without = [short_words(ref) for ref in refs if stored_kl(ref) is None]
    if without:
        st.caption(f"{', '.join(without)}: not stored.")
    say_ceiling(refs, catalogue.metric, catalogue.facts(refs[0]).test_images)


trained = readable(state.selected().experiment.refs)
judged = judging.verdict(trained)
page.page_head("Likelihood", openings.likelihood(clause_over_trainings(judged)), *terms(judged))
sidebar.part_notice(trained)
refs = likelihood.tested_alike(trained, trained[0])
scored = per_image.stored_scores(refs)
st.header("Scores of single images", anchor=False)
image_scores.show_distributions(scored)
in_columns(scored.refs, lambda ref: image_scores.show_extremes(ref, scored))
chart, side = st.columns([3, 2], gap="large")
with side:
    pair = image_scores.choose_two(scored.refs) if len(scored.refs) > 1 else None
    if pair is not None:
        image_scores.show_difference(*pair)
    row = image_scores.choose_image(scored.refs[0])
    image_scores.show_image(scored, row)
with chart:
    if pair is not None:
        image_scores.show_two(scored, *pair, row)
live_bound.show_live_bound(refs, row)
posterior_maps.show_posteriors(refs, row)
st.header("Parts of the KL", anchor=False)
show_parts(trained)
page.explain(EXPLANATION)
