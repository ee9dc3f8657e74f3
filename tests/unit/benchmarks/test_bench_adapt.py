import pytest

from pase.benchmarks import adapt


def test_a_row_for_each_renderer(capsys: pytest.CaptureFixture[str]) -> None:
    assert adapt.main(["--seconds", "10", "--renderers", "er-nerf", "--threads", "1", "--peer", "wav2vec2_base"]) == 0
    written, peer = capsys.readouterr().out.splitlines()[2:]
    assert written.startswith("| er-nerf | 250 x 16 x 44 | ")
    assert written.endswith(" 1 MiB |")
    assert peer.startswith("| wav2vec2_base | (not written) | ")


def test_an_unknown_renderer_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert adapt.main(["--renderers", "no-nerf"]) == 1
    assert "there is no renderer 'no-nerf'" in capsys.readouterr().err
