"""Open every page on one prior of a family, and print what each shows as JSON.

For a process of its own: the test's must not know the new prior.
"""

import json

from app.services import priors
from tests.app.reading import MAIN, charts, open_page, words


def main(experiment: str, prior: str) -> None:
    """Print, for every page, the prior, the words and the text of the figures."""
    seen = {}
    for page in sorted(path.stem for path in (MAIN.parent / "views").glob("[a-z]*.py")):
        at = open_page(page, experiment=experiment, prior=priors.short_prior_name(prior))
        seen[page] = {
            "prior": at.sidebar.get_by_key("prior").value,
            "side": "\n".join(
                [
                    *at.sidebar.selectbox(key="experiment").options,
                    *(each.value for each in at.sidebar.caption),
                    *at.sidebar.get_by_key("prior").options,
                ]
            ),
            "notices": [each.value for each in at.info],
            "words": words(at) + "\n".join(metric.label for metric in at.metric),
            "figures": json.dumps(charts(at)),
            "tables": [str(row) for table in at.table for row in table.value.index],
        }
    print(json.dumps(seen))
