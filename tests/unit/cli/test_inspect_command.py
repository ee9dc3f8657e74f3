from pathlib import Path

import pytest

from pase.cli.main import main


def test_inspect_writes_the_page_of_a_clip(
    tiny_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "clip.html"
    assert main(["inspect", str(tiny_corpus), "--clip", "s0/clip003", "--output", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    assert "<h1>Clip s0/clip003</h1>" in page.read_text()


def test_inspect_reports_what_is_wrong(tiny_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path)]) == 1
    assert "not a prepared corpus" in capsys.readouterr().err
    assert main(["inspect", str(tiny_corpus), "--output", str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err
