"""Networks that are really pretrained: hama's phoneme posteriors and Whisper's encoder."""

import numpy as np
import pytest

from pase.audio.waveform import load_audio
from pase.baselines.registry import open_baseline
from pase.errors import MissingExtraError
from pase.extras import require

NAMES = ("hama", "whisper")
CONSONANTS = {"s": "s", "z": "z", "m": "m", "n": "n", "f": "f", "sh": "ʃ", "l": "l"}
"""Labels of TIMIT and the symbols of hama."""


@pytest.fixture(scope="module", params=NAMES)
def features(request):
    try:
        return open_baseline(request.param)
    except MissingExtraError as error:
        pytest.skip(str(error))


def noise(frames):
    return (0.05 * np.random.default_rng(0).standard_normal(frames * 640)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_any_length_gives_finite_rows_of_the_promised_width(features, frames):
    for sound in (noise(frames), np.zeros(1, dtype=np.float32), 2 * np.sign(noise(frames))):
        assert features.rows(sound, frames).shape == (frames, features.width)


def test_posteriors_are_logarithms_of_probabilities():
    features = open_or_skip("hama")
    rows = features.rows(noise(20), 20)
    assert rows.max() <= 0
    np.testing.assert_allclose(np.exp(rows.astype(np.float64)).sum(axis=1), 1, atol=1e-3)


def test_whisper_gives_what_its_own_whole_does():
    features = open_or_skip("whisper")
    model = features.inside.model
    states = np.array(model.encode(model.feature_extractor(noise(50), padding=0)))[0]
    np.testing.assert_allclose(features.rows(noise(50), 50), states[1::2], atol=1e-4)


@pytest.mark.slow
def test_long_sound_is_heard_in_chunks_whose_rows_are_near_those_of_the_whole(features):
    frames = 520
    chunked = features.rows(noise(frames), frames)
    whole = features.rows(noise(frames)[: 500 * 640], 500)  # just short enough for one chunk
    inner = slice(0, 400)
    distance = np.linalg.norm(chunked[inner] - whole[inner], axis=1)
    other = np.linalg.norm(whole[:-1] - whole[1:], axis=1)
    assert np.median(distance) < 0.5 * np.median(other)


@pytest.mark.slow
@pytest.mark.real_data
def test_whisper_feels_a_burst_in_real_speech_around_its_own_time(real_clips):
    """Attention spreads it over the clip, so that only the median of many bursts is exact."""
    features = open_or_skip("whisper")
    late = []
    for video in sorted((real_clips / "grid_s1" / "video").glob("*.mp4"))[::440]:
        sound = load_audio(video)
        clean = features.rows(sound, 75)
        late += [_centre(features, sound, clean, place) - place for place in np.arange(20, 50, 2.5)]
    assert abs(np.median(late)) < 0.25, "in video frames; one row of the network is half a frame"


def _centre(features, sound, clean, place):
    """Where rows change, in frames, if a burst of 10 ms replaces the sound around a place, in frames."""
    middle = round((place + 0.5) * 640)
    disturbed = sound.copy()
    disturbed[middle - 80 : middle + 80] = 0.2 * np.random.default_rng(middle).standard_normal(160)
    changed = np.abs(features.rows(disturbed, 75) - clean).sum(axis=1)
    near = np.arange(np.ceil(place - 12), np.floor(place + 12) + 1, dtype=int)
    weight = np.clip(changed[near] - np.median(changed), 0, None)
    return (weight * near).sum() / weight.sum()


@pytest.mark.slow
@pytest.mark.real_data
def test_hama_hears_consonants_where_hand_made_labels_have_them(real_clips):
    """A burst would not do: squeeze-excitation changes all rows at once."""
    features = open_or_skip("hama")
    symbols = require("hama").ASRModel().decoder_tokens
    late = []
    for labels in sorted((real_clips / "timit").rglob("*.phn"))[::5]:
        sound = load_audio(labels.with_suffix(".wav"))
        heard = np.exp(features.rows(sound, len(sound) // 640))
        for start, end, phone in (line.split() for line in labels.read_text().splitlines()):
            middle = (int(start) + int(end)) / 2 / 640 - 0.5
            near = np.arange(max(0, round(middle) - 3), min(len(heard), round(middle) + 4))
            if phone in CONSONANTS and (weight := heard[near, symbols.index(CONSONANTS[phone])]).sum() > 0.2:
                late.append((weight * near).sum() / weight.sum() - middle)
    assert len(late) > 20
    assert abs(np.median(late)) < 0.75, "in video frames; CTC tells a phone a little after its middle"


def open_or_skip(name):
    try:
        return open_baseline(name)
    except MissingExtraError as error:
        pytest.skip(str(error))
