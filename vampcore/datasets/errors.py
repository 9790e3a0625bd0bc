"""The one error of this package."""


class DataError(ValueError):
    """Data that is absent, broken or does not fit; the message is one line and names the cure."""
