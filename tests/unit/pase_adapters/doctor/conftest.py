"""A subject in which nothing is wrong, for any renderer, so that each test spoils one thing."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pase.audio.waveform import SAMPLE_RATE, save_wav
from pase.files import write_json
from pase.inference.track import FeatureTrack
from pase_adapters.cli.main import main
from pase_adapters.doctor.examine import examine
from pase_adapters.doctor.finding import Finding, Report
from pase_adapters.doctor.visit import Visit
from pase_adapters.feature_file import FeatureFile, Origin, note_path
from pase_adapters.renderers.er_nerf import SPEC
from pase_adapters.spec import RendererSpec, Slot

FRAMES = 55
MODEL = "0123456789abcdef"


@dataclass
class Patient:
    """A subject on disk, and the doctor's view of it."""

    folder: Path
    spec: RendererSpec = SPEC
    slot: Slot = SPEC.slots[0]

    @property
    def features(self) -> Path:
        return self.folder / self.slot.training_file

    def write(self, path: Path | None = None, rows: int = FRAMES, **changes: Any) -> Path:
        """Write features as pase-adapt does; `changes` go into what they were made from."""
        origin = Origin(self.spec.name, self.slot.name, MODEL, "f" * 64, self.rate, gated=False)
        states = np.random.default_rng(0).normal(size=(int(rows / self.rate * 125) + 1, 24)).astype(np.float32)
        track = FeatureTrack(states, 125, rows / self.rate, MODEL)
        path = self.features if path is None else path
        FeatureFile(self.slot.layout.fitted(24), track, rows, replace(origin, **changes)).write(path)
        return path

    def spoil(self, array: np.ndarray, path: Path | None = None) -> None:
        """Put another array in the place of the features, as another program would: no note."""
        path = self.features if path is None else path
        note_path(path).unlink(missing_ok=True)
        np.save(path, array)

    def change(self, change: Callable[[np.ndarray], object]) -> None:
        """Change numbers of the features and leave their note."""
        array = np.load(self.features)
        change(array)
        np.save(self.features, array)

    @property
    def rate(self) -> float:
        return self.slot.layout.rows_per_second

    def sound(self, seconds: float, name: str = "aud.wav") -> Path:
        save_wav(self.folder / name, np.full(round(seconds * SAMPLE_RATE), 0.1, dtype=np.float32))
        return self.folder / name

    def frames(self, *counts: int) -> None:
        """Write the lists of frames, or the pictures of the first count."""
        if self.spec.pictures:
            for place in range(counts[0]):
                write_text(self.folder / self.spec.pictures.replace("*", str(place)))
            return
        first = 0
        for name, count in zip(self.spec.frame_lists, counts, strict=True):
            listed = [{"img_id": i, "aud_id": i} for i in range(first, first + count)]
            write_json(self.folder / name, {"frames": listed})
            first += count

    def see(self, **more: Any) -> Report:
        return examine(Visit(self.spec, self.folder, slot_name=self.slot.name, **more))

    def findings(self, **more: Any) -> dict[str, Finding]:
        """By code."""
        return {finding.code: finding for finding in self.see(**more).findings}


def write_text(path: Path, text: str = "something") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_patient(folder: Path, spec: RendererSpec = SPEC, slot: Slot = SPEC.slots[0]) -> Patient:
    folder.mkdir()
    patient = Patient(folder, spec, slot)
    patient.frames(*([FRAMES] if spec.pictures or len(spec.frame_lists) == 1 else [FRAMES - 5, 5]))
    for need in spec.needs:
        write_text(folder / need.file.replace("*", "0"))
    patient.sound(FRAMES / patient.rate)
    patient.write()
    return patient


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return make_patient(tmp_path / "subject one")


@pytest.fixture
def make(tmp_path: Path) -> Callable[[RendererSpec, Slot], Patient]:
    return lambda spec, slot: make_patient(tmp_path / "subject", spec, slot)


@pytest.fixture
def doctor(patient: Patient, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The command on the subject: exit status and what was printed."""

    def run(*more: str) -> tuple[int, str]:
        status = main(["doctor", "--renderer", "er-nerf", "--data-dir", str(patient.folder), *more])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


@pytest.fixture
def doctor_json(doctor: Callable[..., tuple[int, str]]) -> Callable[..., Any]:
    return lambda *more: json.loads(doctor("--json", *more)[1])
