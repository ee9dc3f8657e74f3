"""Notes beside features: against the file, a PASE checkpoint, and driving features."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pase.errors import InputError
from pase.models.checkpoint import read_info, save_checkpoint
from pase.models.config import AudioConfig, ModelConfig
from pase.models.model import PaseModel
from pase_adapters.doctor.finding import Severity
from pase_adapters.doctor.origin import read_model_id
from pase_adapters.feature_file import note_path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("made") / "checkpoint"
    save_checkpoint(folder, PaseModel(ModelConfig(dim=32, audio=AudioConfig(hidden=32, layers=1, stride=1))), {})
    return folder


def test_a_file_without_a_note(patient: Any) -> None:
    note_path(patient.features).unlink()
    assert {code: finding.severity for code, finding in patient.findings().items()} == {"no-note": Severity.INFO}


@pytest.mark.parametrize("content", ["{", "[]", '{"renderer": 3}'])
def test_a_damaged_note(patient: Any, content: str) -> None:
    note_path(patient.features).write_text(content)
    assert patient.findings()["damaged-note"].severity is Severity.ERROR


@pytest.mark.parametrize("shape", [(54, 16, 44), (55, 2, 44)])
def test_a_file_that_was_replaced_under_its_note(patient: Any, shape: tuple[int, ...]) -> None:
    np.save(patient.features, np.ones(shape, np.float32))
    assert patient.findings()["note-disagrees"].severity is Severity.ERROR


def test_a_note_without_a_shape_is_believed(patient: Any) -> None:
    content = json.loads(note_path(patient.features).read_text())
    del content["layout"]
    note_path(patient.features).write_text(json.dumps(content))
    assert patient.findings() == {}


@pytest.mark.parametrize(
    ("change", "severity"), [({"slot": "any"}, Severity.WARNING), ({"renderer": "synctalk"}, Severity.INFO)]
)
def test_features_for_another_slot_or_renderer(patient: Any, change: dict[str, str], severity: Severity) -> None:
    patient.write(**change)
    assert patient.findings()["other-slot"].severity is severity


def test_features_of_the_given_checkpoint(patient: Any, checkpoint: Path) -> None:
    patient.write(model_id=read_info(checkpoint).model_id)
    assert patient.findings(checkpoint=checkpoint) == {}


def test_features_of_another_checkpoint(patient: Any, checkpoint: Path) -> None:
    finding = patient.findings(checkpoint=checkpoint)["other-checkpoint"]
    assert finding.severity is Severity.ERROR
    assert read_info(checkpoint).model_id in finding.found
    assert f"--checkpoint {checkpoint}" in finding.remedy


def test_identity_without_torch_is_the_checkpoints_own(checkpoint: Path) -> None:
    assert read_model_id(checkpoint) == read_info(checkpoint).model_id


@pytest.mark.parametrize("config", [None, "[]", '{"software": "other"}', "not json"])
def test_a_folder_that_is_no_checkpoint(patient: Any, tmp_path: Path, config: str | None) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
        (tmp_path / "model.safetensors").touch()
    with pytest.raises(InputError, match=r"config\.json"):
        patient.see(checkpoint=tmp_path)


# Driving features -----------------------------------------------------------------------------------------------------


def test_driving_features_of_the_same_kind(patient: Any, tmp_path: Path) -> None:
    assert patient.findings(driving=patient.write(tmp_path / "speech_eo.npy", rows=20)) == {}


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ({"model_id": "f" * 16}, "other-checkpoint", Severity.ERROR),
        ({"slot": "any"}, "other-slot", Severity.ERROR),
        ({"rows_per_second": 30.0}, "other-rate", Severity.ERROR),
        ({"gated": True}, "other-gate", Severity.WARNING),
    ],
)
def test_driving_features_of_another_kind(
    patient: Any, tmp_path: Path, change: dict[str, Any], code: str, severity: Severity
) -> None:
    path = patient.write(tmp_path / "speech_eo.npy", **change)
    found = [finding for finding in patient.see(driving=path).findings if finding.where == str(path)]
    assert (code, severity) in {(finding.code, finding.severity) for finding in found}
    assert all("--driving" in finding.remedy for finding in found)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ((55, 2, 44), "columns-differ"),
        ((55, 16, 512), "width-differs"),
        ((55, 44), "wrong-shape"),
        ((), "one-note"),
    ],
)
def test_driving_features_of_another_shape(patient: Any, tmp_path: Path, shape: tuple[int, ...], code: str) -> None:
    path = tmp_path / "speech_eo.npy"
    patient.spoil(np.ones(shape, np.float32), path)
    assert code in patient.findings(driving=path)
    assert patient.findings(driving=path)["one-note"].severity is Severity.WARNING


def test_training_on_hubert_and_driving_by_pase(patient: Any, tmp_path: Path) -> None:
    driving = patient.write(tmp_path / "speech_eo.npy")
    patient.spoil(np.ones((55, 2, 44), np.float32))
    findings = patient.findings(driving=driving)
    assert {"columns-differ", "one-note"} <= set(findings)
    assert "train again" in findings["columns-differ"].remedy


def test_driving_features_are_looked_at_as_training_features_are(patient: Any, tmp_path: Path) -> None:
    path = patient.write(tmp_path / "speech_eo.npy", rows=3)
    assert patient.findings(driving=path)["too-short"].where == str(path)
    path.write_bytes(b"nothing")
    assert patient.findings(driving=path)["unreadable"].where == str(path)


def test_driving_features_without_training_features(patient: Any, tmp_path: Path) -> None:
    path = patient.write(tmp_path / "speech_eo.npy")
    patient.features.unlink()
    assert set(patient.findings(driving=path)) == {"no-features"}
