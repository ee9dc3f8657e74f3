import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audio_kinds import AUDIO_KINDS, make_encoder

import pase
from pase import PASE
from pase.errors import InputError
from pase.inference.rows import Rows, RowSampler
from pase.inference.stream import StreamingEncoder
from pase.inference.track import FeatureTrack

SAMPLES = 20_011
ROW_RATES = (None, 25, 29.97, 30, 50, 125, 400)


@pytest.fixture(scope="module")
def encoders() -> dict[str, PASE]:
    return {kind: make_encoder(kind) for kind in AUDIO_KINDS}


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(SAMPLES) * 0.1).astype(np.float32)


def all_rows(stream: StreamingEncoder, parts: list[np.ndarray]) -> Rows:
    rows = [*(stream.push(part) for part in parts), stream.finish()]
    return Rows(np.concatenate([r.times for r in rows]), np.concatenate([r.features for r in rows]))


def expected_rows(track: FeatureTrack, fps: float | None) -> Rows:
    if fps is None:
        return Rows(np.arange(len(track.states)) / track.rate, track.states)
    features = track.at_rate(fps)
    return Rows((np.arange(len(features)) + 0.5) / fps, features)


def assert_same(found: Rows, expected: Rows) -> None:
    np.testing.assert_array_equal(found.times, expected.times)
    np.testing.assert_allclose(found.features, expected.features, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(sorted(AUDIO_KINDS)),
    cuts=st.lists(st.integers(0, SAMPLES), max_size=12),
    fps=st.sampled_from(ROW_RATES),
    sample_rate=st.sampled_from([16_000, 44_100, 8_000]),
    width=st.sampled_from([None, 3]),
)
def test_any_chunking_gives_the_whole(
    encoders: dict[str, PASE],
    sound: np.ndarray,
    kind: str,
    cuts: list[int],
    fps: float | None,
    sample_rate: int,
    width: int | None,
) -> None:
    encoder = encoders[kind]
    found = all_rows(encoder.stream(sample_rate, fps, width), np.split(sound, sorted(cuts)))
    assert_same(found, expected_rows(encoder.encode(sound, sample_rate, width), fps))


def test_sample_by_sample_gives_the_whole(encoders: dict[str, PASE], sound: np.ndarray) -> None:
    short = sound[:1_500]
    found = all_rows(encoders["gru"].stream(fps=30), list(short[:, None]))
    assert_same(found, expected_rows(encoders["gru"].encode(short, 16_000), 30))


@pytest.mark.parametrize("kind", AUDIO_KINDS)
def test_the_whole_is_what_training_sees(kind: str, encoders: dict[str, PASE], sound: np.ndarray) -> None:
    import torch

    encoder = encoders[kind]
    with torch.no_grad():
        states = encoder._scale(encoder._encoder(torch.from_numpy(sound)[None]).states)[0]
    np.testing.assert_allclose(encoder.encode(sound, 16_000).states, states, atol=1e-5)


@pytest.mark.parametrize("kind", AUDIO_KINDS)
@pytest.mark.parametrize("fps", [None, 25])
def test_rows_come_as_soon_as_the_look_ahead_allows(kind: str, fps: float | None, encoders: dict[str, PASE]) -> None:
    stream = encoders[kind].stream(fps=fps)
    times = stream.push(np.zeros(16_000, np.float32)).times
    spacing = 1 / (fps or encoders[kind].rate)
    assert 1.0 - stream.look_ahead < times[-1] + spacing
    assert times[-1] < stream.heard == 1.0


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(sorted(AUDIO_KINDS)),
    cut=st.integers(0, SAMPLES),
    fps=st.sampled_from(ROW_RATES),
    sample_rate=st.sampled_from([16_000, 44_100, 11_025, 22_051]),
)
def test_a_stored_state_goes_on_elsewhere(
    encoders: dict[str, PASE], sound: np.ndarray, kind: str, cut: int, fps: float | None, sample_rate: int
) -> None:
    first, second = (encoders[kind].stream(sample_rate, fps) for _ in range(2))
    whole = all_rows(encoders[kind].stream(sample_rate, fps), [sound])
    before = first.push(sound[:cut])
    with io.BytesIO() as file:
        np.savez(file, **first.state())
        file.seek(0)
        second.push(sound)  # is forgotten
        with np.load(file, allow_pickle=False) as stored:
            second.load_state(stored)
    after = all_rows(second, [sound[cut:]])
    joined = Rows(np.concatenate([before.times, after.times]), np.concatenate([before.features, after.features]))
    assert_same(joined, whole)


def test_a_state_is_a_copy(encoders: dict[str, PASE], sound: np.ndarray) -> None:
    stream = encoders["gru"].stream(44_100, 25)
    stream.push(sound[:9_000])
    state = stream.state()
    kept = {name: value.copy() for name, value in state.items()}
    ends = []
    for _ in range(2):
        stream.load_state(state)
        ends.append(all_rows(stream, [sound[9_000:]]))
    assert_same(ends[0], ends[1])
    for name, value in state.items():
        np.testing.assert_array_equal(value, kept[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("unheard"), "unheard missing or wrong"),
        (lambda state: state.update(numbers=np.zeros(3, int)), "numbers missing or wrong"),
        (lambda state: state.update({"network.0": np.full_like(state["network.0"], np.nan)}), r"network\.0 missing"),
        (lambda state: state.update({"rows.pending": np.zeros((2, 5), np.float32)}), r"rows\.pending missing"),
        (lambda state: state.update({"sound.first": np.array(441)}), "this system's resampler is at sample"),
    ],
)
def test_a_damaged_state_is_refused(encoders: dict[str, PASE], change: object, message: str) -> None:
    state = encoders["gru"].stream(44_100, 25).state()
    change(state)
    with pytest.raises(InputError, match=message):
        encoders["gru"].stream(44_100, 25).load_state(state)


