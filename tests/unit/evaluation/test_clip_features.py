import numpy as np
import pytest
import torch

from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.evaluation.clip_features import ClipFeatures, encode_lips, measure_clips, with_context
from pase.evaluation.sync import SHIFTS
from pase.inference.encoder import PASE
from pase.models.visual_encoder import resize_lips, with_margin
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN


def test_features_are_what_renderers_get(tiny_model, tiny_checkpoint, noise_corpus):
    corpus = Corpus.open(noise_corpus)
    clip, *_ = measure_clips(tiny_model, corpus, corpus.records, video=False)
    sound = np.pad(corpus.read(corpus.records[0]).waveform, (0, 800))
    expected = PASE.from_pretrained(tiny_checkpoint).encode(sound, 16_000).at_rate(25)
    np.testing.assert_allclose(clip.features, expected, atol=1e-4)


def test_neighbours_in_the_batch_do_not_matter(tiny_model, noise_corpus):
    corpus = Corpus.open(noise_corpus)
    together = list(measure_clips(tiny_model, corpus, corpus.records, video=True))
    assert [clip.record.clip_id for clip in together] == [record.clip_id for record in corpus.records]
    for record, clip in zip(corpus.records, together, strict=True):
        (alone,) = measure_clips(tiny_model, corpus, [record], video=True)
        assert len(alone) == len(clip) == record.frames
        for name in ("features", "untrained", "spectra", "mel", "aperture", "similarity"):
            np.testing.assert_allclose(getattr(clip, name), getattr(alone, name), atol=1e-4)


def test_similarity_is_the_models_and_optional(tiny_model, noise_corpus):
    corpus = Corpus.open(noise_corpus)
    (clip,) = measure_clips(tiny_model, corpus, corpus.records[:1], video=True)
    assert clip.similarity.shape == (50, len(SHIFTS))
    assert np.isnan(clip.similarity[0, 0])
    assert np.isfinite(clip.similarity[15:35]).all()
    (unseen,) = measure_clips(tiny_model, corpus, corpus.records[:1], video=False)
    assert unseen.similarity is None


def test_the_untrained_network_is_decided_by_the_seed_alone(tiny_model, noise_corpus):
    corpus = Corpus.open(noise_corpus)

    def untrained(seed: int) -> np.ndarray:
        (clip,) = measure_clips(tiny_model, corpus, corpus.records[:1], video=False, seed=seed)
        return clip.untrained

    first, state = untrained(3), torch.random.get_rng_state()
    np.testing.assert_array_equal(first, untrained(3))
    assert not np.allclose(first, untrained(4))
    assert torch.equal(state, torch.random.get_rng_state()), "the caller's random numbers stay as they are"


def test_long_clips_are_encoded_in_pieces_without_seams(tiny_model):
    lips = torch.randint(0, 255, (150, 96, 96, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = tiny_model.video(with_margin(resize_lips(lips[None], 48)))[0]
        np.testing.assert_allclose(encode_lips(tiny_model, lips).numpy(), whole.numpy(), atol=1e-5)


def test_context_is_four_before_and_three_after():
    rows = np.arange(10, dtype=np.float32)[:, None]
    joined = with_context(rows, 8)
    assert joined[5].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert joined[0].tolist() == [0, 0, 0, 0, 0, 1, 2, 3]
    assert joined[9].tolist() == [5, 6, 7, 8, 9, 9, 9, 9]
    assert with_context(rows, 1).tolist() == rows.tolist()


def test_labels_are_those_at_the_frames_middles(clip_factory):
    record = clip_factory("a", "train", 0, frames=12).record
    labels = record.frame_labels()
    assert labels[:3].tolist() == [PHONE_INDEX["SIL"], PHONE_INDEX["SIL"], PHONE_INDEX["B"]]  # 20, 60, 100 ms
    assert clip_factory("a", "train", 0, frames=12, spoken=False).record.frame_labels().tolist() == [UNKNOWN] * 12


def test_lengths_must_agree():
    record = ClipRecord("a", "s", "train", 3, 1920, "", None, "", "")
    rows, three = np.zeros((3, 4), np.float32), np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="lengths differ"):
        ClipFeatures(record, rows, rows, rows, rows[:2], three, three.astype(np.int64))
