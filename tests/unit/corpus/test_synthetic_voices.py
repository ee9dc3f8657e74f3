"""Synthetic speech without faces: engines, vocal tracts, texts."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.audio.waveform import SAMPLE_RATE, save_wav
from pase.corpus.synthetic.voices import engines as engines_module
from pase.corpus.synthetic.voices.engine import Engine, Manner, Spoken
from pase.corpus.synthetic.voices.engines import ENGINES, find_engines
from pase.corpus.synthetic.voices.festival import FestivalEngine
from pase.corpus.synthetic.voices.flite import FliteEngine
from pase.corpus.synthetic.voices.recording import Recording, record
from pase.corpus.synthetic.voices.speaker import make_speaker
from pase.corpus.synthetic.voices.texts import _GRAMMAR, draw_text
from pase.errors import InputError, MissingExtraError, PaseError
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import PHONES, SILENCE, VISEMES
from pase.phonemes.labels import phone_of_label

VOWELS = frozenset(
    phone
    for name in ("open", "spread mid", "spread close", "rounded mid", "rounded close")
    for phone in VISEMES[name]
    if phone not in "WY"
)


def working(engine: Engine) -> Engine:
    lacking = engine.missing()
    if lacking is not None:
        pytest.skip(lacking)
    return engine


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    return working(request.param)


def manner_of(engine: Engine, number: int = 0) -> Manner:
    return Manner(engine.voices[number * 97 % len(engine.voices)])


def levels(recording: Recording, phones: frozenset[str], part: tuple[float, float]) -> np.ndarray:
    """Root mean square in a part of each interval of these phones."""
    found = []
    for i in recording.phones.intervals:
        if i.phone in phones:
            start, end = (i.start + share * (i.end - i.start) for share in part)
            sound = recording.waveform[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
            found.append(np.sqrt(np.mean(np.square(sound))))
    return np.array(found)


def high_share(recording: Recording, phones: frozenset[str]) -> float:
    """Median share of the power above 3 kHz in these phones."""
    shares = []
    for i in recording.phones.intervals:
        if i.phone in phones:
            power = np.abs(np.fft.rfft(recording.waveform[round(i.start * 16_000) : round(i.end * 16_000)])) ** 2
            shares.append(power[len(power) * 3 // 8 :].sum() / power.sum())
    return float(np.median(shares))


@pytest.mark.parametrize("tract", [0.85, 1.0, 1.25])
def test_labels_sit_where_the_sound_is(engine: Engine, tract: float) -> None:
    # To the end of the sentence: clocks that drift apart would show there.
    text = "A happy puppy took a sip of soup, so Sue shook a shabby cup, a pack of paper, and a sack of sage."
    recording = record(engine.speak(text, manner_of(engine)), tract, 0.3, 0.3)
    vowels = np.median(levels(recording, VOWELS, (0.2, 0.8)))
    closures = levels(recording, frozenset("P"), (0.15, 0.4))
    assert np.median(closures) < 0.15 * vowels
    assert np.median(closures[-2:]) < 0.2 * vowels
    assert np.median(levels(recording, frozenset({SILENCE}), (0.3, 0.7))) < 0.02 * vowels
    assert high_share(recording, frozenset({"S", "SH"})) > 3 * high_share(recording, VOWELS)


def test_a_recording_is_covered_by_rising_phones(engine: Engine) -> None:
    rng = np.random.default_rng(3)
    for number in range(4):
        spoken = engine.speak(draw_text(rng), manner_of(engine, number))
        recording = record(spoken, rng.uniform(0.8, 1.28), 0.25, 0.4)
        found = recording.phones.intervals
        assert found[0].start == 0
        assert found[-1].end == pytest.approx(recording.duration)
        assert all(a.end == b.start for a, b in pairwise(found))
        assert found[0].phone == found[-1].phone == SILENCE
        assert not any(a.phone == b.phone == SILENCE for a, b in pairwise(found))
        assert found[0].end == pytest.approx(0.25, abs=1e-4)
        assert 0.4 <= found[-1].end - found[-1].start < 0.44 + 1e-4
        assert len(recording.waveform) % 640 == 0


def test_the_same_words_give_the_same_samples(engine: Engine) -> None:
    manner = Manner(engine.voices[-1], tempo=1.1, pitch=0.9, liveliness=1.3)
    first = engine.speak("We heard another voice.", manner)
    engine.speak("Something else.", manner_of(engine))
    again = engine.speak("We heard another voice.", manner)
    np.testing.assert_array_equal(first.waveform, again.waveform)
    assert first.phones == again.phones


def test_tempo_and_pitch_are_heard(engine: Engine) -> None:
    def length(manner: Manner) -> float:
        return len(engine.speak("We heard another voice.", manner).waveform)

    usual = manner_of(engine)
    assert length(usual.varied(tempo=1.3)) < 0.9 * length(usual)
    changed = engine.speak("We heard another voice.", usual.varied(pitch=1.3)).waveform
    assert not np.array_equal(changed, engine.speak("We heard another voice.", usual).waveform)


def test_quotes_and_backslashes_are_only_text(engine: Engine) -> None:
    spoken = engine.speak('She said "no" (twice) \\ $(false).', manner_of(engine))
    assert {"SH", "N", "OW"} <= {i.phone for i in spoken.phones.intervals}


# Of the phone sets "us" of flite and "radio" of Festival, which both programs share.
_RADIO = (
    "aa ae ah ao aw ax axr ay b ch d dh dx eh el em en er ey f g hh hv ih iy jh k l m n nx ng ow oy p r s sh t th uh "
    "uw v w y z zh pau h#"
)


def test_every_phone_of_the_external_engines_has_its_phone() -> None:
    assert {phone_of_label(label) for label in _RADIO.split(" ")} == set(PHONES)


def test_no_two_voices_are_the_same_name() -> None:
    assert all(len(set(engine.voices)) == len(engine.voices) > 0 for engine in ENGINES)


@st.composite
def spoken_sentences(draw: st.DrawFn) -> Spoken:
    """Phones with gaps and silences anywhere in a sound that may end early."""
    lengths = draw(st.lists(st.floats(0.003, 0.3), min_size=1, max_size=12))
    names = draw(st.lists(st.sampled_from([SILENCE, "AA", "P", "S"]), min_size=len(lengths), max_size=len(lengths)))
    names[draw(st.integers(0, len(names) - 1))] = "M"
    clock, intervals = draw(st.floats(0, 0.8)), []
    for name, length in zip(names, lengths, strict=True):
        intervals.append(PhoneInterval(name, clock, clock + length))
        clock += length
    rate = draw(st.sampled_from([8_000, 16_000, 22_050, 32_000]))
    samples = max(1, round(rate * clock * draw(st.floats(0.5, 1.2))))
    return Spoken(np.full(samples, 0.1, np.float32), rate, PhoneTrack(tuple(intervals)))


@settings(max_examples=40, deadline=None)
@given(spoken_sentences(), st.floats(0.75, 1.3), st.floats(0, 0.7), st.floats(0, 0.7))
def test_recording_keeps_order_and_proportions(spoken: Spoken, tract: float, before: float, after: float) -> None:
    recording = record(spoken, tract, before, after)
    found = recording.phones.intervals
    assert found[0].start == 0
    assert found[-1].end == pytest.approx(recording.duration)
    assert all(a.end == pytest.approx(b.start, abs=1e-9) for a, b in pairwise(found))
    given_ones = [i for i in spoken.phones.intervals if i.phone != SILENCE]
    kept = [i for i in found if i.phone != SILENCE]
    assert [i.phone for i in kept] == [i.phone for i in given_ones]
    for old, new in zip(given_ones, kept, strict=True):
        assert new.end - new.start == pytest.approx((old.end - old.start) / tract, rel=1e-3)
    assert kept[0].start == pytest.approx(before, abs=1e-4)


@pytest.mark.parametrize("value", [0.0, -1.0, 9.0, float("nan")])
def test_impossible_manners(value: float) -> None:
    with pytest.raises(InputError, match="tempo"):
        Manner("slt", tempo=value)


def test_speakers_are_the_same_however_many_and_differ() -> None:
    speakers = [make_speaker(0, index, ENGINES) for index in range(60)]
    assert speakers[:20] == [make_speaker(0, index, ENGINES) for index in range(20)]
    assert len({(s.manner, s.tract) for s in speakers}) == 60
    counts = defaultdict(int)
    for speaker in speakers:
        counts[speaker.engine.name] += 1
    assert counts == {"espeak": 36, "flite": 18, "festival": 6}
    assert speakers != [make_speaker(1, index, ENGINES) for index in range(60)]


def test_texts_differ_and_hold_every_phone_in_many_contexts() -> None:
    espeak = working(ENGINES[0])
    rng = np.random.default_rng(0)
    texts = [draw_text(rng) for _ in range(2000)]
    assert len(set(texts)) > 1900
    contexts = defaultdict(set)
    for text in texts[:150]:
        spoken = [i.phone for i in espeak.speak(text, Manner("gmw/en-US+m3")).phones.intervals]
        for left, phone, right in zip(spoken, spoken[1:], spoken[2:], strict=False):
            contexts[phone].add((left, right))
    counts = {phone: len(contexts[phone]) for phone in PHONES}
    assert min(counts.values()) >= 10, counts


@pytest.mark.parametrize("accent", sorted({voice.partition("+")[0] for voice in ENGINES[0].voices}))
def test_every_word_of_the_texts_is_known_in_every_accent(accent: str) -> None:
    espeak = working(ENGINES[0])
    words = sorted({word for choices in _GRAMMAR.values() for word in choices if "{" not in word})
    for start in range(0, len(words), 20):
        espeak.speak(" ".join(words[start : start + 20]), Manner(f"{accent}+m3", tempo=2.5))


def test_missing_programs_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "apt install flite" in str(FliteEngine().missing())
    assert "apt install festival festvox-kdlpc16k" in str(FestivalEngine().missing())
    with pytest.raises(MissingExtraError, match="flite"):
        find_engines(["flite"], print)
    with pytest.raises(PaseError, match="cannot speak"):
        FliteEngine().speak("Hello.", Manner("slt"))


def test_a_missing_engine_is_left_out_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    working(ENGINES[0])
    monkeypatch.setenv("PATH", "/nonexistent")
    lines: list[str] = []
    assert [engine.name for engine in find_engines(None, lines.append)] == ["espeak"]
    assert [line.partition(" ")[0] for line in lines] == ["flite", "festival"]
    monkeypatch.setattr(engines_module, "ENGINES", ENGINES[1:])
    with pytest.raises(MissingExtraError, match="no speech engine works here"):
        find_engines(None, lines.append)


def test_a_festival_that_does_not_run_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "festival"
    program.write_text("#!/bin/sh\necho 'no init file' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert FestivalEngine().missing() == "festival ended with status 1: no init file"


def test_unknown_engine() -> None:
    with pytest.raises(InputError, match="'say' is no speech engine"):
        find_engines(["say"], print)


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ("", "something else"),
        ("AH AH", "something else"),
        ("pau:0.2 qq:0.4", "'qq' at 0.200 s"),
        ("pau:0.2 ah:0.1", "start < end"),
        ("pau:0.2 pau:0.4", "spoke nothing"),
    ],
)
def test_a_program_that_behaves_oddly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, message: str
) -> None:
    save_wav(tmp_path / "some.wav", np.zeros(8000, np.float32))
    program = tmp_path / "flite"
    program.write_text(f"#!/bin/sh\nfor last; do :; done\ncp '{tmp_path}/some.wav' \"$last\"\necho '{printed}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(PaseError, match=message):
        FliteEngine().speak("Hello.", Manner("slt"))


def test_a_program_that_writes_no_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "flite"
    program.write_text("#!/bin/sh\necho 'pau:0.2 ah:0.4'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PaseError, match="no WAV file"):
        FliteEngine().speak("Hello.", Manner("slt"))


def test_a_program_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "flite"
    program.write_text("#!/bin/sh\necho 'no such voice' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PaseError, match="status 3: no such voice"):
        FliteEngine().speak("Hello.", Manner("slt"))
