"""Work that nobody waits for any more ends: the viewer has closed the page, or has changed a control."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from app.services import compare, hole_mass


class Left(Exception):
    pass


@pytest.fixture
def viewer(monkeypatch):
    """A page's run, its session active and nothing asked for; `rerun` counts runs that were started again."""
    from app.widgets import waiting

    seen = SimpleNamespace(active=True, requests=ScriptRequests(), reruns=0)

    def rerun():
        seen.reruns += 1

    def stop():
        raise StopException

    context = SimpleNamespace(session_id="a", script_requests=seen.requests)
    monkeypatch.setattr(waiting, "get_script_run_ctx", lambda suppress_warning: context)
    monkeypatch.setattr(waiting, "exists", lambda: True)
    monkeypatch.setattr(waiting, "get_instance", lambda: SimpleNamespace(is_active_session=lambda session: seen.active))
    monkeypatch.setattr(waiting.st, "rerun", rerun)
    monkeypatch.setattr(waiting.st, "stop", stop)
    return seen


def test_a_viewer_who_stays_gets_the_answer(viewer):
    from app.widgets.waiting import stop_if_left

    stop_if_left()
    assert viewer.reruns == 0


def test_a_run_ends_when_its_session_is_gone(viewer):
    from app.widgets.waiting import stop_if_left

    viewer.active = False
    with pytest.raises(StopException):
        stop_if_left()


def test_a_changed_control_starts_the_run_again(viewer):
    from app.widgets.waiting import stop_if_left

    viewer.requests.request_rerun(RerunData(fragment_id="measured"))
    stop_if_left()
    assert viewer.reruns == 1


def test_measuring_ends_between_two_steps_and_begins_where_it_ended(refs):
    """Nothing unfinished is kept: who asks next gets the whole answer."""
    from app.services.giving_up import while_wanted

    ref, steps = refs["tiny-2d/sg"], 0

    def leave():
        nonlocal steps
        steps += 1
        if steps > 2:
            raise Left

    with pytest.raises(Left), while_wanted(leave):
        compare.measure((ref,), 250, 3)
    assert steps == 3
    (found,) = compare.measure((ref,), 250, 3)
    assert found.get("log_likelihood").n == 250


def test_measuring_asks_within_a_long_step_too(refs, monkeypatch):
    """Importance sampling and the parts of the KL ask after each part of the images, holes after each split."""
    from app.services.giving_up import while_wanted

    asked = []
    with while_wanted(lambda: asked.append(1)):
        hole_mass.measured_holes(refs["tiny-2d/sg"])
        assert len(asked) == 20
        asked.clear()
        compare.measure((refs["tiny-2d/sg"],), 100, 3)
    # ELBO, parts of the KL and one block, and within the last two.
    assert len(asked) >= 5
