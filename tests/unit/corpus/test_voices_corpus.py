"""The folder of synthetic speech without faces."""

import shutil
from pathlib import Path

import pytest

from pase.audio.waveform import load_audio
from pase.cli.main import main
from pase.corpus.synthetic.voices import generate, synthesize_speech
from pase.corpus.synthetic.voices.engines import ENGINES
from pase.errors import InputError
from pase.phonemes.inventory import SILENCE
from pase.phonemes.textgrid import read_textgrid

pytest.importorskip("espeakng_loader")

FOUND = [engine.name for engine in ENGINES if engine.missing() is None]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve clips of ten speakers, who speak by all engines."""
    folder = tmp_path_factory.mktemp("voices") / "corpus"
    synthesize_speech(folder, clips=12, speakers=10, seed=5, workers=1)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_ordinary_folder_of_speech(corpus: Path) -> None:
    sounds = sorted(corpus.glob("*/*.wav"))
    assert len(sounds) == 12
    assert {path.parent.name.rstrip("0123456789") for path in sounds} == set(FOUND)
    for sound in sounds:
        seconds = len(load_audio(sound)) / 16_000
        assert 1.8 <= seconds <= 6.0
        reading = read_textgrid(sound.with_suffix(".TextGrid"), seconds)
        assert reading.reports == ()
        assert reading.phones is not None
        first, last = reading.phones.intervals[0], reading.phones.intervals[-1]
        assert first.phone == last.phone == SILENCE
        assert 0.19 < first.end < 0.61
        assert 0.19 < last.end - last.start < 0.65
        assert last.end == pytest.approx(seconds)
        assert sound.with_suffix(".txt").read_text(encoding="utf-8").strip()


def test_workers_and_number_of_clips_change_nothing(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "_CLIPS_PER_WORKER", 1)
    synthesize_speech(tmp_path / "again", clips=10, speakers=10, seed=5, workers=2)
    again, whole = contents(tmp_path / "again"), contents(corpus)
    assert len(again) == 10 * 3 + 1
    assert [name for name, data in again.items() if whole[name] != data] == []


def test_restart_writes_only_what_is_missing(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "restart"
    shutil.copytree(corpus, folder)
    before = contents(folder)
    kept, lost = sorted(folder.glob("*/*.wav"))[:2]
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    (lost.parent / f".{lost.stem}.4711.part.wav").write_bytes(b"half")
    synthesize_speech(folder, clips=12, speakers=10, seed=5, workers=1)
    assert contents(folder) == before
    assert kept.stat().st_mtime_ns == stamp


def test_another_seed_gives_another_corpus(corpus: Path, tmp_path: Path) -> None:
    synthesize_speech(tmp_path / "other", clips=2, speakers=2, seed=6, engines=["espeak"], workers=1)
    assert not set(contents(tmp_path / "other").values()) & set(contents(corpus).values())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clips": 0}, "clips must be at least 1"),
        ({"speakers": 0}, "speakers must be at least 1"),
        ({"speakers": 9}, "at least 9 clips"),
        ({"seed": -1}, "negative"),
        ({"engines": ["sam"]}, "'sam' is no speech engine"),
    ],
)
def test_bad_wishes(tmp_path: Path, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        synthesize_speech(tmp_path / "out", **({"clips": 2, "speakers": 1, "seed": 0} | wrong))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_other_engines_are_another_corpus(corpus: Path) -> None:
    with pytest.raises(InputError, match="another synthetic corpus"):
        synthesize_speech(corpus, clips=12, speakers=10, seed=6)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "out")
    assert main(["synthesize", folder, "--kind", "speech", "--clips", "2", "--engines", "espeak"]) == 0
    assert "2 clips by espeak" in capsys.readouterr().out
    assert len(list(tmp_path.glob("out/*/*.TextGrid"))) == 2
    assert main(["synthesize", folder, "--kind", "speech", "--landmarks"]) == 1
    assert "--landmarks goes with --kind faces" in capsys.readouterr().err
    assert main(["synthesize", folder, "--engines", "flite"]) == 1
    assert "--engines goes with --kind speech" in capsys.readouterr().err
