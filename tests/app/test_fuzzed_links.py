"""A short run of the fuzzer of links, from a fixed seed."""

from collections import Counter

LINKS = 12


def test_no_link_makes_a_page_fail(models):
    from tests.fuzz import urls

    counts: Counter[str] = Counter()
    urls.run(1, LINKS, counts)
    assert counts["opened"] == counts["inputs"] >= LINKS
