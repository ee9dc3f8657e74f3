import math

from pase.corpus.store import Corpus, write_corpus
from pase.evaluation.probe import ProbeConfig
from pase.evaluation.quick import measure
from pase.evaluation.selection import everyone, held_out, training

FAST = ProbeConfig(steps=20, batch_size=64)


def test_both_splits_are_measured(tiny_model, noise_corpus, clip_factory, tmp_path):
    silent = write_corpus(tmp_path, [clip_factory(f"c{i}", "train", i, 40, spoken=False) for i in range(2)])
    found = measure(tiny_model, Corpus.open(noise_corpus), silent, seed=1, budget=FAST)
    flat = found.flat()
    assert len(flat) == 20
    assert all(math.isfinite(value) for name, value in flat.items() if name.startswith("validation/"))
    assert math.isfinite(flat["unseen/lmd"])
    assert math.isnan(flat["unseen/phone"]), "its phones are not known"
    assert flat["validation/lmd"] >= 0.9 * flat["validation/still_lmd"], "noise predicts nothing"
    assert flat["validation/window_sync"] < 0.6
    again = measure(tiny_model, Corpus.open(noise_corpus), None, seed=1, budget=FAST)
    assert again.unseen is None
    assert again.validation == found.validation


def test_each_picture_is_encoded_once(tiny_model, noise_corpus, monkeypatch):
    from pase.evaluation import clip_features

    encoded = []
    encode = clip_features.encode_lips
    monkeypatch.setattr(
        clip_features, "encode_lips", lambda model, lips: encoded.append(len(lips)) or encode(model, lips)
    )
    corpus = Corpus.open(noise_corpus)
    measure(tiny_model, corpus, budget=FAST)
    assert encoded == [record.frames for record in corpus.split("validation")]


def test_few_clips_are_spread_over_the_split(noise_corpus):
    corpus = Corpus.open(noise_corpus)
    assert [record.clip_id for record in training(corpus, 3)] == ["c0", "c2", "c5"]
    assert [record.clip_id for record in held_out(corpus, 2)] == ["c6", "c8"]
    assert len(everyone(corpus, 1000)) == 9
