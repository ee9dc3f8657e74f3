"""The errors that a user can cause and mend.

Every command catches `PaseError`, prints its message without a traceback and exits with status 1. Anything else is a
bug and keeps its traceback.
"""


class PaseError(Exception):
    """Something that the user can mend: the message says what was expected, what was found, where, and what to do."""


class InputError(PaseError):
    """A file or value that was given cannot be used."""


class UnusableClipError(InputError):
    """One clip cannot be used, which is no reason to stop at it when many are prepared.

    Attributes:
        reason: One word or several joined by ``_``, for tables and counts: ``no_sound``, ``face_lost``, ...
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type["UnusableClipError"], tuple[str, str]]:
        return type(self), (self.reason, str(self))


class MissingExtraError(PaseError):
    """An optional package, system library or model file is needed and absent."""
