"""Names and messages as Streamlit's Markdown shows them: as they are, never as markup.

Names of data sets, experiments, priors, classes and files come from folders that anybody may have written.
"""

import re

# After Markdown's escapes are gone, Streamlit makes emoji of ":name:", links of addresses, and a dash of "--"; a word
# joiner, which has no width, keeps the letters apart.
_JOINER = "\u2060"
_MADE_LATE = re.compile(r":(?=[^\s:]*:|//)|www(?=\.)|@|-(?=[->])|[<>~](?=[-=])", re.IGNORECASE)
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&:\"'^=])")
# Lone surrogates cannot be sent; controls and marks that turn the direction of writing would change other words.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(said: object, most: int = 400) -> str:
    """Text for `st.markdown`, captions, labels, help and messages, which shows exactly what was said, on one line.

    Arguments:
        said: A name, a message or an error.
        most: Characters that are shown; the rest is cut off.
    """
    joined = _MADE_LATE.sub(lambda found: found.group() + _JOINER, printable(said, most))
    return _MARKUP.sub(r"\\\1", joined)


def printable(said: object, most: int = 400) -> str:
    """Text for what shows no markup, such as tables and options: what cannot be sent or seen is marked."""
    seen = _UNSEEN.sub(lambda found: " " if found.group() in "\t\n\r" else "\ufffd", str(said))
    text = " ".join(seen.split())
    return text if len(text) <= most else text[: most - 1] + "\u2026"
