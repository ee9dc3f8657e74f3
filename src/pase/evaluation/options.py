"""What `pase evaluate` measures, and how."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pase.audio.condition import STANDARD_CONDITIONS, Condition
from pase.errors import InputError
from pase.evaluation.probe import ProbeConfig

_CONDITION = re.compile(r"(?P<kind>snr|rt)(?P<value>-?\d+(\.\d+)?)")

DEFAULT_BASELINES = ("untrained", "log-stft", "log-mel", "mfcc")


@dataclass(frozen=True)
class EvaluationOptions:
    """What is measured, and how.

    Attributes:
        baselines: Names of what is measured beside the model, see `pase.evaluation.representations.open_inputs`.
        conditions: How clips are heard; clean ones always are.
        seed: Of probes, degradations and bootstrap.
        most_clips: Clips of a split that are used, evenly spread; keeps time and memory flat on large corpora.
        budget: Of the phone probes.
        device: Where models compute.
    """

    baselines: tuple[str, ...] = DEFAULT_BASELINES
    conditions: tuple[Condition, ...] = (Condition(),)
    seed: int = 0
    most_clips: int = 1000
    budget: ProbeConfig | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.most_clips < 2:
            raise InputError(f"{self.most_clips} clips of a split are too few: at least 2 are needed")
        try:
            torch.zeros((), device=self.device)
        except (RuntimeError, AssertionError) as error:  # the latter where torch was built without it
            reason = str(error).partition("\n")[0]
            raise InputError(f"torch cannot compute on the device {self.device!r}: {reason}") from error

    @property
    def heard(self) -> tuple[Condition, ...]:
        """Every condition once, clean first."""
        return tuple(dict.fromkeys((Condition(), *self.conditions)))

    @classmethod
    def from_names(
        cls,
        baselines: Sequence[str] | None,
        conditions: Sequence[str],
        sweep: bool,
        seed: int = 0,
        most_clips: int = 1000,
        device: str = "cpu",
    ) -> "EvaluationOptions":
        """Options from what is written on a command line.

        Args:
            baselines: Names; None for `DEFAULT_BASELINES`.
            conditions: Names that `condition_of` reads.
            sweep: All `STANDARD_CONDITIONS` instead.
            seed: See above.
            most_clips: See above.
            device: See above.

        Raises:
            InputError: A name is not known.
        """
        heard = STANDARD_CONDITIONS if sweep else tuple(condition_of(name) for name in conditions)
        chosen = DEFAULT_BASELINES if baselines is None else tuple(baselines)
        return cls(chosen, (Condition(), *heard), seed, most_clips, device=device)


def condition_of(name: str) -> Condition:
    """The condition that a short name stands for: ``clean``, ``snr5`` (dB of speech over noise), ``rt0.6`` (seconds).

    Raises:
        InputError: It is none of these.
    """
    if name == "clean":
        return Condition()
    found = _CONDITION.fullmatch(name)
    if found is None:
        raise InputError(f"there is no condition {name!r}: expected clean, snr followed by dB, or rt by seconds")
    value = float(found["value"])
    return Condition(snr_db=value) if found["kind"] == "snr" else Condition(rt60=value)
