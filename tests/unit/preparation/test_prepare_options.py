"""The command line of `pase prepare`."""

from argparse import ArgumentParser
from pathlib import Path

import pytest

from pase.errors import InputError
from pase.phonemes.aligners.given import GivenAligner
from pase.phonemes.aligners.mfa.aligner import MfaAligner
from pase.phonemes.aligners.unaligned import NoAligner
from pase.preparation.arguments import add_arguments, options_from
from pase.preparation.limits import QualityLimits
from pase.preparation.options import STAGE_NAMES, MfaOptions, PrepareOptions
from pase.preparation.pipeline import aligner_of, stages_of


def parse(*arguments: str) -> PrepareOptions:
    parser = ArgumentParser()
    add_arguments(parser)
    return options_from(parser.parse_args(["in", "out", *arguments]))


def test_defaults_are_those_of_the_class() -> None:
    assert parse() == PrepareOptions()


def test_every_option() -> None:
    text = (
        "--recipe grid --landmarks mediapipe --face-model m.task --min-seconds 1 --max-seconds 5 --aligner mfa "
        "--mfa-program env --mfa-dictionary d --mfa-model a --asr-model asr --keep-unaligned --sync-model s "
        "--correct-offset --min-snr 10 --min-sharpness 2 --validation-every 5 --max-quarantine 0.1 --jobs 3 "
        "--timeout 9 --executor ray --ray-address auto --work w --until phones --redo crop"
    )
    assert parse(*text.split()) == PrepareOptions(
        recipe="grid",
        landmarks="mediapipe",
        face_model=Path("m.task"),
        min_seconds=1.0,
        max_seconds=5.0,
        aligner="mfa",
        mfa=MfaOptions("env", "d", "a"),
        asr_model=Path("asr"),
        keep_unaligned=True,
        sync_model=Path("s"),
        correct_offset=True,
        limits=QualityLimits(snr=10.0, sharpness=2.0),
        validation_every=5,
        max_quarantine=0.1,
        jobs=3,
        timeout=9.0,
        executor="ray",
        ray_address="auto",
        work=Path("w"),
        until="phones",
        redo="crop",
    )
    assert parse("--discard-work").discard_work
    assert parse("--jobs", "3").jobs == 3
    assert parse("--slurm", "mem=2G", "time=30", "--executor", "slurm", "--jobs", "2").slurm == ["mem=2G", "time=30"]
    assert parse().jobs is None


@pytest.mark.parametrize(
    "values",
    [
        {"landmarks": "dlib"},
        {"aligner": "gentle"},
        {"executor": "dask"},
        {"executor": "slurm", "jobs": None},
        {"executor": "slurm", "jobs": 0},
        {"slurm": ("partition=cpu",)},
        {"until": "crops"},
        {"redo": "all"},
        {"validation_every": -1},
        {"jobs": -2},
        {"timeout": 0},
        {"max_quarantine": 1.5},
        {"min_seconds": 0},
        {"max_seconds": 0.7},
        {"until": "shards"},
        {"until": "probe", "redo": "crop"},
        {"until": "probe", "discard_work": True},
        {"redo": "transcribe"},
        {"ray_address": "auto"},
        {"face_model": Path("m"), "landmarks": "sidecar"},
        {"mfa": MfaOptions("env")},
    ],
)
def test_values_that_are_refused(values: dict) -> None:
    name = "clips of" if next(iter(values)).endswith("_seconds") else list(values)[-1]
    with pytest.raises(InputError, match=name.replace("mfa", "MFA")):
        PrepareOptions(**values)


def test_a_limit_that_is_no_number() -> None:
    with pytest.raises(InputError, match="no number"):
        QualityLimits(snr=float("nan"))


def test_stages_follow_the_options() -> None:
    names = [stage.name for stage in stages_of(PrepareOptions())]
    assert names == [name for name in STAGE_NAMES if name not in ("transcribe", "shards")]
    assert [stage.name for stage in stages_of(PrepareOptions(until="landmarks"))] == list(STAGE_NAMES[:3])
    heard = [stage.name for stage in stages_of(PrepareOptions(asr_model=Path("asr"), until="phones"))]
    assert heard == list(STAGE_NAMES[:7])


def test_every_stage_reads_only_what_comes_before_it() -> None:
    for number, stage in enumerate(stages_of(PrepareOptions(asr_model=Path("asr")))):
        assert set(stage.needs) <= set(STAGE_NAMES[:number]), stage.name


def test_the_aligner_follows_the_options() -> None:
    assert isinstance(aligner_of(PrepareOptions(aligner="none")), NoAligner)
    assert aligner_of(PrepareOptions(aligner="given")) == GivenAligner()
    mfa = aligner_of(PrepareOptions(aligner="mfa", mfa=MfaOptions("env", "d", "a")))
    assert mfa == GivenAligner(MfaAligner("d", "a", "env"))
    default = aligner_of(PrepareOptions())
    assert isinstance(default, GivenAligner)
    assert default.fallback is not None
