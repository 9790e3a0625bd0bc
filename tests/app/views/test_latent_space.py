"""The latent plane: what it shows for each prior, what a place and a choice say, and what a link may say."""

import numpy as np
import pytest

from app.services import catalogue, hole_mass, images, prior_components
from app.services.latent_plane import encoding
from app.widgets import numbers
from app.widgets.component import percent
from tests.app.reading import words
from tests.app.views.plane import array, link, opened, spec, traces

EVERY = (("tiny-2d", "SG"), ("tiny-2d", "MoG"), ("tiny-2d", "Vamp"), ("tiny-5d", "Vamp, learned weights"))


@pytest.mark.parametrize(("experiment", "prior"), EVERY)
def test_the_figures_under_the_plane_are_the_services(models, experiment, prior):
    at = opened(experiment, prior)
    family = next(each for each in catalogue.experiments() if each.name == experiment)
    ref = next(each for each in family.refs if each.prior == at.sidebar.get_by_key("prior").value)
    shown = {metric.label: metric.value for metric in at.metric}
    elbo = catalogue.metric(ref, "elbo")
    assert shown["ELBO"] == numbers.format_value(elbo.value, elbo.se)
    holes = numbers.format_metric(hole_mass.hole_share(ref)) if experiment == "tiny-2d" else None
    assert shown.get("Prior mass in holes, minus the floor") == holes
    assert "**300** test images, each drawn as a dot" in words(at)
    assert shown["The plane holds"] == f"{100 * encoding.plane(ref).share:.0f} %"
    assert ("latent space itself" in words(at)) == (experiment == "tiny-2d")
    assert ("Component **" in words(at)) == (prior != "SG")
    assert not at.warning


def test_the_plane_holds_every_image_once_in_a_mixed_order(ref):
    points = traces(opened())[0]
    rows = array(points["customdata"])[:, 0]
    assert sorted(rows.tolist()) == list(range(300))
    assert rows.tolist() != list(range(300))
    np.testing.assert_array_equal(np.stack([array(points["x"]), array(points["y"])], 1), encoding.points(ref)[rows])
    np.testing.assert_array_equal(array(points["marker"]["color"]), encoding.latents(ref).labels[rows])


def test_each_control_changes_the_plane(ref):
    means = traces(opened(latent_means="true"))[0]
    rows = array(means["customdata"])[:, 0]
    expected = encoding.points(ref, means=True)[rows]
    np.testing.assert_array_equal(np.stack([array(means["x"]), array(means["y"])], 1), expected)
    component = array(traces(opened(latent_colour="component"))[0]["customdata"])[:, 1]
    np.testing.assert_array_equal(component, encoding.components_of_images(ref).component[rows])
    elbo = array(traces(opened(latent_colour="ELBO"))[0]["marker"]["color"])
    np.testing.assert_array_equal(elbo, encoding.latents(ref).elbo[rows])
    assert "components" not in [trace.get("name") for trace in traces(opened())]
    assert "components" in [trace.get("name") for trace in traces(opened(latent_ellipses="true"))]


def test_of_many_components_the_ellipses_are_of_the_most_used(ref, monkeypatch):
    monkeypatch.setattr(prior_components, "MOST_SHOWN", 2)
    monkeypatch.setattr(prior_components, "most_used", lambda ref: np.array([4, 1]))
    at = opened(latent_ellipses="true")
    (centres,) = [trace for trace in traces(at) if trace.get("name") == "components"]
    weights = array(centres["customdata"])
    assert np.flatnonzero(weights > 0).tolist() == [1, 4]
    assert f"Ellipses show the 2 most used of {len(weights)} components." in words(at)


