"""The whole job of `pase-adapt`: from a recording and a checkpoint to the file that a renderer loads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pase.errors import InputError
from pase.files import make_folder
from pase.inference.track import FeatureTrack
from pase_adapters.feature_file import Origin, hash_file, read_origin, write_features
from pase_adapters.layout import count_rows, feature_scale
from pase_adapters.spec import Command, RendererSpec
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

    def encode_file(self, path: Path) -> FeatureTrack:
        """Features of a recording."""
        ...


def load_encoder(checkpoint: Path | None) -> SpeechEncoder:
    """Load a PASE checkpoint folder, or the one in the package; torch is imported only now."""
    from pase.inference.encoder import PASE

    return PASE.from_pretrained(checkpoint)


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `pase-adapt`.

    Attributes:
        spec: The renderer.
        audio: Sound or video file.
        checkpoint: Folder of the PASE checkpoint; None: the one that comes with the package.
        output: Folder to write to.
        data_dir: The subject's folder as the renderer processed it, if there is one.
        driving: The recording is not the subject's own, but one that a trained subject shall speak.
        tolerance: Video frames by which sound and video may differ in length.
        force: Replace features that were made from something else.
    """

    spec: RendererSpec
    audio: Path
    checkpoint: Path | None
    output: Path
    data_dir: Path | None = None
    driving: bool = False
    tolerance: int = 1
    force: bool = False

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise InputError(f"the tolerance is {self.tolerance} frames, expected 0 or more")

    @property
    def features(self) -> Path:
        """The file to write."""
        return self.output / self.spec.feature_file(self.audio, driving=self.driving)


@dataclass(frozen=True, slots=True)
class Adapted:
    """What was done.

    Attributes:
        features: The written file.
        rows: Its rows.
        sound_rows: Rows that the sound alone would give.
        duration: Length of the recording (seconds).
        frames: Video frames of the subject, where rows and frames had to agree.
        feature_width: Width of the features before padding.
        commands: What to run next in the renderer's own folder.
    """

    features: Path
    rows: int
    sound_rows: int
    duration: float
    frames: int | None
    feature_width: int
    commands: tuple[Command, ...]


def adapt(job: Job, load: Callable[[Path | None], SpeechEncoder] = load_encoder) -> Adapted:
    """Encode a recording and write the renderer's feature file with its note.

    Everything that can be refused cheaply is refused before the recording is encoded.

    Args:
        job: What to do.
        load: Gives the encoder of a checkpoint folder, of the one in the package for None.

    Raises:
        InputError: The input cannot be used, or features made from something else are in the way.
    """
    frames = None if job.data_dir is None else count_frames(job.data_dir, job.spec)
    if job.driving:
        frames = None  # another recording need not be as long as the subject's video
    audio_sha256 = hash_file(job.audio)
    encoder = load(job.checkpoint)
    feature_scale(encoder.width, job.spec.layout)
    origin = Origin(job.spec.name, encoder.info.model_id, audio_sha256)
    if not job.force:
        _check_existing(job.features, origin)
        _check_training(job, origin)
    make_folder(job.output)
    track = encoder.encode_file(job.audio)
    sound_rows = count_rows(track.duration, job.spec.layout)
    rows = _agree(job, track.duration, sound_rows, frames)
    write_features(job.features, job.spec, track, rows, origin)
    return Adapted(job.features, rows, sound_rows, track.duration, frames, track.width, next_commands(job))


def next_commands(job: Job) -> tuple[Command, ...]:
    """The renderer's own commands to run once the features are written.

    A subject that is not known is called ``data/ID``; the run is named after the subject and PASE, so that it never
    goes on from a run with other features of the same width.
    """
    data = job.data_dir.resolve() if job.data_dir else Path("data/ID")
    values = {
        "data": str(data),
        "workspace": f"trial_{data.name}_pase",
        "features": str(job.features.resolve()),
        "audio": str(job.audio.resolve()),
    }
    if job.driving:
        commands = job.spec.driving_commands
    elif job.features.resolve() == data / job.spec.training_file:
        commands = job.spec.training_commands
    else:
        copy = Command("put the features where they are looked for", "cp {features} {data}/")
        commands = (copy, *job.spec.training_commands)
    return tuple(command.filled(**values) for command in commands)


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
    trained_on = job.data_dir / job.spec.training_file
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
    if found.renderer != origin.renderer:
        return f"was made for the renderer {found.renderer}"
    return "was made from another recording"


def _agree(job: Job, duration: float, rows: int, frames: int | None) -> int:
    """Number of rows to write: the subject's frames where they are known, else what the sound gives."""
    layout = job.spec.layout
    if frames is not None and abs(rows - frames) > job.tolerance:
        apart = abs(rows - frames)
        # Beyond a second the two hardly belong together, and no tolerance would mend that.
        mild = apart <= layout.rows_per_second
        remedy = f" If both begin together and only the ends differ: --tolerance {apart}." if mild else ""
        raise InputError(
            f"{job.audio} lasts {duration:.2f} s, which is {rows} rows at {layout.rows_per_second} a second, but "
            f"{job.data_dir} has {frames} video frames: {apart} apart, at most {job.tolerance} is allowed. Give the "
            f"sound of this very video, and check that the video was {layout.rows_per_second} fps. For another "
            f"recording use --driving.{remedy}"
        )
    wanted = rows if frames is None else frames
    if wanted < layout.min_rows:
        raise InputError(
            f"{job.audio} gives {wanted} rows ({duration:.3f} s), {job.spec.name} needs at least {layout.min_rows} "
            f"({layout.min_rows / layout.rows_per_second:.2f} s). Give a longer recording."
        )
    return wanted
