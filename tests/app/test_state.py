"""What the URL may say, and what becomes of it when it says nonsense."""

import pytest
from streamlit.testing.v1 import AppTest

from tools.patience import patience


def controls() -> None:
    """A page with one control of each kind."""
    import streamlit as st

    from app import state
    from app.widgets import controls, sidebar

    state.begin("page")
    sidebar.notices()
    found = (
        controls.choose("Colour", ("class", "component"), key="t_colour", default="class", names={"class": "Class"}),
        controls.choose_one("Model", ("a", "b", "c"), key="t_model", default="b"),
        controls.choose_many("Units", ("0", "1", "2"), key="t_units", limit=2),
        controls.number("Seed", key="t_seed", low=0, high=99, default=7),
        controls.slide("Temperature", key="t_heat", low=0.0, high=2.0, default=1.0, step=0.1),
        controls.switch("Means", key="t_means"),
        state.point("t_point"),
    )
    st.text(repr(found))


DEFAULTS = "('class', 'b', (), 7, 1.0, False, None)"


def opened(**query: str | list[str]) -> AppTest:
    at = AppTest.from_function(controls, default_timeout=patience())
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at


def test_without_a_query_everything_is_at_its_default():
    at = opened()
    assert at.text[0].value == DEFAULTS
    assert not at.warning


def test_a_link_sets_every_control():
    at = opened(
        t_colour="component",
        t_model="c",
        t_units=["2", "0"],
        t_seed="12",
        t_heat="0.5",
        t_means="true",
        t_point="0.5,-1.25",
    )
    assert at.text[0].value == "('component', 'c', ('2', '0'), 12, 0.5, True, (0.5, -1.25))"
    assert not at.warning


def test_an_option_is_understood_by_its_own_name_and_by_its_words():
    assert opened(t_colour="Class").text[0].value == DEFAULTS
    at = opened(t_colour="class")
    assert at.text[0].value == DEFAULTS
    assert not at.warning


def test_nonsense_in_every_parameter_is_named_and_replaced():
    at = opened(
        t_colour="../../etc/passwd",
        t_model="<script>",
        t_units=["9", "x"],
        t_seed="1e999",
        t_heat="nan",
        t_means="maybe",
        t_point="1,2,3",
    )
    assert at.text[0].value == DEFAULTS
    said = at.warning[0].value
    for key in ("t_colour", "t_model", "t_units", "t_seed", "t_heat", "t_means", "t_point"):
        assert key in said
    assert not any(key in at.query_params for key in ("t_colour", "t_seed", "t_heat", "t_means", "t_point"))


def test_numbers_out_of_range_or_not_whole_are_named():
    for raw in ("-1", "100", "3.7", "", "0x10", "inf", "-inf", "9" * 400):
        at = opened(t_seed=raw)
        assert at.text[0].value == DEFAULTS, raw
        assert "t_seed" in at.warning[0].value


def test_half_nonsense_keeps_what_can_be_used():
    at = opened(t_seed="12", t_heat="hot")
    assert at.text[0].value == "('class', 'b', (), 12, 1.0, False, None)"
    assert "t_heat" in at.warning[0].value
    assert "t_seed" not in at.warning[0].value


def test_places_that_are_not_two_finite_numbers_are_named():
    for raw in ("1", "a,b", "nan,0", "1e300,0", ",", "1,2,3"):
        at = opened(t_point=raw)
        assert at.text[0].value == DEFAULTS, raw
        assert "t_point" in at.warning[0].value


def test_more_choices_than_allowed_are_named():
    at = opened(t_units=["0", "1", "2"])
    assert at.text[0].value == DEFAULTS
    assert "at most 2" in at.warning[0].value


def test_a_notice_stays_until_it_is_dismissed():
    at = opened(t_seed="x")
    at.toggle(key="t_means").set_value(True).run()
    assert at.warning
    at.button(key="dismiss_notices").click().run()
    assert not at.warning
    assert not at.exception


def test_a_long_value_is_shortened_in_the_notice():
    assert len(opened(t_colour="a" * 5000).warning[0].value) < 300


def shrinking() -> None:
    """Controls whose options depend on another control, as the component's number on the model."""
    import streamlit as st

    from app.widgets import controls

    many = controls.switch("Many", key="t_many", default=True)
    options = ("a", "b", "c", "d", "e", "f") if many else ("a", "b")
    found = (
        controls.number("Component", key="t_k", low=0, high=len(options) - 1),
        controls.choose_one("Name", options, key="t_name", default="a"),
        controls.choose_many("Names", options, key="t_names"),
    )
    st.text(repr(found))


def test_values_that_no_longer_exist_fall_back():
    at = AppTest.from_function(shrinking, default_timeout=patience())
    at.query_params.update({"t_k": "5", "t_name": "f", "t_names": ["f", "a"]})
    at.run()
    assert at.text[0].value == "(5, 'f', ('f', 'a'))"
    at.toggle(key="t_many").set_value(False).run()
    assert not at.exception
    assert at.text[0].value == "(0, 'a', ('a',))"


