"""Where the controls are, and that each window has a mover of its own."""

from tools.controls import CONTROLS

SEED, RANGE = CONTROLS[:2]


def test_a_control_has_its_address_and_a_mover_for_every_window():
    place = next(each for each in CONTROLS if each.query == "prior=Vamp")
    assert place.address("http://here") == "http://here/latent_space?experiment=mnist-2d&prior=Vamp"
    assert SEED.address("http://here") == "http://here/?experiment=mnist-2d"
    assert RANGE.mover() is not RANGE.mover()
