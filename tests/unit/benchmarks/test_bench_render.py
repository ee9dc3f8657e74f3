"""The benchmark runs and adds up; how fast anything is, is no test."""

import json

import pytest
import torch

from pase.benchmarks.render import main
from pase_adapters.reference.store import build, save_model


@pytest.mark.parametrize("kind", ["reference-nerf", "reference-3dgs"])
def test_parts_add_up(kind, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pase.benchmarks.render.KINDS", {kind: None})
    output = tmp_path / "costs.json"
    assert main(["--sizes", "32", "--threads", "1", "--seconds", "1.2", "--output", str(output)]) == 0
    [cost] = json.loads(output.read_text())
    assert (cost["renderer"], cost["size"], cost["threads"]) == (kind, 32, 1)
    largest = max(cost[part] for part in ("hear", "listen", "draw", "paste"))
    assert largest < cost["whole"] <= cost["slowest"]
    assert "of real time" in capsys.readouterr().out


def trained(folder, columns):
    model = build("reference-3dgs", 44, 32, torch.full((32, 32, 3), 0.5))
    model.columns = columns
    save_model(folder, model, {})
    return str(folder)


def test_a_model_tells_its_size_and_width(tmp_path):
    output = tmp_path / "costs.json"
    shown = ["--model", trained(tmp_path, 16), "--threads", "1", "--seconds", "1.2", "--output", str(output)]
    assert main(shown) == 0
    [cost] = json.loads(output.read_text())
    assert (cost["renderer"], cost["size"]) == ("reference-3dgs", 32)


def test_what_cannot_be_measured(tmp_path, capsys):
    assert main(["--seconds", "0.1"]) == 1
    assert "--seconds must be more than 0.8" in capsys.readouterr().err
    assert main(["--model", str(tmp_path)]) == 1
    assert "holds no trained renderer" in capsys.readouterr().err
    assert main(["--model", trained(tmp_path, 16), "--sizes", "64"]) == 1
    assert "draws 32 pixels" in capsys.readouterr().err
    assert main(["--model", trained(tmp_path, 2)]) == 1
    assert "rows of 2 columns" in capsys.readouterr().err
