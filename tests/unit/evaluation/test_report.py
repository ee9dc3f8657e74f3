import numpy as np
import pytest

from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.evaluation.clip_features import see_clips
from pase.evaluation.evidence import Evidence
from pase.evaluation.report import choose_examples, read_training_curves
from pase.evaluation.representations import PaseFeatures
from pase.evaluation.ridge import fit_ridge
from pase.phonemes.inventory import PHONE_INDEX

LOG = "epoch,step,train/loss,validation/loss,validation/window_sync\n"


def write_log(run, version: int, lines: str) -> None:
    folder = run / "logs" / f"version_{version}"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text(LOG + lines)


def test_training_curves_of_a_resumed_run(tmp_path):
    write_log(tmp_path, 2, "0,10,5.0,,\n0,10,,4.0,0.3\n0,20,4.5,,\n")
    write_log(tmp_path, 10, "0,20,4.4,,\n0,30,4.0,,\n0,30,,3.5,0.6\n")
    curves = read_training_curves(tmp_path)
    assert curves["train/loss"] == ([10, 20, 30], [5.0, 4.4, 4.0])
    assert curves["validation/window_sync"] == ([10, 30], [0.3, 0.6])


def test_a_folder_without_logs_or_with_other_files_is_refused(tmp_path):
    with pytest.raises(InputError, match="no folder of a training run"):
        read_training_curves(tmp_path)
    write_log(tmp_path, 0, "0,ten,5.0,,\n")
    with pytest.raises(InputError, match=r"metrics\.csv cannot be read"):
        read_training_curves(tmp_path)


def test_examples_are_the_clips_with_most_bilabials(noise_corpus, clip_factory):
    long, short = (clip_factory(name, "test", 0, frames).record for name, frames in (("a", 90), ("b", 20)))
    silent = clip_factory("c", "test", 0, 90, spoken=False).record
    assert [r.clip_id for r in choose_examples([silent, short, long])] == ["a", "b"]
    assert choose_examples([]) == []


def test_evidence_comes_back(tmp_path, tiny_model, noise_corpus):
    corpus = Corpus.open(noise_corpus)
    records, own = corpus.split("train"), PaseFeatures(tiny_model)
    clips = see_clips(corpus, records)
    rows = [own.rows(corpus.read(record).waveform, record.frames) for record in records]
    ridge = fit_ridge(rows, [clip.shape for clip in clips])
    evidence = Evidence.collect(clips, rows, ridge)
    labels, features = np.concatenate([clip.labels for clip in clips]), np.concatenate(rows)
    spoken = labels == PHONE_INDEX["B"]
    assert evidence.phone_frames[PHONE_INDEX["B"]] == spoken.sum() > 0
    np.testing.assert_allclose(evidence.phone_means[PHONE_INDEX["B"]], features[spoken].mean(axis=0), atol=1e-4)
    evidence.save(tmp_path)
    again = Evidence.load(tmp_path)
    np.testing.assert_array_equal(again.phone_means, evidence.phone_means)
    np.testing.assert_array_equal(again.ridge.predict(rows[0]), ridge.predict(rows[0]))
    with pytest.raises(InputError, match="Run `pase evaluate` again"):
        Evidence.load(tmp_path / "absent")
    whole = (tmp_path / "evidence.npz").read_bytes()
    for damaged in (b"not a zip", b"", whole[: len(whole) // 2]):
        (tmp_path / "evidence.npz").write_bytes(damaged)
        with pytest.raises(InputError, match="cannot be read"):
            Evidence.load(tmp_path)
