"""The whole job of `pase-adapt`: from a recording and a checkpoint to the file that a renderer loads."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol

from pase.audio.waveform import iter_audio
from pase.errors import InputError
from pase.inference.track import FeatureTrack
from pase_adapters.feature_file import FeatureFile, Origin, hash_file, note_path, read_origin, writing
from pase_adapters.gate import SilenceGate
from pase_adapters.layout import count_rows
from pase_adapters.spec import Command, ReadyCommand, RendererSpec, RowLayout, Slot
from pase_adapters.subject import count_frames


class ModelIdentity(Protocol):
    """The part of a checkpoint's description that is used here."""

    @property
    def model_id(self) -> str:
        """Identity of the checkpoint."""
        ...


class SpeechEncoder(Protocol):
    """The part of `pase.PASE` that is used here."""

    @property
    def info(self) -> ModelIdentity:
        """Description of the checkpoint."""
        ...

    @property
    def width(self) -> int:
        """Feature width."""
        ...

    def encode_file(self, path: Path, width: int | None = None, states: Path | None = None) -> FeatureTrack:
        """Features of a recording, projected to a width, read from a file of states."""
        ...


def load_encoder(checkpoint: Path | None) -> SpeechEncoder:
    """Load a PASE checkpoint folder, or the one in the package; torch is imported only now."""
    from pase.inference.encoder import PASE

    return PASE.from_pretrained(checkpoint)


@dataclass(frozen=True)
class Job:
    """One recording for one renderer.

    Attributes:
        spec: The renderer.
        audio: Sound or video file.
        checkpoint: Folder of the PASE checkpoint; None: the one that comes with the package.
        output: Folder to write to.
        slot_name: Which of the renderer's inputs; None: the first.
        fps: Frame rate of the subject's video (Hz); None: the one that the renderer's preprocessing makes.
        data_dir: The subject's folder as the renderer processed it, if there is one.
        driving: The recording is not the subject's own, but one that a trained subject shall speak.
        tolerance: Video frames by which sound and video may differ in length.
        gated: Fade features to rest where the recording is silent.
        force: Replace features that were made from something else.
    """

    spec: RendererSpec
    audio: Path
    checkpoint: Path | None
    output: Path
    slot_name: str | None = None
    fps: float | None = None
    data_dir: Path | None = None
    driving: bool = False
    tolerance: int = 1
    gated: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise InputError(f"the tolerance is {self.tolerance} frames, expected 0 or more")

    @cached_property
    def slot(self) -> Slot:
        """The renderer's input that is written for."""
        return self.spec.slot(self.slot_name)

    @cached_property
    def layout(self) -> RowLayout:
        """The slot's layout at the subject's frame rate."""
        layout = self.slot.layout
        return layout if self.fps is None else replace(layout, rows_per_second=self.fps)

    @property
    def features(self) -> Path:
        """The file to write."""
        return self.output / self.slot.feature_file(self.audio, driving=self.driving)


@dataclass(frozen=True, slots=True)
class Adapted:
    """What was done.

    Attributes:
        features: The written file.
        shape: Of its array.
        sound_rows: Rows that the sound alone would give.
        duration: Length of the recording (seconds).
        frames: Video frames of the subject, where rows and frames had to agree.
        encoder_width: Width of the checkpoint's features.
        feature_width: Their width in the file before padding.
        silent: Share of the recording that the gate closed; None without one.
        commands: What to run next in the renderer's own folder.
    """

    features: Path
    shape: tuple[int, ...]
    sound_rows: int
    duration: float
    frames: int | None
    encoder_width: int
    feature_width: int
    silent: float | None
    commands: tuple[ReadyCommand, ...]

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return self.shape[0]


def adapt(job: Job, load: Callable[[Path | None], SpeechEncoder] = load_encoder) -> Adapted:
    """Encode a recording and write the renderer's feature file with its note.

    Everything that can be refused cheaply is refused before the recording is encoded.

    Args:
        job: What to do.
        load: Gives the encoder of a checkpoint folder, of the one in the package for None.

    Raises:
        InputError: The input cannot be used, or features made from something else are in the way.
    """
    if job.driving and not job.spec.driving_commands:
        raise InputError(f"{job.spec.name} reads no file for another recording. {'; '.join(job.spec.limits)}")
    frames = None if job.data_dir is None else count_frames(job.data_dir, job.spec)
    if job.driving:
        frames = None  # another recording need not be as long as the subject's video
    audio_sha256 = hash_file(job.audio)
    encoder = load(job.checkpoint)
    rate = job.layout.rows_per_second
    origin = Origin(job.spec.name, job.slot.name, encoder.info.model_id, audio_sha256, rate, job.gated)
    with writing(job.features):
        if not job.force:
            _check_existing(job.features, origin)
            _check_training(job, origin)
        return _write(job, encoder, origin, frames)


def adapt_one_of_many(job: Job) -> Adapted:
    """`adapt` for an executor's workers, which keep the encoder for the next recording."""
    return adapt(job, _kept_encoder)


