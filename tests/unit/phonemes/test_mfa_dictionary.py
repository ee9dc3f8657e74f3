"""Restricting MFA's pronunciation dictionary to the words of a corpus."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pase.errors import InputError
from pase.phonemes.aligners.mfa.dictionary import first_word, read_pronunciations

LINES = """\
'cause\tK AH0 Z
's\tZ
a\t0.9\t0.2\t1.1\t0.8\tAH0
a\t0.3\tEY1
dog\tD AO1 G
dogs\tD AO1 G Z
it's\tIH1 T S
l'\tL
Naïve\tN AY0 IY1 V
uh\tspn
ami\tAE1 M IY0
"""


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    path = tmp_path / "some.dict"
    path.write_text(LINES, encoding="utf-8")
    return path


def test_all_pronunciations_of_a_word_are_kept_with_their_probabilities(dictionary: Path) -> None:
    known = read_pronunciations(dictionary, ("a", "dog"))
    assert known.text(("dog", "a", "dog")).splitlines() == [
        "a\t0.9\t0.2\t1.1\t0.8\tAH0",
        "a\t0.3\tEY1",
        "dog\tD AO1 G",
    ]


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("it's", ("it's",)),
        ("dog's", ("dog", "'s")),
        ("dogs'", ("dogs",)),
        ("'cause", ("'cause",)),
        ("l'ami", ("l'", "ami")),
        ("naïve", ("naïve",)),
        ("cat's", ()),
        ("uh", ()),
        ("12:30", ()),
    ],
)
def test_words_are_looked_up_as_mfa_does(dictionary: Path, word: str, parts: tuple[str, ...]) -> None:
    assert read_pronunciations(dictionary, (word,)).parts_of(word) == parts


def test_missing_words_are_named_once(dictionary: Path) -> None:
    words = ("a", "zwoog", "dog's", "uh", "zwoog")
    assert read_pronunciations(dictionary, words).missing(words) == ("zwoog", "uh")


def test_pronunciations_outside_of_the_model_are_left_out(dictionary: Path) -> None:
    known = read_pronunciations(dictionary, ("a", "dog"), frozenset({"EY1"}))
    assert known.text(("a",)) == "a\t0.3\tEY1\n"
    assert known.missing(("a", "dog")) == ("dog",)


def test_a_dictionary_in_another_alphabet_than_the_model_is_refused(dictionary: Path) -> None:
    assert first_word(dictionary, frozenset({"EY1"})) == "a"
    with pytest.raises(InputError, match="belongs to it"):
        first_word(dictionary, frozenset({"ej", "b"}))


@pytest.mark.parametrize("content", [b"dog D AO1 G\ncat\n", b"\xff\xfe\x00"])
def test_what_is_no_dictionary_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.dict"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.dict"):
        read_pronunciations(path, ("dog",))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(["a", "dog", "dogs", "it's", "'cause", "dog's", "dogs'", "l'ami", "nobody"])))
def test_restricted_to_some_words_it_says_the_same_of_these(dictionary: Path, words: set[str]) -> None:
    whole = read_pronunciations(dictionary, words)
    part = dictionary.with_name("part.dict")
    part.write_text(whole.text(words), encoding="utf-8")
    again = read_pronunciations(part, words)
    for word in words:
        assert again.parts_of(word) == whole.parts_of(word)
        assert again.text((word,)) == whole.text((word,))


@pytest.mark.real_data
def test_grid_sentence_with_the_dictionary_that_mfa_was_given(real_clips: Path) -> None:
    words = ("bin", "white", "at", "z", "zwoog")
    known = read_pronunciations(real_clips / "mfa" / "inputs" / "grid.dict", words)
    assert known.missing(words) == ("zwoog",)
    assert known.text(words).count("white\t") == 2
