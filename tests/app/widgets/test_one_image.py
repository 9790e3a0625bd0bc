"""Single test images under every prior, on Compare."""

import numpy as np

from tests.app.reading import metric, open_page, words


def test_an_image_of_ones_choice_names_its_winner(models):
    from app.services.catalogue import experiments
    from app.services.per_image import per_image

    refs = next(each for each in experiments() if each.name == "tiny-2d").refs
    scores = per_image(refs)
    at = open_page("compare", experiment="tiny-2d", compare_image="7")
    won, lead = scores.winner(7)
    name = ("Standard normal", "Mixture of Gaussians", "VampPrior")[won]
    assert f"**{name}** explains this image best, by {lead:.1f} nats over the next prior." in words(at)
    assert metric(at, "one-sample ELBO, MoG").replace("\u2212", "-") == f"{scores.values[1, 7]:.1f}"
    best, worst = (rows[0] for rows in scores.ends(2, 6))
    said = words(at).replace("\u2212", "-")
    assert f"{scores.gains[2, best]:+.0f}, " in said
    assert f" nats (images {best}, " in said
    assert f"{scores.gains[2, worst]:+.0f}, " in said
    assert f" nats (images {worst}, " in said
    assert np.nanmax(scores.gains[2]) == scores.gains[2, best]