@cache
def _kept_encoder(checkpoint: Path | None) -> SpeechEncoder:
    return load_encoder(checkpoint)


def _write(job: Job, encoder: SpeechEncoder, origin: Origin, frames: int | None) -> Adapted:
    room = job.layout.width
    narrow = room if room is not None and room < encoder.width else None
    with tempfile.TemporaryDirectory(prefix=".pase-", dir=job.output) as folder:
        track = encoder.encode_file(job.audio, width=narrow, states=Path(folder) / "states.npy")
        sound_rows = count_rows(track.duration, job.layout)
        rows = _agree(job, track.duration, sound_rows, frames)
        gate = SilenceGate.listen(iter_audio(job.audio)) if job.gated else None
        content = FeatureFile(job.layout.fitted(track.width), track, rows, origin, gate)
        content.write(job.features)
    silent = None if gate is None else gate.closed
    commands = next_commands(job)
    return Adapted(
        job.features, content.shape, sound_rows, track.duration, frames, encoder.width, track.width, silent, commands
    )


def next_commands(job: Job) -> tuple[ReadyCommand, ...]:
    """The renderer's own commands to run once the features are written.

    A subject that is not known is called ``data/ID``; the run is named after the subject and PASE, so that it never
    goes on from a run with other features of the same width.
    """
    data = job.data_dir.resolve() if job.data_dir else Path("data/ID")
    values = {
        "data": str(data),
        "workspace": f"trial_{data.name}_pase",
        "features": str(job.features.resolve()),
        "note": str(note_path(job.features.resolve())),
        "audio": str(job.audio.resolve()),
    }
    if job.driving:
        commands = job.spec.driving_commands
    elif job.features.resolve() == data / job.slot.training_file:
        commands = job.spec.training_commands
    else:
        copy = Command("put the features where they are looked for", "cp {features} {note} {data}/")
        commands = (copy, *job.spec.training_commands)
    python = f"pase-adapt run --renderer {job.spec.name} --" if job.slot.launched else "python"
    return tuple(command.filled(python, job.slot.switch, **values) for command in commands)


def _check_existing(features: Path, origin: Origin) -> None:
    """Refuse to replace features that this job would not give again: a renderer may have been trained on them."""
    if not features.exists():
        return
    found = read_origin(features)
    if found == origin:
        return
    raise InputError(
        f"{features} exists and {_difference(found, origin)}. Features that a renderer was trained on have to stay as "
        f"they are: write elsewhere with --output, or replace them with --force."
    )


def _check_training(job: Job, origin: Origin) -> None:
    """Refuse to drive a subject by features of another kind than those it was trained on."""
    if not job.driving or job.data_dir is None:
        return
    trained_on = job.data_dir / job.slot.training_file
    if not trained_on.exists():
        return
    found = read_origin(trained_on)
    if found is None or found.model_id != origin.model_id:
        other = "was not written by pase-adapt" if found is None else f"comes from the checkpoint {found.model_id}"
        raise InputError(
            f"{trained_on} {other}, this recording would be encoded by {origin.model_id}: a renderer trained on "
            f"the one cannot read the other. Give the --checkpoint that the subject was trained with, or go on with "
            f"--force."
        )


def _difference(found: Origin | None, origin: Origin) -> str:
    if found is None:
        return "was not written by pase-adapt"
    if found.model_id != origin.model_id:
        return f"was made by another checkpoint ({found.model_id}, now {origin.model_id})"
    if (found.renderer, found.slot) != (origin.renderer, origin.slot):
        return f"was made for the slot {found.slot} of the renderer {found.renderer}"
    if found.rows_per_second != origin.rows_per_second:
        return f"was made for {found.rows_per_second:g} frames per second"
    if found.gated != origin.gated:
        return f"was made {'with' if found.gated else 'without'} the silence gate"
    return "was made from another recording"


def _agree(job: Job, duration: float, rows: int, frames: int | None) -> int:
    """Number of rows to write: the subject's frames where they are known, else what the sound gives."""
    layout = job.layout
    if frames is not None and abs(rows - frames) > job.tolerance:
        apart = abs(rows - frames)
        # Beyond a second the two hardly belong together, and no tolerance would mend that.
        mild = apart <= layout.rows_per_second
        remedy = f" If both begin together and only the ends differ: --tolerance {apart}." if mild else ""
        raise InputError(
            f"{job.audio} lasts {duration:.2f} s, which is {rows} rows at {layout.rows_per_second:g} a second, but "
            f"{job.data_dir} has {frames} video frames: {apart} apart, at most {job.tolerance} is allowed. Give the "
            f"sound of this very video, and check that the video was {layout.rows_per_second:g} fps (--fps). For "
            f"another recording use --driving.{remedy}"
        )
    wanted = rows if frames is None else frames
    if wanted < layout.min_rows:
        raise InputError(
            f"{job.audio} gives {wanted} rows ({duration:.3f} s), {job.spec.name} needs at least {layout.min_rows} "
            f"({layout.min_rows / layout.rows_per_second:.2f} s). Give a longer recording."
        )
    return wanted
