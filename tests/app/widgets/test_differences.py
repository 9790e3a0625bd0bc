"""Differences between priors: the title of their axis."""

from app.services.loading import Ref
from app.widgets import differences
from vampcore.metrics.metric import Metric

SG, MOG = (Ref("digits-2d", prior, "", "", prior) for prior in ("sg", "mog"))
FOUND = Metric("log_likelihood_difference", 1.0, "nats/image", 0.1, n=300)


def test_the_axis_names_the_base_where_there_is_room_and_else_its_unit_alone(monkeypatch):
    long = SG._replace(prior="of-a-very-long-name-indeed")
    whole = "log p(x) minus that of SG (nats/image)"
    assert differences._axis({MOG: FOUND}, SG) == whole
    assert differences._axis({MOG: FOUND}, long) == "nats/image"
    assert differences._axis({long: FOUND}, SG) == "nats/image"
    monkeypatch.setattr(differences, "is_narrow", lambda: True)
    assert differences._axis({MOG: FOUND}, SG) == whole
    few = SG._replace(prior="first")
    assert differences._axis({MOG: FOUND}, few) == "nats/image"
