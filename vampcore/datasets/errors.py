"""The one error of this package."""


class DataError(ValueError):
    """Data that is absent, broken or does not fit; the message is one line and says what to do."""
