"""Forced aligners: the one that comes with PASE, and the Montreal Forced Aligner where it is installed."""

import os
from collections.abc import Iterator

from pase.doctor.check import Result, Status


def check_pocketsphinx() -> Iterator[Result]:
    """Load its model and dictionary."""
    from pase.phonemes.aligners.pocketsphinx import PocketSphinxAligner

    aligner = PocketSphinxAligner()
    aligner.check()
    version = aligner.settings()["version"]
    yield Result("aligner pocketsphinx", Status.OK, f"{version}: its model and dictionary load")


def check_mfa() -> Iterator[Result]:
    """Find the program as the aligner does, and ask for its version."""
    from pase.errors import MissingExtraError
    from pase.phonemes.aligners.mfa.program import find_program, version_of

    name = "aligner mfa"
    try:
        program = find_program()
    except MissingExtraError as error:
        found = "not installed: no 'mfa' on the PATH, and PASE_MFA is not set"
        yield Result(name, Status.WARNING, found, f"needed for --aligner mfa alone: {advice_of(str(error))}")
        return
    version = version_of(program)
    place = "PASE_MFA" if os.environ.get("PASE_MFA") else "the PATH"
    yield Result(name, Status.OK, f"{version}, {program} (by {place})")


def advice_of(message: str) -> str:
    """The part of an error's message that begins with what to do."""
    place = message.find("Install it")
    return message[place:] if place >= 0 else message
