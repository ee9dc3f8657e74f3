"""`pase judge`: what is left out of its training."""

from pathlib import Path

import pytest

from pase.cli.main import main
from pase.corpus.store import Corpus


def test_a_video_from_elsewhere_leaves_nothing_out(
    opened_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pase.evaluation.judge.training._CLIPS", 2)
    known = [record for record in opened_corpus.split("train") if record.modality == "audio-video"]
    inside = f"videos/{Path(known[0].source).name}"
    output = tmp_path / "judge.safetensors"
    given = ["judge", str(opened_corpus.folder), "--output", str(output), "--steps", "1"]
    assert main([*given, "--without", "me.mp4", inside]) == 0
    told = capsys.readouterr().out
    assert "me.mp4: the corpus has no clip of it" in told
    assert f"{inside}: the corpus" not in told
    assert f"learnt from {len(known) - 1} clips" in told
