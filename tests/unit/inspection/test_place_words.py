import pytest

from pase.inspection.words import dictionary_pronunciations, place_words
from pase.phonemes.intervals import PhoneInterval, PhoneTrack

KNOWN = {"a": [("AH",), ("EY",)], "bee": [("B", "IY")], "beer": [("B", "IY", "R")], "read": [("R", "IY", "D")]}


def track(phones: str) -> PhoneTrack:
    return PhoneTrack(tuple(PhoneInterval(name, 0.1 * n, 0.1 * n + 0.1) for n, name in enumerate(phones.split())))


@pytest.mark.parametrize(
    ("words", "phones", "bounds"),
    [
        ("bee a", "SIL B IY SIL EY SIL", [(0.1, 0.3), (0.4, 0.5)]),
        ("beer read", "B IY R R IY D", [(0, 0.3), (0.3, 0.6)]),
        ("bee read", "B IY R IY D", [(0, 0.2), (0.2, 0.5)]),  # "beer" would leave "ead"
        ("a zyx bee", "EY Z Z SIL B IY", [(0, 0.1), (0.1, 0.3), (0.4, 0.6)]),  # unknown: what is left
        ("read bee", "R EH D B IY", [(0, 0.3), (0.3, 0.5)]),  # spoken otherwise than the dictionary says
    ],
)
def test_words_in_time(words: str, phones: str, bounds: list[tuple[float, float]]) -> None:
    found = place_words(words.split(), track(phones), lambda word: KNOWN.get(word, []))
    assert [word.word for word in found] == words.split()
    assert [word.start for word in found] == pytest.approx([start for start, _ in bounds])
    assert [word.end for word in found] == pytest.approx([end for _, end in bounds])


@pytest.mark.parametrize(
    ("words", "phones"), [("bee", "B IY R"), ("bee bee", "B IY"), ("bee", "SIL"), ("", "B IY"), ("xyz", "SIL")]
)
def test_words_that_do_not_fit_are_not_placed(words: str, phones: str) -> None:
    assert place_words(words.split(), track(phones), lambda word: KNOWN.get(word, [])) == ()


def test_a_long_clip_takes_no_time() -> None:
    words = ["bee", "zyx", "read"] * 400
    found = place_words(words, track("B IY Z R IY D " * 400), lambda word: KNOWN.get(word, []))
    assert len(found) == len(words)


def test_the_dictionary_has_several_pronunciations() -> None:
    assert {("R", "EH", "D"), ("R", "IY", "D")} <= set(dictionary_pronunciations("Read"))
    assert dictionary_pronunciations("qqqxq") == []
    assert dictionary_pronunciations("<sil>") == []