def selection() -> None:
    """The sidebar and what it selects."""
    import streamlit as st

    from app import state
    from app.widgets import sidebar

    st.text(str(sidebar.show()))
    st.text(state.selected().ref.name)


def test_the_vamp_prior_of_the_first_experiment_is_selected_at_first(models):
    at = AppTest.from_function(selection, default_timeout=patience()).run()
    assert not at.exception
    assert [text.value for text in at.text] == ["True", "tiny-2d/vamp"]


def test_experiment_and_prior_come_from_the_link(models):
    at = AppTest.from_function(selection, default_timeout=patience())
    at.query_params.update({"experiment": "tiny-2d", "prior": "mog"})
    at.run()
    assert at.text[1].value == "tiny-2d/mog"


def test_names_from_the_link_are_only_looked_up(models):
    at = AppTest.from_function(selection, default_timeout=patience())
    at.query_params.update({"experiment": "../tiny-2d", "prior": str(models / "tiny-2d" / "sg")})
    at.run()
    assert not at.exception
    assert at.text[1].value == "tiny-2d/vamp"


def test_another_experiment_falls_back_to_a_prior_that_it_has(models):
    at = AppTest.from_function(selection, default_timeout=patience()).run()
    at.selectbox(key="experiment").set_value("tiny-5d").run()
    assert not at.exception
    assert at.text[1].value == "tiny-5d/vamp-weighted"
    at.selectbox(key="experiment").set_value("tiny-2d").run()
    assert at.text[1].value == "tiny-2d/vamp"


@pytest.mark.parametrize(("asked", "prior"), [("mog", "mog"), ("MoG", "mog"), ("vamp", "vamp"), (None, "vamp")])
def test_the_address_names_experiment_and_prior_by_their_keys(models, asked, prior):
    at = AppTest.from_function(selection, default_timeout=patience())
    at.query_params.update({"experiment": "tiny-2d"} | ({} if asked is None else {"prior": asked}))
    at.run()
    assert not at.exception
    assert at.text[1].value == f"tiny-2d/{prior}"
    # What is shown where nothing is said is not said.
    assert dict(at.query_params) == ({} if prior == "vamp" else {"prior": prior})


def test_experiment_and_prior_follow_an_address_that_has_changed(models):
    """As Back changes it."""
    at = AppTest.from_function(selection, default_timeout=patience()).run()
    at.selectbox(key="prior").set_value("sg").run()
    assert dict(at.query_params) == {"prior": "sg"}
    del at.query_params["prior"]
    at.run()
    assert at.text[1].value == "tiny-2d/vamp"
    at.query_params["prior"] = "mog"
    at.run()
    assert at.text[1].value == "tiny-2d/mog"


def test_a_page_that_is_opened_without_a_query_keeps_experiment_and_prior(models):
    def turning() -> None:
        import streamlit as st

        from app import state
        from app.widgets import sidebar

        state.begin(st.session_state.get("turned_to", ""))
        sidebar.show()
        st.text(state.selected().ref.name)

    at = AppTest.from_function(turning, default_timeout=patience())
    at.query_params.update({"experiment": "tiny-2d", "prior": "mog"})
    at.run()
    at.session_state["turned_to"] = "compare"
    at.query_params.clear()
    at.run()
    assert at.text[0].value == "tiny-2d/mog"
    assert dict(at.query_params) == {"prior": "mog"}


def test_markup_in_a_link_is_shown_as_it_is_written():
    at = opened(t_model="`![x](http://example.org/x.png)`\n# Head")
    (line,) = [line for line in at.warning[0].value.splitlines() if "t_model" in line]
    assert line == "- t_model = `'![x](http://example.org/x.png)' # Head`: it may be `a`, `b`, `c`."


def begun(address: str) -> None:
    """A run that begins at an address, and what it says of it."""
    import streamlit as st

    from app import state

    state.begin("", address, ("", "compare"))
    st.text("\n".join(state.notices()))


class TestAddresses:
    def said(self, address: str) -> str:
        at = AppTest.from_function(begun, args=(address,), default_timeout=patience()).run()
        assert not at.exception
        return at.text[0].value

    def test_a_page_that_there_is_not_is_named(self, models):
        assert "page = `nowhere`: there is no such page" in self.said("http://localhost:8501/nowhere?prior=SG")

    @pytest.mark.parametrize("address", ["", "http://localhost:8501/", "http://localhost:8501/compare?x=1"])
    def test_pages_that_there_are_are_not(self, models, address):
        assert self.said(address) == ""

    @pytest.mark.parametrize(
        "address", ["http://a/%3Cscript%3E", "http://a/[x](http:b)", "http://a/" + "x" * 9000, "http://[/"]
    )
    def test_nothing_of_a_hostile_address_is_markup(self, models, address):
        assert len(self.said(address)) < 150

    def test_the_path_that_the_server_answers_under_is_no_page(self, models):
        from streamlit import config

        config.set_option("server.baseUrlPath", "deep/scope")
        try:
            assert self.said("http://a/deep/scope/compare") == self.said("http://a/deep/scope") == ""
            assert "page = `nowhere`" in self.said("http://a/deep/scope/nowhere")
        finally:
            config.set_option("server.baseUrlPath", "")
