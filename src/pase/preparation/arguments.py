"""The command line of `pase prepare`."""

from argparse import ArgumentParser, Namespace
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from pase.execution.choice import EXECUTORS, SLURM_HELP
from pase.preparation.limits import REASONS, QualityLimits
from pase.preparation.options import (
    ALIGNERS,
    LANDMARK_SOURCES,
    SILENT_VIDEOS,
    STAGE_NAMES,
    MfaOptions,
    PrepareOptions,
)
from pase.recipes.catalogue import RECIPES, recipe_names

_OWN = PrepareOptions()


class _Group(Protocol):
    def add_argument(self, *names: str, **settings: Any) -> Any: ...


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `pase prepare`."""
    parser.add_argument("source", type=Path, help="folder with talking-face videos, or speech; never written to")
    parser.add_argument(
        "output", help="folder or address (s3://...) for the prepared corpus; a run that was killed goes on there"
    )
    parser.add_argument("--recipe", default=_OWN.recipe, metavar="NAME", help=_recipes())
    _add_faces(parser.add_argument_group("faces and clips"))
    _add_phones(parser.add_argument_group("words and phones"))
    _add_choices(parser.add_argument_group("offset, quality, splits"))
    _add_work(parser.add_argument_group("how it runs"))


def options_from(arguments: Namespace) -> PrepareOptions:
    """The options that were parsed by `add_arguments`' parser."""
    given = vars(arguments)
    own = {item.name: given[item.name] for item in fields(PrepareOptions) if item.name in given}
    mfa = MfaOptions(arguments.mfa_program, arguments.mfa_dictionary, arguments.mfa_model)
    limits = QualityLimits(**{item.name: given[f"min_{item.name}"] for item in fields(QualityLimits)})
    return PrepareOptions(**{**own, "mfa": mfa, "limits": limits})


def _recipes() -> str:
    shipped = "; ".join(f"{name}: {recipe.layout}" for name, recipe in RECIPES.items())
    others = ", ".join(name for name in recipe_names() if name not in RECIPES)
    return f"how the source is laid out (default: %(default)s). {shipped}{f'; installed: {others}' if others else ''}"


def _add_faces(group: _Group) -> None:
    _add(group, "landmarks", "mediapipe: find the faces; sidecar: read CLIP.landmarks.npz", choices=LANDMARK_SOURCES)
    _add(
        group,
        "face_model",
        "MediaPipe's face_landmarker.task (default: $PASE_FACE_LANDMARKER, else the user's cache, else download)",
        type=Path,
    )
    _add(group, "min_seconds", "shortest clip", type=float)
    _add(group, "max_seconds", "longest clip; longer stretches of one face are cut into equal parts", type=float)
    _add(group, "silent_videos", "videos without usable sound; keep: as clips of lips alone", choices=SILENT_VIDEOS)


def _add_phones(group: _Group) -> None:
    _add(
        group,
        "aligner",
        "for words without phones; phones beside a video are taken first. given: those only; none: not even those",
        choices=ALIGNERS,
    )
    _add(group, "keep_unaligned", "keep clips whose words do not fit their sound, phones unknown", action="store_true")
    _add(group, "asr_model", "folder with a Whisper model (faster-whisper) for videos without words", type=Path)
    mfa = MfaOptions()
    group.add_argument("--mfa-program", help="mfa, or its conda environment (default: $PASE_MFA, else on the PATH)")
    group.add_argument("--mfa-dictionary", default=mfa.dictionary, help="name or file (default: %(default)s)")
    group.add_argument("--mfa-model", default=mfa.acoustic_model, help="name or file (default: %(default)s)")


def _add_choices(group: _Group) -> None:
    _add(group, "sync_model", "PASE checkpoint that measures A/V offsets (default: the bilabial test)", type=Path)
    _add(group, "correct_offset", "move the sound by the measured offset", action="store_true")
    for item in fields(QualityLimits):
        least, reason = getattr(_OWN.limits, item.name), REASONS[item.name]
        group.add_argument(
            f"--min-{item.name}", type=float, default=least, help=f"else {reason} (default: %(default)s)"
        )
    _add(group, "validation_every", "where the corpus has no validation split: every Nth, 0: none", type=int)
    _add(group, "max_quarantine", "share of videos that may give no clip before the run fails", type=float)


def _add_work(group: _Group) -> None:
    _add(group, "jobs", "worker processes (default: number of cores; slurm: must be given)", type=int)
    _add(
        group,
        "executor",
        "local: processes of this machine; ray: a Ray cluster; slurm: an array job",
        choices=EXECUTORS,
    )
    _add(group, "ray_address", "of a running Ray cluster, e.g. auto (default: start one on this machine)")
    _add(group, "slurm", SLURM_HELP, nargs="+", metavar="NAME=VALUE")
    _add(group, "timeout", "seconds that a stage may take for one video or batch", type=float)
    _add(group, "work", "folder for what is finished (default: OUTPUT/work); all nodes must see it", type=Path)
    _add(group, "until", "stop after this stage", choices=STAGE_NAMES)
    _add(group, "redo", "throw away what this stage found, and begin there", choices=STAGE_NAMES)
    _add(group, "discard_work", "delete the work folder when the corpus is complete", action="store_true")


def _add(group: _Group, name: str, text: str, **settings: Any) -> None:
    """An argument with the name and the default of an option."""
    default = getattr(_OWN, name)
    note = "" if default in (None, "", (), False) else " (default: %(default)s)"
    group.add_argument(f"--{name.replace('_', '-')}", default=default, help=text + note, **settings)
