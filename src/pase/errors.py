"""The errors that a user can cause and mend.

Every command catches `PaseError`, prints its message without a traceback and exits with status 1. Anything else is a
bug and keeps its traceback.
"""


class PaseError(Exception):
    """Something that the user can mend: the message says what was expected, what was found, where, and what to do."""


class InputError(PaseError):
    """A file or value that was given cannot be used."""


class MissingExtraError(PaseError):
    """An optional package, system library or model file is needed and absent."""
