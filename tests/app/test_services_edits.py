import pytest

from app.services import edits
from app.services.edits import Step

SEVERAL = (
    edits.remove([20, 3, 17, 18, 19, 3]),
    edits.copy([4]),
    Step("weight", (5,), weight=0.2),
    Step("image", number=123, weight=0.05),
    Step("drawn", image=bytes([0, 255, 16]), weight=0.01),
    Step("uploaded", image=bytes([1]), weight=0.02),
    Step("keep", number=20),
    Step("dead"),
    Step("learn"),
)


def test_steps_are_words_of_a_link_and_back():
    said = edits.words(SEVERAL)
    assert (
        said
        == "remove_3.17-20~copy_4~weight_5_0.2~image_123_0.05~drawn_00ff10_0.01~uploaded_01_0.02~keep_20~dead~learn"
    )
    assert edits.steps_of(said) == SEVERAL
    assert edits.steps_of("") == ()


@pytest.mark.parametrize(
    "said",
    [
        "burn",
        "remove",
        "remove_",
        "remove_5-3",
        "remove_-3",
        "remove_1_2",
        "copy_100000",
        "weight_1",
        "weight_1_0",
        "weight_1_1",
        "weight_1_nan",
        "weight_x_0.1",
        "image_1e3_0.1",
        "drawn_0_0.1",
        "drawn_zz_0.1",
        "drawn_" + "00" * 1025 + "_0.1",
        "uploaded__0.1",
        "keep_0",
        "dead_1",
        "dead~",
        "~".join(["dead"] * 61),
        "remove_0-99999.5",
        "remove_1" + ".1" * 4000,
    ],
)
def test_what_is_no_step_is_refused(said):
    with pytest.raises(ValueError, match=r"number|range|weight|step|letters|float"):
        edits.steps_of(said)


def test_what_a_link_does_not_say_is_too_long_for_it():
    image = Step("drawn", image=bytes(1024), weight=0.1)
    assert edits.fit_a_link((image,) * 3)
    assert edits.steps_of(edits.words((image,))) == (image,)
    assert not edits.fit_a_link((image,) * 4)
    assert not edits.fit_a_link((Step("uploaded", image=bytes(3 * 32 * 32), weight=0.1),))
