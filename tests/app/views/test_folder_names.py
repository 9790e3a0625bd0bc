"""Runs whose folder is not named after their prior are named and coloured by the prior."""

import shutil

from app.figures.theme import PRIOR_COLOURS
from app.services import catalogue
from app.widgets import family
from tests.app.conftest import use_root
from tests.app.reading import as_shown, charts, open_page, words


def test_differences_and_parts_of_the_kl_are_those_of_the_prior(models, tmp_path, monkeypatch):
    """A folder may be called anything, even as another prior."""
    for prior, name in (("sg", "first"), ("mog", "vamp"), ("vamp", "sg")):
        shutil.copytree(models / "tiny-2d" / prior, tmp_path / "all" / "tiny-2d" / name)
    use_root(tmp_path / "all", monkeypatch)
    at = open_page("compare", experiment="tiny-2d", compare_against="SG (first)", compare_images="100")
    assert not at.warning
    names = {"SG (first)": "sg", "MoG (vamp)": "mog", "Vamp (sg)": "vamp"}
    assert {as_shown(name) for name in at.table[0].value.columns} == set(names)
    drawn = charts(at)
    titles = [each["layout"]["xaxis"]["title"]["text"] for each in drawn]
    differences = drawn[next(i for i, title in enumerate(titles) if "minus that of SG (first)" in title)]
    found = {trace["y"][0]: trace["marker"]["color"] for trace in differences["data"]}
    assert found == {name: PRIOR_COLOURS[names[name]] for name in ("MoG (vamp)", "Vamp (sg)")}
    parts = drawn[titles.index("average KL (nats/image)")]
    bars = parts["data"][0]
    assert dict(zip(bars["y"], bars["marker"]["color"], strict=True)) == {n: PRIOR_COLOURS[p] for n, p in names.items()}
    assert "Minus SG (first), image by image: " in words(at)


def test_a_name_is_that_of_the_prior_and_needs_no_model(models, tmp_path, monkeypatch):
    shutil.copytree(models / "tiny-2d" / "vamp", tmp_path / "all" / "tiny-2d" / "sg")
    use_root(tmp_path / "all", monkeypatch)
    ((ref,),) = (each.refs for each in catalogue.experiments())
    monkeypatch.setattr(catalogue, "facts", None)
    assert (ref.prior, ref.kind) == ("sg", "vamp")
    assert family.short_name(ref) == "Vamp (sg)"
