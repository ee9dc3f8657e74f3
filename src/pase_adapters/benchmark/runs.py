"""The trainings of a benchmark, each with an identity that changes with all that the trained renderer depends on."""

import itertools
from dataclasses import asdict, dataclass, replace

from pase_adapters.benchmark.hearing import LAYOUT, identity_of
from pase_adapters.benchmark.plan import Plan, short_hash
from pase_adapters.reference.training import Settings, settings_for


@dataclass(frozen=True)
class Run:
    """One training of one renderer on one kind of features.

    Attributes:
        features: Name in the plan.
        source: What makes them.
        renderer: Name.
        settings: Of the training, its seed among them.
        identity: Of all that the trained renderer depends on.
    """

    features: str
    source: str
    renderer: str
    settings: Settings
    identity: str

    @property
    def seed(self) -> int:
        """Of the training."""
        return self.settings.seed

    @property
    def name(self) -> str:
        """To tell it from the others."""
        return f"{self.renderer}, {self.features}, seed {self.seed}"

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return f"{self.renderer}-{self.features.replace(' ', '_')}-{self.seed}-{self.identity}"


def runs_of(plan: Plan) -> list[Run]:
    """All runs: seed by seed, so that an unfinished benchmark compares all features on the same seeds.

    Raises:
        InputError: A checkpoint among the features cannot be opened.
    """
    return [
        _run(plan, name, source, replace(_settings(plan, renderer), seed=seed))
        for seed, renderer, (name, source) in itertools.product(plan.seeds, plan.renderers, plan.features.items())
    ]


def _run(plan: Plan, name: str, source: str, settings: Settings) -> Run:
    depends = [plan.learnt, source, identity_of(source), asdict(LAYOUT), asdict(settings)]
    return Run(name, source, settings.renderer, settings, short_hash(depends))


def _settings(plan: Plan, renderer: str) -> Settings:
    settings = settings_for(renderer)
    if plan.steps is None:
        return settings
    return replace(settings, steps=plan.steps, warm_up=min(settings.warm_up, plan.steps))
