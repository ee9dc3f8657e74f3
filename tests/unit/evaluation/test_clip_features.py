import numpy as np
import pytest
import torch

from pase.audio.condition import Condition
from pase.corpus.store import Corpus, write_corpus
from pase.evaluation.clip_features import encode_lips, hear_clips, see_clips
from pase.evaluation.selection import complete
from pase.models.visual_encoder import resize_lips, with_margin
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN
from pase.video.landmarks import lip_gap


def test_clips_are_seen_as_they_are_stored(tiny_model, noise_corpus):
    corpus = Corpus.open(noise_corpus)
    for record, seen in zip(corpus.records, see_clips(corpus, corpus.records, tiny_model), strict=True):
        clip = corpus.read(record)
        assert len(seen) == len(seen.labels) == len(seen.shape) == record.frames
        np.testing.assert_array_equal(seen.aperture, lip_gap(clip.lip_points))
        np.testing.assert_allclose(seen.shape.mean(axis=0), 0, atol=1e-5)
        with torch.inference_mode():
            np.testing.assert_allclose(seen.video, encode_lips(tiny_model, torch.from_numpy(clip.lips)), atol=1e-5)


def test_without_a_model_no_picture_is_decoded(noise_corpus, monkeypatch):
    corpus = Corpus.open(noise_corpus)
    monkeypatch.setattr("pase.corpus.codec.decode_lips", lambda *_, **__: pytest.fail("decoded"))
    assert all(clip.video is None for clip in see_clips(corpus, corpus.records))


def test_clean_sound_is_that_of_the_corpus_and_noise_is_the_same_every_time(noise_corpus):
    corpus = Corpus.open(noise_corpus)
    clean = list(hear_clips(corpus, corpus.records, Condition()))
    for record, sound in zip(corpus.records, clean, strict=True):
        np.testing.assert_array_equal(sound, corpus.read(record).waveform)
    babble = Condition(snr_db=0.0, noise="babble")
    first, again = (list(hear_clips(corpus, corpus.records, babble, seed=3)) for _ in range(2))
    for quiet, one, other in zip(clean, first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert len(one) == len(quiet)
        assert not np.allclose(one, quiet)


def test_two_clips_babble_behind_each_other(clip_factory, tmp_path):
    corpus = write_corpus(tmp_path, [clip_factory(f"c{i}", "train", i, 30) for i in range(2)])
    assert len(list(hear_clips(corpus, corpus.records, Condition(snr_db=0.0, noise="babble")))) == 2


def test_long_clips_are_encoded_in_pieces_without_seams(tiny_model):
    lips = torch.randint(0, 255, (150, 96, 96, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = tiny_model.video(with_margin(resize_lips(lips[None], 48)))[0]
        np.testing.assert_allclose(encode_lips(tiny_model, lips).numpy(), whole.numpy(), atol=1e-5)


def test_labels_are_those_at_the_frames_middles(clip_factory):
    record = clip_factory("a", "train", 0, frames=12).record
    labels = record.frame_labels()
    assert labels[:3].tolist() == [PHONE_INDEX["SIL"], PHONE_INDEX["SIL"], PHONE_INDEX["B"]]  # 20, 60, 100 ms
    assert clip_factory("a", "train", 0, frames=12, spoken=False).record.frame_labels().tolist() == [UNKNOWN] * 12


def test_clips_without_sound_or_lips_are_not_measured(clip_factory):
    from dataclasses import replace

    record = clip_factory("a", "train", 0, frames=12).record
    voice, silent = replace(record, modality="audio"), replace(record, modality="video", samples=0)
    assert complete([voice, record, silent]) == (record,)
