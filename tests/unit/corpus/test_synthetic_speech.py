"""Speech of the synthetic corpus: phones, times, sentences."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from pase.audio.waveform import SAMPLE_RATE
from pase.corpus.synthetic.identity import _ACCENTS, _MEN, _WOMEN, make_person
from pase.corpus.synthetic.sentences import _TEMPLATES, _WORDS, draw_sentence
from pase.corpus.synthetic.speech import Speech, Voice, speak
from pase.errors import MissingExtraError, PaseError
from pase.phonemes.inventory import PHONES, SILENCE
from pase.phonemes.words import words_of

pytest.importorskip("espeakng_loader")

VOICE = Voice("gmw/en-US", "m3", 160, 50)


def intervals(speech: Speech, *phones: str) -> list[np.ndarray]:
    """The sound of each interval of these phones."""
    return [
        speech.waveform[round(i.start * SAMPLE_RATE) : round(i.end * SAMPLE_RATE)]
        for i in speech.phones.intervals
        if i.phone in phones
    ]


def power(sound: np.ndarray) -> float:
    return float(np.mean(np.square(sound))) if len(sound) else 0.0


@pytest.fixture(scope="module")
def sentences() -> list[Speech]:
    """Eighty sentences spoken by sixteen people."""
    rng = np.random.default_rng(7)
    people = [make_person(0, index) for index in range(16)]
    return [speak(draw_sentence(rng), people[number % 16].voice) for number in range(80)]


def test_phones_cover_the_whole_sound_without_a_gap(sentences: list[Speech]) -> None:
    for speech in sentences:
        found = speech.phones.intervals
        assert found[0].start == 0
        assert found[0].phone == found[-1].phone == SILENCE
        assert found[-1].end == pytest.approx(len(speech.waveform) / SAMPLE_RATE)
        assert all(a.end == b.start for a, b in pairwise(found))
        assert not any(a.phone == b.phone == SILENCE for a, b in pairwise(found))
        assert len(speech.waveform) == speech.frames * 640


def test_every_phone_is_spoken_in_varied_contexts(sentences: list[Speech]) -> None:
    contexts = defaultdict(set)
    for speech in sentences:
        spoken = [interval.phone for interval in speech.phones.intervals]
        for left, phone, right in zip(spoken, spoken[1:], spoken[2:], strict=False):
            contexts[phone].add((left, right))
    counts = {phone: len(contexts[phone]) for phone in PHONES}
    assert min(counts.values()) >= 5, counts


@pytest.mark.parametrize("accent", _ACCENTS)
def test_every_word_of_the_grammar_is_known_in_every_accent(accent: str) -> None:
    # Whatever symbol espeak-ng uses for these words must have its phone, or speaking raises.
    words = sorted({word for choices in _WORDS.values() for word in choices})
    fixed = " ".join(template.replace("{", "").replace("}", "") for template in _TEMPLATES)
    for line in [*(" ".join(words[start : start + 40]) for start in range(0, len(words), 40)), fixed]:
        speak(line, Voice(accent, "m3", 180, 50))


@pytest.mark.parametrize("variant", _MEN + _WOMEN)
def test_every_voice_has_silent_pauses_and_closures(variant: str) -> None:
    speech = speak("Stop a happy apple, a big upper paper.", Voice("gmw/en-US", variant, 160, 50))
    voiced = power(np.concatenate(intervals(speech, "AE", "AA", "EY", "IH")))
    pauses = np.concatenate([sound[160:-160] for sound in intervals(speech, SILENCE)])
    assert power(pauses) < 1e-4 * voiced
    for closure in intervals(speech, "P"):
        assert power(closure[80:320]) < 1e-2 * voiced  # 5 to 20 ms into the phone the lips are closed


@pytest.mark.parametrize("accent", _ACCENTS)
def test_glides_between_vowels_are_no_silence(accent: str) -> None:
    speech = speak("A happy apple by every early onion.", Voice(accent, "m3", 160, 50))
    assert [i.phone for i in speech.phones.intervals].count(SILENCE) == 2


def test_vowels_sound_within_their_intervals() -> None:
    speech = speak("Papa, a pot, a cup.", VOICE)
    quiet = power(speech.waveform) * 0.1
    assert all(power(sound) > quiet for sound in intervals(speech, "AA", "AH", "UH"))


def test_words_have_times_and_stand_in_order(sentences: list[Speech]) -> None:
    rng = np.random.default_rng(7)
    for speech in sentences[:20]:
        text = draw_sentence(rng)
        assert words_of(" ".join(word.word for word in speech.words)) == words_of(text)
        assert all(a.end <= b.start + 1e-9 for a, b in pairwise(speech.words))
    spoken = speak("The cat sat.", VOICE)
    first = spoken.words[0]
    inside = [i.phone for i in spoken.phones.intervals if first.start - 1e-6 <= i.start < first.end - 1e-6]
    assert inside == ["DH", "AH"]


def test_silence_around_the_sentence_is_as_asked() -> None:
    speech = speak("Mama may come.", VOICE, before=0.4, after=0.25)
    found = speech.phones.intervals
    assert found[0].end == pytest.approx(0.4, abs=0.01)
    assert 0.25 <= found[-1].end - found[-1].start < 0.25 + 0.1


def test_same_words_give_same_samples_whatever_was_said_before() -> None:
    first = speak("We heard another voice.", VOICE)
    speak("Something else entirely.", Voice("gmw/en", "f1", 140, 60))
    again = speak("We heard another voice.", VOICE)
    np.testing.assert_array_equal(first.waveform, again.waveform)
    assert first.phones == again.phones


def test_voices_differ() -> None:
    others = [speak("We heard another voice.", make_person(0, index).voice).waveform for index in range(6)]
    assert len({sound.tobytes() for sound in others}) == 6


def test_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    with pytest.raises(MissingExtraError, match="synthetic"):
        speak("Hello.", VOICE)


def test_unknown_voice() -> None:
    with pytest.raises(PaseError, match="no voice"):
        speak("Hello.", Voice("gmw/en-XX", "m3", 160, 50))
