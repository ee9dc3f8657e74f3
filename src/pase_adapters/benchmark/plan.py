"""What the benchmark compares: its YAML file, and the runs that come of it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pase.audio.condition import Condition
from pase.baselines.registry import check_named_in
from pase.errors import InputError
from pase.evaluation.options import condition_of
from pase.yaml_file import read_yaml
from pase_adapters.reference.training import BENCHMARK, settings_for

_NAME = re.compile(r"\w[\w .+-]*")

OURS = "PASE"
"""The features that all others are compared with."""


@dataclass(frozen=True)
class Plan:
    """The content of a benchmark's YAML file.

    Attributes:
        corpus: Prepared corpus of one person's clips; its phones are used, and its split: validation clips are tested.
        videos: Folder of the clips' videos, named as in the corpus.
        training_clips: Clips that renderers are trained on, drawn from the training split by a fixed seed.
        test_clips: Validation clips that are rendered and measured, evenly spread.
        size: Side of the mouths in pixels.
        features: Name to what makes them: ``pase`` (the released weights), a checkpoint folder, or a baseline as
            `pase.baselines.registry.open_baseline` takes it; a module of one's own only if `pase.trust` allows it.
        renderers: Names of reference renderers.
        seeds: Of the trainings.
        conditions: How driving sound is heard beside clean, such as ``snr5``. Renderers are trained on clean sound.
        recitals: Name to a prepared corpus, whose speech is spoken with stretches of silence in between.
        recited_clips: Clips of each of them.
        steps: Of each training; None: the benchmark's.
        judge: Prepared corpus whose validation clips the judge of lip sync learns from, without those tested here:
            PASE has learnt from none of them. None: `corpus`.
        judge_steps: Steps of the judge.
    """

    corpus: str
    videos: str
    training_clips: int
    test_clips: int
    features: Mapping[str, str]
    renderers: tuple[str, ...] = tuple(BENCHMARK)
    seeds: tuple[int, ...] = (0, 1, 2)
    conditions: tuple[str, ...] = ("snr5",)
    size: int = 64
    recitals: Mapping[str, str] = field(default_factory=dict)
    recited_clips: int = 6
    steps: int | None = None
    judge: str | None = None
    judge_steps: int = 600

    def __post_init__(self) -> None:
        if OURS not in self.features:
            raise InputError(f"the benchmark's features lack {OURS}, with which the others are compared")
        for renderer in self.renderers:
            settings_for(renderer)
        if Condition() in self.heard[1:]:
            raise InputError("the benchmark's conditions are those beside clean, which is always measured")
        if taken := {condition.name for condition in self.heard} & set(self.recitals):
            raise InputError(f"the benchmark's recitals and conditions share the name {taken.pop()!r}")
        if odd := [name for name in (*self.features, *self.recitals) if not _NAME.fullmatch(name)]:
            raise InputError(
                f"the benchmark's name {odd[0]!r} would be a folder's: letters, digits, spaces and . _ + -"
            )
        if min(self.training_clips, self.test_clips, self.recited_clips) < 1 or len(set(self.seeds)) != len(self.seeds):
            raise InputError("a benchmark needs clips to train on and to test, and different seeds")

    @property
    def heard(self) -> tuple[Condition, ...]:
        """Every condition, clean first."""
        return (Condition(), *(condition_of(name) for name in self.conditions))

    @property
    def learnt(self) -> str:
        """What the footage to train on depends on, as a short hash."""
        return short_hash([self.corpus, self.videos, self.training_clips, self.size])

    @property
    def tested(self) -> str:
        """What the footage to test on depends on, likewise."""
        return short_hash([self.corpus, self.videos, self.test_clips, self.size])

    @property
    def judged(self) -> str:
        """What the judge depends on, likewise."""
        return short_hash([self.tested, self.judge, self.judge_steps])

    def driven(self, name: str) -> str:
        """What speech of this name depends on, likewise."""
        recited = [self.recitals[name], self.recited_clips] if name in self.recitals else []
        return short_hash([self.tested, name, *recited])


def read_plan(path: Path) -> Plan:
    """Read a benchmark's YAML file.

    Raises:
        InputError: It cannot be read, or does not say what is expected.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path} is no benchmark: expected names and values")
    features = content.get("features")
    if not isinstance(features, dict) or not all(isinstance(part, str) for pair in features.items() for part in pair):
        raise InputError(f"{path}: `features` is {features!r}; names and what makes them were expected")
    for request in features.values():
        check_named_in(path, request)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
    }
    try:
        return Plan(**values)
    except TypeError as error:
        raise InputError(f"{path}: {str(error).removeprefix('Plan.__init__() ')}") from error


def short_hash(value: Any) -> str:
    """Of what JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
