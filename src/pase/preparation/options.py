"""What the user chooses for a preparation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pase.errors import InputError
from pase.execution.choice import EXECUTORS, check_workers
from pase.preparation.limits import QualityLimits

LANDMARK_SOURCES = ("mediapipe", "sidecar")
ALIGNERS = ("pocketsphinx", "mfa", "given", "none")
SILENT_VIDEOS = ("quarantine", "keep")

STAGE_NAMES = (
    *("probe", "normalise", "landmarks", "tracks", "crop", "transcribe"),
    *("phones", "offset", "quality", "clips", "shards"),
)
"""All stages in their order; ``transcribe`` is left out where no model for it is given, ``landmarks`` and ``crop``
where no video has a picture."""


@dataclass(frozen=True, slots=True)
class MfaOptions:
    """How the Montreal Forced Aligner is called; see `pase.phonemes.aligners.mfa.aligner.MfaAligner`.

    Attributes:
        program: The program, or a conda environment by name or folder; None: ``$PASE_MFA``, else on the PATH.
        dictionary: Name of a dictionary that MFA has, or a file.
        acoustic_model: Name of an acoustic model that MFA has, or a file.
    """

    program: str | None = None
    dictionary: str = "english_us_arpa"
    acoustic_model: str = "english_us_arpa"


@dataclass(frozen=True, slots=True)
class PrepareOptions:
    """Options of `pase.preparation.prepare.prepare`.

    Attributes:
        recipe: How the source folder is laid out; a name that `pase.recipes.catalogue.recipe_of` knows.
        landmarks: ``"mediapipe"`` looks for faces; ``"sidecar"`` reads ``CLIP.landmarks.npz`` beside the video.
        face_model: The FaceLandmarker model file; None: see `pase.video.face_model.find_model`.
        min_seconds: Shortest clip.
        max_seconds: Longest clip; longer stretches are cut.
        silent_videos: What becomes of videos without a sound track, with a silent one, or with stretches that are less
            loud than the limit: one of `SILENT_VIDEOS`. Those that are kept give clips without sound and phones.
        aligner: One of `ALIGNERS`. Phones that came with a video win, but for ``"none"``.
        mfa: For the aligner ``"mfa"``.
        asr_model: Folder with a Whisper model, for videos without words; None: their phones stay unknown.
        keep_unaligned: Keep clips whose words do not fit their sound, with unknown phones.
        sync_model: Checkpoint folder that judges offsets; None: the bilabial test.
        correct_offset: Move the sound by the measured offset.
        limits: What a clip needs to be kept.
        validation_every: Every so manieth video is for validation where the corpus has no such split; 0: none.
        max_quarantine: Share of videos that may give no clip; more is an error.
        jobs: Worker processes; None: as many as there are cores; 0: everything in this process, for debugging. For
            Slurm the tasks of its array, which must be given.
        timeout: Seconds that a stage may take for one video, or one batch of the aligner.
        executor: One of `EXECUTORS`.
        ray_address: Of a running Ray cluster; None: one is started on this machine.
        slurm: Options of sbatch for the workers, ``NAME=VALUE``; ``time`` in minutes.
        work: Folder for what is finished; None: ``work`` in the output. All nodes must see it.
        until: Name of the last stage to run; empty: all.
        redo: Name of a stage whose results are thrown away first; later ones follow where they change.
        discard_work: Delete the work folder when the corpus is complete.
    """

    recipe: str = "folder"
    landmarks: str = "mediapipe"
    face_model: Path | None = None
    min_seconds: float = 0.4
    max_seconds: float = 12.0
    silent_videos: str = "quarantine"
    aligner: str = "pocketsphinx"
    mfa: MfaOptions = field(default_factory=MfaOptions)
    asr_model: Path | None = None
    keep_unaligned: bool = False
    sync_model: Path | None = None
    correct_offset: bool = False
    limits: QualityLimits = field(default_factory=QualityLimits)
    validation_every: int = 11
    max_quarantine: float = 0.5
    jobs: int | None = None
    timeout: float = 3600.0
    executor: str = "local"
    ray_address: str | None = None
    slurm: Sequence[str] = ()
    work: Path | None = None
    until: str = ""
    redo: str = ""
    discard_work: bool = False

    def __post_init__(self) -> None:
        _check_choice("landmarks", self.landmarks, LANDMARK_SOURCES)
        _check_choice("aligner", self.aligner, ALIGNERS)
        _check_choice("executor", self.executor, EXECUTORS)
        _check_choice("silent_videos", self.silent_videos, SILENT_VIDEOS)
        _check_choice("until", self.until, ("", *STAGE_NAMES[:-1]))
        _check_choice("redo", self.redo, ("", *STAGE_NAMES))
        if not 0 < 2 * self.min_seconds <= self.max_seconds <= 600:
            raise InputError(
                f"clips of {self.min_seconds} to {self.max_seconds} s; the shortest must be positive, the longest "
                "twice as long or longer, since stretches are cut in equal parts, and at most 600 s"
            )
        if self.validation_every < 0:
            raise InputError(f"validation_every is {self.validation_every}; it must be 0 (none) or positive")
        if not 0 <= self.max_quarantine <= 1:
            raise InputError(f"max_quarantine is {self.max_quarantine}; it is a share from 0 to 1")
        check_workers(self.executor, self.jobs)
        if not self.timeout > 0:
            raise InputError(f"timeout is {self.timeout} s; it must be positive")
        if "transcribe" in (self.until, self.redo) and self.asr_model is None:
            raise InputError("until or redo of the stage transcribe needs --asr-model")
        if self.until and self.redo and STAGE_NAMES.index(self.redo) > STAGE_NAMES.index(self.until):
            raise InputError(f"redo of {self.redo} would come after the stage to run until, {self.until}")
        self._check_unused()

    def _check_unused(self) -> None:
        """Refuse options that would be ignored."""
        ignored = {
            "ray_address needs the executor ray": self.ray_address is not None and self.executor != "ray",
            "options of slurm need the executor slurm": bool(self.slurm) and self.executor != "slurm",
            "face_model is not read with landmarks from sidecar files": self.face_model is not None
            and self.landmarks == "sidecar",
            "options of MFA need the aligner mfa": self.mfa != MfaOptions() and self.aligner != "mfa",
            "discard_work needs a run that completes the corpus, without until": self.discard_work and bool(self.until),
        }
        for message, given in ignored.items():
            if given:
                raise InputError(message)

    @property
    def keeps_silent(self) -> bool:
        """Whether videos without usable sound are kept."""
        return self.silent_videos == "keep"


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{name} is {value!r}; it must be one of {', '.join(filter(None, choices))}")
