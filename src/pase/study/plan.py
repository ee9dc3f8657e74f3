"""What a study compares: its YAML file, and the runs that come of it."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.yaml_file import read_yaml

BASE = "base"
"""The row that all others are compared with."""

_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")
_BY_RUN = ("seed_everything", "data.seed", "trainer.default_root_dir")
_SECTIONS = ("base", "common", "rows", "evaluation")


@dataclass(frozen=True)
class Evaluation:
    """What every run is measured on.

    Attributes:
        corpus: Prepared corpus; probes are fitted on its training clips.
        unseen: Prepared corpus of people who were not trained on.
        most_clips: Clips of a split that are used, evenly spread.
    """

    corpus: str
    unseen: str | None = None
    most_clips: int = 1000


@dataclass(frozen=True)
class Study:
    """The content of a study's YAML file.

    Attributes:
        name: Of the file.
        configs: Config files of every run, as behind ``pase fit --config``.
        rows: Name to settings that differ, dotted as on the command line of `pase fit`; those common to all included.
        evaluation: What every run is measured on.

    Raises:
        InputError: No row `BASE`, a name that cannot be a folder's, or a setting that the study itself makes.
    """

    name: str
    configs: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Any]]
    evaluation: Evaluation

    def __post_init__(self) -> None:
        if BASE not in self.rows:
            raise InputError(f"study {self.name}: no row `{BASE}`, with which the others are compared; it may be empty")
        for row, settings in self.rows.items():
            if not _NAME.fullmatch(row):
                raise InputError(f"study {self.name}: row {row!r}: a name of letters, digits and . _ + - was expected")
            if taken := [key for key in _BY_RUN if key in settings]:
                raise InputError(f"study {self.name}, row {row}: {', '.join(taken)} is set by the study, run by run")

    def arguments(self, row: str) -> list[str]:
        """Of `pase fit` for a row, without those of `Run.arguments` that belong to its seed."""
        configs = [part for config in self.configs for part in ("--config", config)]
        return [*configs, *(f"--{key}={_as_argument(value)}" for key, value in self.rows[row].items())]


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        row: Of the study.
        seed: Of weights, order of the data and augmentation.
        identity: Of everything that decides the result but the seed and the code, see `identity_of`.
        folder: It trains in.
        arguments: Of `pase fit`.
        overrides: The row's settings.
        steps: It trains for.
        evaluation: What it is measured on.
    """

    row: str
    seed: int
    identity: str
    folder: Path
    arguments: tuple[str, ...]
    overrides: Mapping[str, Any]
    steps: int
    evaluation: Evaluation


def read_study(path: Path) -> Study:
    """Read a study's YAML file.

    Raises:
        InputError: Absent, no YAML, or not of the form that `Study` describes.
    """
    content = _mapping(read_yaml(path), f"{path}")
    if unknown := sorted(set(content) - set(_SECTIONS)):
        raise InputError(f"{path}: unknown part {', '.join(unknown)}; expected {', '.join(_SECTIONS)}")
    configs = content.get("base")
    if not isinstance(configs, list) or not all(isinstance(config, str) for config in configs):
        raise InputError(f"{path}: `base` is {configs!r}; a list of config files was expected")
    common = _mapping(content.get("common"), f"{path}, common")
    rows = _mapping(content.get("rows"), f"{path}, rows")
    return Study(
        path.stem,
        tuple(configs),
        {str(name): {**common, **_mapping(row, f"{path}, row {name}")} for name, row in rows.items()},
        _evaluation(content.get("evaluation"), path),
    )


def plan(study: Study, seeds: Sequence[int], output: Path) -> list[Run]:
    """All runs of a study, seed by seed, so that a study that is stopped has compared something.

    Every row is checked as `pase fit` would check it, with its model built and its corpora opened, before this returns.

    Raises:
        InputError: A row that `pase fit` would refuse, or an evaluation corpus that cannot be opened.
    """
    from pase.training.build import build  # imports Lightning

    corpora = {place: _manifest(place) for place in (study.evaluation.corpus, study.evaluation.unseen) if place}
    checked: dict[str, tuple[str, int]] = {}
    for row in study.rows:
        try:
            built = build(study.arguments(row))
            trained_on = {str(place): _manifest(place) for place in built.data.folders}
        except InputError as error:
            raise InputError(f"study {study.name}, row {row}: {error} No training was begun.") from error
        steps = int(built.settings["trainer"]["max_steps"])
        checked[row] = identity_of(built.settings, trained_on, corpora, study.evaluation.most_clips), steps
    return [_run(study, row, seed, *checked[row], output) for seed in seeds for row in study.rows]


def identity_of(
    settings: Mapping[str, Any], trained_on: Mapping[str, str], measured_on: Mapping[str, str], most_clips: int
) -> str:
    """A digest of a run's merged config and of its corpora's manifests.

    Comments, order and the files that a setting came from make no difference; neither do the folder and the seeds.

    Args:
        settings: The merged config, plain values.
        trained_on: Places of corpora to digests of their manifests.
        measured_on: The same for the evaluation.
        most_clips: Clips of a split that are measured.
    """
    plain = json.loads(json.dumps(settings))
    for key in _BY_RUN:
        part = plain
        *outer, last = key.split(".")
        for name in outer:
            part = part.get(name, {})
        part.pop(last, None)
    text = json.dumps([plain, sorted(trained_on.values()), sorted(measured_on.values()), most_clips], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _run(study: Study, row: str, seed: int, identity: str, steps: int, output: Path) -> Run:
    folder = output / "runs" / f"{row}-seed{seed}"
    by_seed = (f"--seed_everything={seed}", f"--data.seed={seed}", f"--trainer.default_root_dir={folder}")
    arguments = (*study.arguments(row), *by_seed)
    return Run(row, seed, identity, folder, arguments, study.rows[row], steps, study.evaluation)


def _manifest(place: str | Path) -> str:
    digest = Corpus.open(place).settings.get("manifest_sha256")
    if digest is None:
        raise InputError(f"{place} was prepared by an older version, which left no digest: prepare it again")
    return str(digest)


def _as_argument(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _evaluation(value: Any, path: Path) -> Evaluation:
    content = _mapping(value, f"{path}, evaluation")
    found = {"unseen": "", "most_clips": Evaluation.most_clips, **content}
    kinds = {"corpus": str, "unseen": str, "most_clips": int}
    if set(found) != set(kinds) or not all(type(found[name]) is kind for name, kind in kinds.items()):
        raise InputError(
            f"{path}: `evaluation` is {content}; a corpus, perhaps one of unseen people (`unseen`) and a number of "
            "clips (`most_clips`) were expected"
        )
    return Evaluation(found["corpus"], found["unseen"] or None, found["most_clips"])


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError(f"{where}: {value!r}; names and values were expected")
    return value
