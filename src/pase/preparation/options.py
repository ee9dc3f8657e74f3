"""What the user chooses for a preparation, and its command line."""

import os
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pase.errors import InputError

RECIPE_NAMES = ("folder", "grid")
LANDMARK_SOURCES = ("mediapipe", "sidecar")


@dataclass(frozen=True, slots=True)
class PrepareOptions:
    """Options of `pase.corpus.preparation.prepare`.

    Attributes:
        recipe: How the source folder is laid out; one of `RECIPE_NAMES`.
        landmarks: ``"mediapipe"`` looks for the face; ``"sidecar"`` reads ``<clip>.landmarks.npz`` beside the video.
        face_model: The FaceLandmarker model file; None: see `pase.video.faces.find_model`.
        validation_every: Of the clips sorted by id every so manieth is for validation; 0: none.
        jobs: Worker processes; None: as many as there are cores; 0: everything in this process, for debugging.
    """

    recipe: str = "folder"
    landmarks: str = "mediapipe"
    face_model: Path | None = None
    validation_every: int = 11
    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.recipe not in RECIPE_NAMES:
            raise InputError(f"recipe {self.recipe!r} is not one of {', '.join(RECIPE_NAMES)}")
        if self.landmarks not in LANDMARK_SOURCES:
            raise InputError(f"landmarks {self.landmarks!r} is not one of {', '.join(LANDMARK_SOURCES)}")
        if self.validation_every < 0:
            raise InputError(f"validation_every is {self.validation_every}; it must be 0 (none) or positive")
        if self.jobs is not None and self.jobs < 0:
            raise InputError(f"jobs is {self.jobs}; it must be 0 (this process) or positive")

    @property
    def workers(self) -> int:
        """Number of worker processes; 0 for none."""
        return len(os.sched_getaffinity(0)) if self.jobs is None else self.jobs

    def settings(self) -> dict[str, Any]:
        """What the content of a clip depends on: finished work is only taken up again under equal settings."""
        return {"recipe": self.recipe, "landmarks": self.landmarks}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `pase prepare`."""
    parser.add_argument("source", type=Path, help="folder with talking-face videos; never written to")
    parser.add_argument("output", type=Path, help="folder for the prepared corpus; a run that was killed goes on there")
    parser.add_argument(
        "--recipe",
        choices=RECIPE_NAMES,
        default="folder",
        help="folder: any videos below SOURCE, beside each a .TextGrid (phones), or a .txt or .lab (transcript), or "
        "neither; grid: the GRID corpus, as video/ and align/ or as released (default: %(default)s)",
    )
    parser.add_argument(
        "--landmarks",
        choices=LANDMARK_SOURCES,
        default="mediapipe",
        help="mediapipe: find the face; sidecar: read CLIP.landmarks.npz beside the video (default: %(default)s)",
    )
    parser.add_argument(
        "--face-model",
        type=Path,
        help="MediaPipe's face_landmarker.task (default: $PASE_FACE_LANDMARKER, else the user's cache, else download)",
    )
    parser.add_argument(
        "--validation-every",
        type=int,
        default=11,
        metavar="N",
        help="every Nth clip by name is for validation, 0: none (default: %(default)s)",
    )
    parser.add_argument("--jobs", type=int, help="worker processes (default: number of cores)")


def options_from(arguments: Namespace) -> PrepareOptions:
    """The options that were parsed by `add_arguments`' parser."""
    return PrepareOptions(
        recipe=arguments.recipe,
        landmarks=arguments.landmarks,
        face_model=arguments.face_model,
        validation_every=arguments.validation_every,
        jobs=arguments.jobs,
    )
