"""`pase prepare`: from a folder of raw videos to a prepared corpus.

The run can be killed at any moment and started again by the same command; finished clips are not done again, and the
corpus has the same bytes as one made in a single run. Every clip of the source ends in the manifest or in
``quarantine.tsv``, with the stage and the reason. The source is never written to.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase import __version__
from pase.corpus.executor import WorkerDiedError, run_tasks
from pase.corpus.options import PrepareOptions
from pase.corpus.progress import ProgressReport
from pase.corpus.recipes import SourceClip, discover
from pase.corpus.stages import StageError, detected_landmarks, given_landmarks, prepare_clip
from pase.corpus.store import EncodedClip, write_encoded
from pase.corpus.workfolder import Outcome, WorkFolder, stamp_files, stamp_of
from pase.errors import InputError, PaseError
from pase.files import make_folder, write_text
from pase.video.faces import FaceLandmarker, find_model


@dataclass(frozen=True, slots=True)
class PrepareSummary:
    """What a preparation came to.

    Attributes:
        corpus: The folder of the prepared corpus.
        found: Clips of the source.
        kept: Clips in the manifest.
        resumed: Clips that an earlier run had finished.
        hours: Length of the kept clips.
        quarantined: Number of clips in the quarantine table by reason.
        remarks: Number of lines in the table of remarks.
        elapsed: Seconds that the run took.
    """

    corpus: Path
    found: int
    kept: int
    resumed: int
    hours: float
    quarantined: Mapping[str, int]
    remarks: int
    elapsed: float

    def __str__(self) -> str:
        again = f", {self.resumed} of them finished before" if self.resumed else ""
        length = f"{self.hours:.2f} hours" if self.hours >= 1 else f"{self.hours * 60:.2f} minutes"
        lines = [
            f"{self.found} clips found{again}, {self.kept} kept: {length}, in {self.elapsed:.0f} s",
            *(f"  {count:6d} quarantined: {reason}" for reason, count in sorted(self.quarantined.items())),
        ]
        if self.quarantined:
            lines.append(f"reasons, clip by clip: {self.corpus / 'quarantine.tsv'}")
        if self.remarks:
            lines.append(f"repairs and doubts: {self.corpus / 'remarks.tsv'}")
        return "\n".join(lines)


def prepare(source: Path, output: Path, options: PrepareOptions | None = None) -> PrepareSummary:
    """Prepare a corpus.

    Args:
        source: Folder with raw videos, laid out as the recipe says.
        output: Folder of the corpus; an interrupted preparation in it goes on.
        options: See `PrepareOptions`.

    Raises:
        InputError: Nothing in the source, the output cannot be written to or was begun with other settings, or not one
            clip could be kept.
        MissingExtraError: MediaPipe, its system libraries, or its model are absent.
    """
    started = time.monotonic()
    options = options or PrepareOptions()
    clips = discover(source, options)
    _check_apart(source, output)
    make_folder(output)
    face_model = _face_model(options)
    work = WorkFolder(output / "work")
    work.claim({**options.settings(), "face_model": _digest(face_model), "version": __version__})
    before = [outcome for clip in clips if (outcome := work.finished(clip)) is not None]
    done = {outcome.clip_id for outcome in before}
    rest = [clip for clip in clips if clip.clip_id not in done]
    outcomes = sorted([*before, *_run(rest, _Worker(work, face_model), options)], key=lambda outcome: outcome.clip_id)
    _write_tables(output, outcomes)
    kept = {outcome.clip_id for outcome in outcomes if outcome.kept}
    if kept:
        settings = {**options.settings(), "validation_every": options.validation_every}
        write_encoded(output, _encoded(work, clips, kept), options.recipe, settings)
    summary = PrepareSummary(
        corpus=output,
        found=len(clips),
        kept=len(kept),
        resumed=len(before),
        hours=sum(outcome.seconds for outcome in outcomes) / 3600,
        quarantined=Counter(outcome.reason for outcome in outcomes if not outcome.kept),
        remarks=sum(len(outcome.remarks) for outcome in outcomes),
        elapsed=time.monotonic() - started,
    )
    if not kept:
        raise InputError(f"not one clip of {source} could be prepared.\n{summary}")
    return summary


@dataclass(frozen=True, slots=True)
class _Worker:
    """What is done with one clip in a worker process."""

    work: WorkFolder
    face_model: Path | None

    def __call__(self, clip: SourceClip) -> Outcome:
        stamp = stamp_of(clip)
        try:
            encoded, remarks = prepare_clip(clip, self._locate)
        except StageError as error:
            return self.work.quarantine(clip, stamp, error.stage, error.reason, str(error))
        return self.work.keep(clip, stamp, encoded, remarks)

    def _locate(self, clip: SourceClip) -> NDArray[np.float32]:
        if self.face_model is None:
            return given_landmarks(clip)
        video = stamp_files([clip.video])
        points = self.work.landmarks(clip, video)
        if points is None:
            points = detected_landmarks(clip, self.face_model)
            self.work.keep_landmarks(clip, video, points)
        return points


def _run(clips: Sequence[SourceClip], worker: _Worker, options: PrepareOptions) -> Iterator[Outcome]:
    """Prepare the clips that are left. What is no fault of a clip's files is tried again by the next run."""
    workers = min(options.workers, len(clips))
    with ProgressReport("preparing clips", len(clips)) as progress:
        for clip, result in run_tasks(worker, clips, workers):
            if isinstance(result, PaseError) or (
                isinstance(result, BaseException) and not isinstance(result, Exception)
            ):
                raise result
            if isinstance(result, Exception):
                reason = "worker_died" if isinstance(result, WorkerDiedError) else "internal_error"
                detail = f"{type(result).__name__}: {result}"
                result = Outcome(clip.clip_id, clip.source, stage="worker", reason=reason, detail=detail)
            progress.advance(failed=not result.kept)
            yield result


def _encoded(work: WorkFolder, clips: Iterable[SourceClip], kept: set[str]) -> Iterator[EncodedClip]:
    for clip in clips:
        if clip.clip_id in kept:
            encoded = work.encoded(clip.clip_id)
            # Splits count through the listing, which may have grown since this clip was finished.
            yield replace(encoded, record=replace(encoded.record, split=clip.split))


def _face_model(options: PrepareOptions) -> Path | None:
    """The detector's model, proven to load; None where no detector is wanted."""
    if options.landmarks == "sidecar":
        return None
    model = find_model(options.face_model)
    with FaceLandmarker(model):
        return model


def _digest(model: Path | None) -> str:
    return "" if model is None else hashlib.sha256(model.read_bytes()).hexdigest()


def _check_apart(source: Path, output: Path) -> None:
    if output.resolve().is_relative_to(source.resolve()):
        raise InputError(f"the output {output} lies in the source {source}, which is never written to; choose another")


def _write_tables(output: Path, outcomes: Sequence[Outcome]) -> None:
    failed = [outcome for outcome in outcomes if not outcome.kept]
    rows = [(o.clip_id, o.source, o.stage, o.reason, o.detail) for o in failed]
    _write_table(output / "quarantine.tsv", ("clip", "source", "stage", "reason", "detail"), rows)
    remarks = [(outcome.clip_id, remark) for outcome in outcomes for remark in outcome.remarks]
    _write_table(output / "remarks.tsv", ("clip", "remark"), remarks)


def _write_table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = ["\t".join(" ".join(cell.split()) for cell in row) for row in (header, *rows)]
    write_text(path, "\n".join(lines) + "\n")
