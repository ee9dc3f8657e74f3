"""All checks, in the order in which one explains the next."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from pase.doctor.accelerators import check_gpus
from pase.doctor.aligners import check_mfa, check_pocketsphinx
from pase.doctor.check import Check, Result
from pase.doctor.faces import check_mediapipe, check_model
from pase.doctor.folder import check_folder
from pase.doctor.media import check_decoders, check_video
from pase.doctor.self_test import check_main_path
from pase.doctor.versions import check_extras, check_libraries, check_loading, check_python


def checks_of(folder: Path, quick: bool = False) -> tuple[Check, ...]:
    """The checks.

    Args:
        folder: Where the user means to work.
        quick: Leave out the self-test, which takes half a minute.
    """
    checks = (
        Check("Python", check_python),
        Check("libraries", check_libraries),
        Check("loading libraries", check_loading),
        Check("extras", check_extras),
        Check("video H.264", check_video),
        Check("video decoders", check_decoders),
        Check("GPU", check_gpus),
        Check("aligner pocketsphinx", check_pocketsphinx),
        Check("aligner mfa", check_mfa),
        Check("face landmark model", check_model),
        Check("MediaPipe", check_mediapipe),
        Check("folder", partial(check_folder, folder)),
    )
    return checks if quick else (*checks, Check("self-test", check_main_path))


def examine(checks: Iterable[Check], say: Callable[[Result], None] = lambda result: None) -> list[Result]:
    """Make the checks; `say` is told each result as soon as it is known."""
    results = []
    for check in checks:
        for result in check.run():
            say(result)
            results.append(result)
    return results