def test_a_place_says_what_the_service_says_and_leaves_the_plane_as_it_was(ref, middle):
    before = opened()
    assert "near the densest point" in words(before)
    at = opened(latent_point=link(middle))
    place = images.decode_place(ref, *middle)
    assert 0 < place.less_dense < 1
    said = words(at)
    assert numbers.signed(f"**Decoded at ({middle[0]:.2f}, {middle[1]:.2f})**") in said
    assert f"**{numbers.signed(f'{place.log_density:.2f}')} nats**" in said
    assert f"More typical than **{100 * place.less_dense:.0f} %** of 20,000 prior samples" in said
    assert f"Component **{place.component}**, responsibility **{percent(place.responsibility)}**" in said
    assert spec(at) == spec(before)
    assert at.get("plotly_chart")[1].proto.spec != before.get("plotly_chart")[1].proto.spec


def test_the_nearest_images_are_those_of_the_service(ref, middle):
    nearest = traces(opened(latent_point=link(middle)), 1)[0]
    said = [text.split("<br>")[0] for text in nearest["text"]]
    assert said == [f"image {row}" for row in images.decode_place(ref, *middle).rows]


def test_far_away_is_outside_the_priors_mass(models):
    at = opened(latent_point="90,90")
    said = words(at)
    assert "More typical than **<0.1 %** of 20,000 prior samples" in said
    assert "Far outside the prior: 99.99 % of prior samples are more typical than this point." in at.warning[0].value
    assert not opened().warning
    assert "This point lies outside the plane shown." in said
    assert "outside the plane" not in words(opened())


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "<0.1 %"),
        (0.0004, "<0.1 %"),
        (0.004, "0.4 %"),
        (0.5, "50 %"),
        (0.986, "99 %"),
        (0.9899, "99.0 %"),
        (0.99, "99.0 %"),
        (0.9985, "99.9 %"),
        (0.9995, ">99.9 %"),
        (1.0, ">99.9 %"),
    ],
)
def test_a_share_is_rounded_and_never_said_to_be_all_or_nothing(models, share, said):
    from app.widgets import typicality

    assert typicality.share_words(share) == said


def test_a_place_can_be_typed_and_taken_back(middle):
    at = opened()
    assert not [field for field in at.number_input if field.label == "z\u2081"], "sent before it is open"
    at.session_state["latent_typed"] = True
    at.run()
    fields = {field.label: field for field in at.number_input}
    for axis, value in zip(("z\u2081", "z\u2082"), middle, strict=True):
        fields[axis].set_value(value)
    next(button for button in at.button if button.label == "Decode this point").click().run()
    assert at.query_params["latent_point"] in ([f"{middle[0]:.4f},{middle[1]:.4f}"], f"{middle[0]:.4f},{middle[1]:.4f}")
    assert "near the densest point" not in words(at)
    at.button(key="latent_back").click().run()
    assert "latent_point" not in at.query_params
    assert "near the densest point" in words(at)
    assert not at.exception


def test_nonsense_in_every_parameter_is_named_and_the_page_opens(models):
    bad = {
        "latent_colour": "<b>",
        "latent_means": "perhaps",
        "latent_ellipses": "2",
        "latent_point": "1;2",
        "latent_radius": "nan",
        "latent_view": "nan",
    }
    at = opened(**bad)
    said = at.warning[0].value
    assert all(key in said for key in bad)
    assert not set(bad) & set(at.query_params)
    assert "near the densest point" in words(at)


def test_another_prior_keeps_the_place(models):
    at = opened(latent_point="0.5,-0.25", latent_colour="component")
    at.sidebar.get_by_key("prior").set_value("sg").run()
    assert not at.exception
    assert "(0.50, \u22120.25)" in words(at)
    assert "Component **" not in words(at)


def test_images_without_classes_are_coloured_by_component(middle, monkeypatch):
    """A data set without classes has labels of -1: no colour by class, and the mix is that of the components."""
    import dataclasses

    whole = encoding.latents
    monkeypatch.setattr(
        encoding, "latents", lambda ref: dataclasses.replace(whole(ref), labels=np.full(300, -1, np.int16))
    )
    at = opened(latent_point=link(middle), latent_radius="1")
    assert at.get_by_key("latent_colour").options == ["component", "ELBO"]
    assert "Component" in at.dataframe[0].value
    asked = opened(latent_colour="class")
    assert "latent_colour" in asked.warning[0].value
