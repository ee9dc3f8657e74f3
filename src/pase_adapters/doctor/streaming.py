"""What goes wrong when a subject is driven: by the renderer's real-time path, or by a recording of another length."""

import math
from collections.abc import Iterator

from pase_adapters.array_file import ArrayFile
from pase_adapters.doctor.finding import Finding, Severity
from pase_adapters.doctor.sound import Sound
from pase_adapters.doctor.subject import Subject
from pase_adapters.hazards import RealTimePath
from pase_adapters.spec import RendererSpec


def check_stream(context: int, spec: RendererSpec, training: ArrayFile | None, remedy: str) -> Iterator[Finding]:
    """Check the `-m` of a real-time path, and that it feeds what the subject was trained on.

    Args:
        context: The `-m`.
        spec: The renderer.
        training: The subject's features, where they are there.
        remedy: The command that writes them.
    """
    path = spec.hazards.real_time
    if path is None:
        found = f"{spec.name} has no real-time path that is known here"
        yield Finding(Severity.INFO, "no-stream", found, "--stream-context")
        return
    if context < path.min_context:
        found = f"-m {context}: {_too_small(context, path)}"
        yield Finding(Severity.ERROR, "stream-context", found, "--stream-context", f"-m {path.min_context} or more")
    if training is not None and len(training.shape) == 3 and training.shape[1] != path.columns:
        found = (
            f"the subject is trained on {training.shape[1]} columns a row, the real-time path feeds {path.columns}: "
            f"it runs, and the lips are wrong"
        )
        yield Finding(Severity.ERROR, "stream-columns", found, str(training.path), f"{remedy}, and train again")


def _too_small(context: int, path: RealTimePath) -> str:
    """The ring buffer has four contexts; a window that does not fit crashes, two that overlap are mixed up."""
    if 4 * context < path.columns:
        return f"the ring buffer is shorter than a window of {path.columns}, which crashes"
    return "the ring buffer is overwritten while it is read: wrong windows, without a word"


def check_lengths(sound: Sound, spec: RendererSpec, context: int | None) -> Iterator[Finding]:
    """Lengths of sound that a script of the renderer does not survive; `pase-adapt` does."""
    for fatal in spec.hazards.fatal_lengths:
        chunks = math.ceil(sound.duration * fatal.rate - 1e-6)
        if fatal.hit(chunks):
            severity = Severity.WARNING if context == fatal.context else Severity.INFO
            found = f"{chunks} chunks long, at which {fatal.script} with -m {fatal.context} crashes at the end"
            yield Finding(severity, "fatal-length", found, str(sound.path), f"use {fatal.instead} instead")


def check_driving_length(driving: ArrayFile, subject: Subject, spec: RendererSpec, remedy: str) -> Iterator[Finding]:
    """Where another recording is spoken on one list of frames, it should be as long as that."""
    limit = spec.hazards.driving_frames
    frames = subject.splits.get(limit.frame_list) if limit else None
    if limit is None or frames is None:
        return
    found = f"{driving.rows} rows, {limit.frame_list} has {frames} frames"
    if driving.rows < frames and limit.short:
        longer = f"lengthen the recording to {frames} rows with silence, then {remedy}"
        yield Finding(Severity.ERROR, "driving-too-short", f"{found}: {limit.short}", str(driving.path), longer)
    elif driving.rows > frames:
        found += ": the rest of the recording is not rendered, without a word"
        cut = f"speak it in pieces of {frames} rows"
        yield Finding(Severity.WARNING, "driving-too-long", found, str(driving.path), cut)
