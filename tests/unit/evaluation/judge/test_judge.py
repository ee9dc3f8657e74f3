"""The judge of lip sync: its scores against plain sums, its training, its file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.evaluation.judge.hearing import BANDS, PER_FRAME, mel_bands
from pase.evaluation.judge.judging import judge_mouths
from pase.evaluation.judge.network import SIDE, WINDOW, Judge, whole, windows
from pase.evaluation.judge.scores import sync_scores
from pase.evaluation.judge.store import load_judge, save_judge
from pase.evaluation.judge.training import clips_without, grey_mouths, train_judge


def unit(rows: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((rows, 8)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_scores_are_those_of_plain_loops() -> None:
    seen, heard = unit(40, 0), unit(40, 1)
    means = []
    for shift in range(-15, 16):
        total = 0.0
        for row in range(40):
            other = heard[row + shift] if 0 <= row + shift < 40 else np.zeros(8)
            total += float(np.sqrt((((seen[row] - other) + 1e-6) ** 2).sum()))
        means.append(total / 40)
    scores = sync_scores(seen, heard, zeros_beyond=True)
    assert scores.distance == pytest.approx(min(means), rel=1e-5)
    assert scores.confidence == pytest.approx(sorted(means)[15] - min(means), rel=1e-4)
    assert scores.at_zero == pytest.approx(means[15], rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(offset=st.integers(-10, 10), seed=st.integers(0, 100))
def test_a_shift_is_found(offset: int, seed: int) -> None:
    long = unit(120, seed)
    padded, inside = (
        sync_scores(long[20:100], long[20 - offset : 100 - offset], zeros_beyond=zeros) for zeros in (True, False)
    )
    assert padded.offset == inside.offset == offset
    assert padded.distance < 0.3 < padded.confidence
    assert inside.distance < 1e-4
    assert inside.confidence > 1


def test_without_zeros_each_shift_is_the_mean_over_windows_that_have_a_sound() -> None:
    seen, heard = unit(40, 0), unit(40, 1)
    means = [
        float(np.mean([np.linalg.norm(seen[row] - heard[row + shift]) for row in range(40) if 0 <= row + shift < 40]))
        for shift in range(-15, 16)
    ]
    scores = sync_scores(seen, heard, zeros_beyond=False)
    assert scores.distance == pytest.approx(min(means), rel=1e-5)
    assert scores.confidence == pytest.approx(sorted(means)[15] - min(means), rel=1e-4)
    assert scores.at_zero == pytest.approx(means[15], rel=1e-5)
    assert scores.offset == int(np.argmin(means)) - 15


@pytest.mark.parametrize("windows", [71, 321])
def test_sound_that_has_nothing_to_do_with_the_lips_prefers_no_shift(windows: int) -> None:
    scores = [sync_scores(unit(windows, seed), unit(windows, seed + 1000), zeros_beyond=False) for seed in range(200)]
    far = np.mean([abs(one.offset) > 7 for one in scores])
    assert 0.38 < far < 0.66, "16 of the 31 shifts are that far"
    assert np.mean([one.distance for one in scores]) > 1.2, "a zero would lie at 1"


def test_too_few_windows_for_all_shifts() -> None:
    with pytest.raises(ValueError, match="at least 30 windows, found 29"):
        sync_scores(unit(29, 0), unit(29, 1), zeros_beyond=False)


def test_embeddings_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        sync_scores(unit(5, 0), unit(6, 0), zeros_beyond=True)
    with pytest.raises(ValueError, match="one shape"):
        sync_scores(unit(0, 0), unit(0, 0), zeros_beyond=True)


def test_sound_is_as_long_as_the_pictures() -> None:
    sound = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1
    for frames in (20, 25, 40):
        assert mel_bands(sound, frames).shape == (frames * PER_FRAME, BANDS)
    np.testing.assert_allclose(mel_bands(sound * 10, 25), mel_bands(sound, 25), atol=0.02)


def test_windows_stand_around_their_frames() -> None:
    frames = torch.arange(12)
    fitting = whole(frames)
    assert fitting.tolist() == list(range(2, 10))
    assert windows(frames, fitting)[0].tolist() == [0, 1, 2, 3, 4]
    assert windows(torch.arange(48), fitting, PER_FRAME)[0].tolist() == list(range(20))


def test_pictures_and_sound_have_one_space() -> None:
    judge = Judge().eval()
    with torch.inference_mode():
        seen = judge.see(torch.rand(3, WINDOW, SIDE, SIDE))
        heard = judge.hear(torch.randn(3, WINDOW * PER_FRAME, BANDS))
    assert seen.shape == heard.shape
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(heard.norm(dim=1), torch.ones(3))


def test_light_does_not_count() -> None:
    judge, mouths = Judge().eval(), 0.2 + 0.4 * torch.rand(2, WINDOW, SIDE, SIDE)
    with torch.inference_mode():
        torch.testing.assert_close(judge.see(mouths), judge.see(mouths + 0.2), atol=1e-4, rtol=0)


def test_training_keeps_clips_apart_and_learns(opened_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pase.evaluation.judge.training._CLIPS", 2)
    known = opened_corpus.split("train")
    stem = Path(known[0].source).stem
    left = clips_without(opened_corpus, {stem})
    assert {record.clip_id for record in known} - {record.clip_id for record in left} == {known[0].clip_id}
    with pytest.raises(InputError, match="no clip of elsewhere"):
        clips_without(opened_corpus, {"elsewhere"})
    judges = [train_judge(opened_corpus, left, steps, seed=0) for steps in (1, 1, 2)]
    for name, own in judges[0].state_dict().items():
        assert torch.equal(own, judges[1].state_dict()[name]), name
    assert not torch.equal(judges[0].sharpness, judges[2].sharpness)


def test_too_few_clips(opened_corpus: Corpus) -> None:
    stems = {Path(record.source).stem for record in opened_corpus.split("train")}
    with pytest.raises(InputError, match="leaves 0 clips"):
        clips_without(opened_corpus, stems)


def test_a_file_gives_the_same_scores(tmp_path: Path) -> None:
    judge, draws = Judge().eval(), np.random.default_rng(0)
    lips = draws.integers(0, 255, (40, 96, 96, 3)).astype(np.uint8)
    sound = draws.standard_normal(25_600).astype(np.float32)
    save_judge(tmp_path / "a.safetensors", judge, {"clips": 3})
    loaded = load_judge(tmp_path / "a.safetensors")
    assert loaded.about == {"clips": 3}
    assert loaded.identity.startswith("a.safetensors ")
    assert judge_mouths(loaded.model, lips, sound) == judge_mouths(judge, lips, sound)
    assert grey_mouths(lips).shape == (40, SIDE, SIDE)
    assert np.isfinite(judge_mouths(judge, lips[:34], sound).confidence)
    with pytest.raises(InputError, match="too few to judge sync: at least 34"):
        judge_mouths(judge, lips[:33], sound)


def test_a_judge_whose_weights_are_no_numbers(tmp_path: Path) -> None:
    judge = Judge()
    torch.nn.init.constant_(next(judge.parameters()), torch.nan)
    save_judge(tmp_path / "a.safetensors", judge, {})
    with pytest.raises(InputError, match=r"a\.safetensors: weights that are NaN or infinite"):
        load_judge(tmp_path / "a.safetensors")


@pytest.mark.parametrize("kind", ["missing", "cut", "other"])
def test_files_that_are_no_judge(kind: str, tmp_path: Path, tiny_checkpoint: Path) -> None:
    path = tmp_path / "judge.safetensors"
    told = "there is no judge"
    if kind == "cut":
        save_judge(path, Judge(), {})
        path.write_bytes(path.read_bytes()[:1000])
        told = "is damaged"
    elif kind == "other":
        path.write_bytes((tiny_checkpoint / "model.safetensors").read_bytes())
        told = "no judge of lip sync"
    with pytest.raises(InputError, match=told):
        load_judge(path)
