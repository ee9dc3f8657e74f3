"""Clips without lips and clips without sound, beside clips with both."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import make_clip

from pase.corpus.clip import Clip, Modality
from pase.corpus.encoded import EncodedClip
from pase.corpus.manifest import record_from_json, record_to_json
from pase.corpus.shards import unpack
from pase.corpus.store import Corpus, write_corpus
from pase.errors import InputError

MEMBERS = {
    "audio-video": ["flac", "mp4", "lips.npy", "json"],
    "audio": ["flac", "json"],
    "video": ["mp4", "lips.npy", "json"],
}


def of(modality: Modality, number: int = 1, frames: int = 12) -> Clip:
    clip = make_clip(number, frames, "train")
    record = replace(clip.record, modality=modality, samples=clip.record.samples if modality != "video" else 0)
    return Clip(
        record,
        clip.waveform[: record.samples],
        clip.lips if record.seen else clip.lips[:0],
        clip.lip_points if record.seen else clip.lip_points[:0],
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(modalities=st.lists(st.sampled_from(get_args(Modality)), min_size=1, max_size=4), frames=st.integers(1, 20))
def test_round_trip(tmp_path: Path, modalities: list[Modality], frames: int) -> None:
    clips = [of(modality, number, frames) for number, modality in enumerate(modalities)]
    corpus = write_corpus(tmp_path / "corpus", clips)
    assert [record.modality for record in corpus.records] == [
        clip.record.modality for clip in sorted(clips, key=lambda clip: clip.record.clip_id)
    ]
    originals = {clip.record.clip_id: clip for clip in clips}
    for clip in corpus:
        original = originals[clip.record.clip_id]
        assert clip.record == replace(original.record, shard="000000.tar")
        assert clip.lips.shape == original.lips.shape
        assert (clip.waveform.dtype, clip.lips.dtype, clip.lip_points.dtype) == (np.float32, np.uint8, np.float32)
        expected = np.clip(original.waveform, -1, 32767 / 32768)
        np.testing.assert_allclose(clip.waveform, expected, atol=0.6 / 32768)
        np.testing.assert_allclose(clip.lip_points, original.lip_points, rtol=1e-3, atol=1e-4)


def test_shards_hold_only_what_there_is(tmp_path: Path) -> None:
    write_corpus(tmp_path, [of(modality, number) for number, modality in enumerate(get_args(Modality))])
    with tarfile.open(tmp_path / "shards/000000.tar") as tar:
        found = tar.getnames()
    expected = [
        f"s{number}/clip00{number}.{suffix}"
        for number, modality in enumerate(get_args(Modality))
        for suffix in MEMBERS[modality]
    ]
    assert found == expected


def test_older_manifests_mean_sound_and_lips() -> None:
    row = record_to_json(of("audio-video").record)
    del row["modality"]
    assert record_from_json(row).modality == "audio-video"


@pytest.mark.parametrize("changed", ["audio", "video"])
def test_a_manifest_of_another_modality_than_the_shard_is_refused(tmp_path: Path, changed: str) -> None:
    write_corpus(tmp_path, [of("audio-video")])
    manifest = tmp_path / "manifest.jsonl"
    row = json.loads(manifest.read_text()) | {"modality": changed} | ({"samples": 0} if changed == "video" else {})
    manifest.write_text(json.dumps(row) + "\n")
    corpus = Corpus.open(tmp_path)
    missing = "lip crops" if changed == "audio" else "sound"
    with pytest.raises(InputError, match=rf"000000\.tar: clip s1/clip001: .* has {missing}, .* modality '{changed}'"):
        corpus.read(corpus.records[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modality": "smell"}, "modality 'smell' is not one of audio-video, audio, video"),
        ({"modality": ["audio"]}, "is not one of audio-video, audio, video"),
        ({"modality": "video"}, "a clip without sound has frames and no samples"),
        ({"modality": "audio", "samples": 0}, "both must be positive"),
        ({"modality": "audio", "frames": 0}, "both must be positive"),
    ],
)
def test_records_that_contradict_themselves(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        record_from_json(record_to_json(of("audio-video").record) | change)


def test_a_clip_with_more_than_its_record_says_is_not_encoded() -> None:
    clip = of("audio-video")
    with pytest.raises(InputError, match=r"lips of clip s1/clip001 has the shape \(12, .*says \(0, 96, 96, 3\)"):
        EncodedClip.encode(replace(clip, record=of("audio").record))


def test_members_out_of_order_are_refused() -> None:
    clip = EncodedClip.encode(of("audio"))
    block = clip.pack()
    first = 512 + len(clip.flac) + -len(clip.flac) % 512
    with pytest.raises(InputError, match="bytes where its members take"):
        unpack(clip.record.clip_id, block[first:] + block[:first])