@pytest.mark.parametrize(
    "other", [("gru", 44_100, None), ("gru", 44_100, 30), ("gru", 48_000, 25), ("gru without delay", 44_100, 25)]
)
def test_a_state_of_another_stream_is_refused(encoders: dict[str, PASE], other: tuple[str, int, float | None]) -> None:
    state = encoders["gru"].stream(44_100, 25).state()
    kind, sample_rate, fps = other
    with pytest.raises(InputError, match="state"):
        encoders[kind].stream(sample_rate, fps).load_state(state)


def test_a_finished_stream_is_closed_until_it_is_reset(encoders: dict[str, PASE], sound: np.ndarray) -> None:
    stream = encoders["gru"].stream(fps=25)
    whole = all_rows(stream, [sound])
    for use in (lambda: stream.push(sound), stream.finish, stream.state):
        with pytest.raises(InputError, match=r"finished: reset\(\)"):
            use()
    stream.reset()
    assert_same(all_rows(stream, [sound]), whole)


def test_reset_in_the_middle_forgets(encoders: dict[str, PASE], sound: np.ndarray) -> None:
    stream = encoders["strided mel cnn"].stream(44_100, 29.97)
    whole = all_rows(encoders["strided mel cnn"].stream(44_100, 29.97), [sound])
    stream.push(sound[:7_777])
    stream.reset()
    assert_same(all_rows(stream, [sound]), whole)


def test_bad_sound_is_refused_and_not_heard(encoders: dict[str, PASE], sound: np.ndarray) -> None:
    stream = encoders["gru"].stream(fps=25)
    first = stream.push(sound[:8_000])
    bad = sound[8_000:].copy()
    bad[5] = np.nan
    with pytest.raises(InputError, match="the pushed sound: sample 5 is NaN or infinite"):
        stream.push(bad)
    with pytest.raises(InputError, match="transpose"):
        stream.push(np.zeros((9, 2)))
    rest = all_rows(stream, [sound[8_000:]])
    assert_same(
        Rows(np.concatenate([first.times, rest.times]), np.concatenate([first.features, rest.features])),
        expected_rows(encoders["gru"].encode(sound, 16_000), 25),
    )


@pytest.mark.parametrize("fps", ROW_RATES)
def test_nothing_heard_gives_no_rows_and_one_sample_few(fps: float | None, encoders: dict[str, PASE]) -> None:
    silent = encoders["gru"].stream(fps=fps)
    assert len(silent.push(np.zeros(0))) == len(silent.finish()) == 0
    one = encoders["gru"].stream(fps=fps)
    assert len(one.push(np.zeros(1))) == 0
    assert len(one.finish()) == (1 if fps is None else 0)


@pytest.mark.parametrize("fps", [0, -25, float("nan"), float("inf"), 1001])
def test_impossible_row_rates_are_refused(fps: float, encoders: dict[str, PASE]) -> None:
    with pytest.raises(InputError, match="rows per second"):
        encoders["gru"].stream(fps=fps)
    with pytest.raises(InputError, match="rows per second"):
        encoders["gru"].encode(np.zeros(16_000), 16_000).at_rate(fps)


def test_streams_of_one_encoder_are_independent(encoders: dict[str, PASE], sound: np.ndarray) -> None:
    encoder = encoders["gru"]
    one, two = encoder.stream(), encoder.stream()
    found: tuple[list[Rows], list[Rows]] = ([], [])
    for part in np.split(sound, 3 * [0] + [4_000, 9_000]):
        found[0].append(one.push(part))
        found[1].append(two.push(-part))
    for rows, stream, sign in ((found[0], one, 1), (found[1], two, -1)):
        rows.append(stream.finish())
        features = np.concatenate([some.features for some in rows])
        np.testing.assert_allclose(features, encoder.encode(sign * sound, 16_000).states, atol=1e-5)


@given(
    states=st.integers(1, 60),
    state_rate=st.sampled_from([125.0, 62.5, 125 / 3]),
    fps=st.floats(1, 400),
    cuts=st.lists(st.integers(0, 60), max_size=5),
)
def test_rows_are_those_of_the_track(states: int, state_rate: float, fps: float, cuts: list[int]) -> None:
    track = FeatureTrack(
        np.random.default_rng(states).standard_normal((states, 2)).astype(np.float32), state_rate, states / state_rate
    )
    sampler = RowSampler(2, state_rate, fps)
    edges = [0, *sorted(min(cut, states) for cut in cuts), states]
    rows = [sampler.push(track.states[first:stop]) for first, stop in itertools.pairwise(edges)]
    rows.append(sampler.finish(track.duration))
    np.testing.assert_array_equal(np.concatenate([some.features for some in rows]), track.at_rate(fps))


def test_it_is_public() -> None:
    assert pase.StreamingEncoder is StreamingEncoder
