import numpy as np
import pytest
import torch

from pase.corpus.store import write_corpus
from pase.evaluation.clip_features import SeenClip, see_clips
from pase.evaluation.fitted import Fitted, Lips
from pase.evaluation.measurement import measure_guess, measure_lips, measure_pictures, measure_rows, measure_sync
from pase.evaluation.probe import ProbeConfig
from pase.phonemes.inventory import PHONE_INDEX

FAST = ProbeConfig(steps=20, batch_size=64)


@pytest.fixture(scope="module")
def seen(clip_factory, tmp_path_factory) -> list[SeenClip]:
    folder = tmp_path_factory.mktemp("seen")
    corpus = write_corpus(folder, [clip_factory(f"c{i}", "train", i, 40 + i, spoken=i < 3) for i in range(4)])
    return see_clips(corpus, corpus.records)


def value(found, measure: str, at: str = "") -> float:
    (one,) = [own for own in found if (own.measure, own.at) == (measure, at)]
    return one.value


def noise_rows(clips, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((len(clip), 6)).astype(np.float32) for clip in clips]


def test_lips_predicted_as_they_are_score_best(seen):
    perfect = [Lips(clip.shape.astype(np.float64), clip.aperture.astype(np.float64)) for clip in seen]
    found = measure_lips(seen, perfect)
    assert value(found, "lmd") == 0
    assert value(found, "aperture") == pytest.approx(1)
    assert value(found, "clip aperture") == pytest.approx(1)


def test_correlations_against_numpy(seen):
    rng = np.random.default_rng(0)
    lips = [Lips(np.zeros((len(c), 80)), c.aperture + 3 * rng.standard_normal(len(c))) for c in seen[:3]]
    lips.append(Lips(np.zeros((len(seen[3]), 80)), np.ones(len(seen[3]))))  # does not move: no correlation of its own
    found = measure_lips(seen, lips)
    own = [np.corrcoef(one.aperture, clip.aperture)[0, 1] for one, clip in zip(lips[:3], seen, strict=False)]
    assert value(found, "clip aperture") == pytest.approx(np.mean(own))
    joined = [np.concatenate([one.aperture for one in lips]), np.concatenate([clip.aperture for clip in seen])]
    assert value(found, "aperture") == pytest.approx(np.corrcoef(*joined)[0, 1])


def test_every_measure_has_a_row_for_each_clip(seen):
    rows = noise_rows(seen)
    found = measure_rows(seen, rows, Fitted.fit(seen, rows, 0, FAST))
    assert {len(one.sums) for one in found} == {len(seen)}
    assert len({(one.measure, one.at) for one in found}) == len(found)
    closures = next(one for one in found if one.measure == "closure precision")
    assert not closures.sums[3].any(), "the phones of the last clip are not known"


def test_clips_without_phones_are_measured_by_their_lips_alone(seen):
    silent = seen[3:] * 2
    rows = noise_rows(silent)
    fitted = Fitted.fit(silent, rows, 0, FAST)
    assert fitted.probes == {}
    assert {one.measure for one in measure_rows(silent, rows, fitted)} == {"lmd", "aperture", "clip aperture"}
    assert measure_pictures(silent) == []
    assert measure_guess(silent) == []


def test_guessing_names_the_most_frequent_phone(seen):
    labels = np.concatenate([clip.labels for clip in seen])
    most = np.bincount(labels[labels >= 0]).max() / (labels >= 0).sum()
    assert value(measure_guess(seen), "phone") == pytest.approx(most)
    assert value(measure_guess(seen), "viseme") >= most
    assert PHONE_INDEX["SIL"] in labels


def test_sync_asks_for_encoded_video(tiny_model, seen):
    with pytest.raises(ValueError, match="video of c0 was not encoded"):
        measure_sync(tiny_model, seen, [torch.zeros(len(clip), 16) for clip in seen])
