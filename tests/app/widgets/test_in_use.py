"""The sentence on the components in use."""

import pytest


@pytest.mark.parametrize(
    ("alive", "dead", "distinct", "said"),
    [
        (32, 0, 27.4, "All 32 components are in use, as 27 distinct ones."),
        (1500, 0, None, "All 1,500 components are in use."),
        (500, 359, 61.2, "61 distinct components of 500 carry the data; 359 are dead."),
        (500, 490, 7.57, "7.6 distinct components of 500 carry the data; 490 are dead."),
        (50, 1, None, "49 components of 50 carry the data; 1 is dead."),
    ],
)
def test_the_sentence_counts_what_is_in_use(alive, dead, distinct, said):
    from app.widgets.in_use import in_use_words

    assert in_use_words(alive, dead, distinct) == said
