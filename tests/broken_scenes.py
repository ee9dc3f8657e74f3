"""Odd clocks, pictures, faces and words, with what has to become of them."""

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.broken_kinds import (
    LONG,
    RNG,
    Kept,
    Make,
    Refused,
    beside,
    clip,
    joined,
    kept,
    lost,
    moving,
    phones,
    points,
    tall,
    then,
)
from tests.odd_clips import Film, Sound, faces, film, mux, odd, steady, turn, two_faces
from tests.raw_clips import EYES, landmarks, noise, write_landmarks

from pase.corpus.synthetic.speech import Voice, speak

SENTENCE = "many papers were kept by the open window"


def spoken(text: str) -> Make:
    """A sentence is heard, and another one is written."""

    def make(folder: Path) -> None:
        pytest.importorskip("espeakng_loader")
        sound = speak(SENTENCE, Voice("gmw/en-US", "m3", 160, 50))
        odd(folder / "odd.mp4", film(sound.frames), Sound(sound.waveform), frames=sound.frames)
        (folder / "odd.txt").write_text(text)

    return make


TIMES: dict[str, tuple[Make, Kept | Refused]] = {
    **{
        f"{name}_pictures_a_second": (clip(Film(faces(count, rate), steady(count, rate))), kept(25))
        for name, count, rate in [("12", 12, 12), ("29.97", 30, Fraction(30_000, 1001)), ("50", 50, 50), ("60", 60, 60)]
    },
    "variable_rate": (clip(Film(faces(30), [Fraction(n * n, 900) for n in range(30)]), frames=23), kept(23)),
    "longer_sound": (clip(film(), Sound(noise(75))), kept(25)),
    "longer_picture": (
        clip(film(50), frames=50),
        kept(25, remark=r"the sound ends at 1\.02 s, the picture at 2\.00 s"),
    ),
    "sound_of_a_moment": (
        clip(film(50), Sound(noise(1)), frames=50),
        Refused("tracks", "sound_short", r"sound ends at 0\.\d+ s, the picture at 2\.00 s"),
    ),
    "picture_later_than_sound": (clip(film(start=1), Sound(noise(50))), kept(25)),
    "sound_later_than_picture": (clip(film(50), Sound(noise(25), start=Fraction(1)), frames=50), kept(50)),
    "sound_before_the_picture_only": (
        clip(film(start=5), Sound(noise(25)), name="odd.mkv"),
        Refused("normalise", "no_sound", "ends before the first picture"),
    ),
    "sound_after_the_picture_only": (
        clip(film(), Sound(noise(25), start=Fraction(5)), name="odd.mkv"),
        Refused("quality", "silent", "loudness is 0"),
    ),
    "sound_hours_later": (
        clip(film(), Sound(noise(25), start=Fraction(9000)), name="odd.mkv"),
        Refused("probe", "too_long", "longer than 2 hours"),
    ),
    "clock_at_28_hours": (
        clip(film(start=100_000), Sound(noise(25), start=Fraction(100_000)), name="odd.mkv"),
        kept(25),
    ),
    "clock_at_28_hours_mp4": (clip(film(start=100_000), Sound(noise(25), start=Fraction(100_000))), kept(25)),
    "edit_list_hides_the_beginning": (clip(film(start=Fraction(-2, 5)), frames=15), kept(15)),
    "gap_of_3_s": (
        clip(Film(faces(24), steady(12) + steady(12, start=Fraction(87, 25))), Sound(noise(100)), frames=99),
        Refused("landmarks", "picture_gap", r"no picture from 0\.44 s to 3\.48 s"),
    ),
    "one_picture": (clip(film(1), frames=1), Refused("tracks", "too_short", r"1 frames at 25 a second; at least 3")),
    "three_pictures": (clip(film(3), frames=3), kept(3)),
    "no_pictures": (
        then(clip(name="odd.mkv"), lambda path: mux(path, Sound(noise(25)), Film(faces(25), []))),
        Refused("probe", "no_picture", "holds no picture"),
    ),
}

PICTURES: dict[str, tuple[Make, Kept | Refused]] = {
    "turned_by_90": (
        then(
            clip(Film([np.rot90(picture) for picture in tall(25)], steady(25))),
            lambda path: turn(path, (0, 1, -1, 0)),
        ),
        kept(25),
    ),
    "upside_down": (
        then(
            clip(Film([np.rot90(picture, 2) for picture in tall(25)], steady(25))),
            lambda path: turn(path, (-1, 0, 0, -1)),
        ),
        kept(25),
    ),
    "32_by_32": (
        then(
            clip(Film([picture[::5, ::5] for picture in faces(25)], steady(25))),
            lambda path: write_landmarks(path, landmarks(25) / 5),
        ),
        Refused("tracks", "face_small", r"eyes are 12\.\d pixels apart"),
    ),
    "odd_width": (clip(Film([p[:159, :157] for p in faces(25)], steady(25), pix_fmt="yuv444p")), kept(25)),
    "size_changes": (
        joined("odd.ts", Film([p[:130, :130] for p in faces(25)], steady(25, start=1)), Sound(noise(25), Fraction(1))),
        kept(24, 24),
    ),
    "black": (
        clip(Film([picture * 0 for picture in faces(25)], steady(25))),
        Refused("quality", "dark", "brightness is 0"),
    ),
    "still": (
        clip(Film(faces(1) * 25, steady(25), "ffv1"), name="odd.mkv"),
        Refused("quality", "still_picture", "motion is 0"),
    ),
    "landmarks_absent": (
        then(clip(), lambda path: path.with_name("odd.landmarks.npz").unlink()),
        Refused("landmarks", "no_landmarks", "does not exist"),
    ),
    "landmarks_for_other_frames": (
        points(landmarks(30)),
        Refused("landmarks", "bad_landmarks", "of 30 frames for a video of 25"),
    ),
    "landmarks_of_wrong_shape": (
        points(np.zeros((25, 40, 2), np.float32)),
        Refused("landmarks", "bad_landmarks", r"float32 \(25, 40, 2\), expected"),
    ),
    "landmarks_nan": (points(lost((0, 25), frames=25)), Refused("landmarks", "no_face", "no face in any of the 25")),
    "landmarks_zero": (points(landmarks(25) * 0), Refused("landmarks", "no_face", "no face in any of the 25")),
    "landmarks_infinite": (points(landmarks(25) + np.float32("inf")), Refused("landmarks", "no_face", "no face")),
    "landmarks_of_no_faces": (
        points(np.zeros((25, 0, 46, 2), np.float32)),
        Refused("landmarks", "no_face", "no face"),
    ),
    "landmarks_of_a_point": (points(landmarks(25) * 0 + 80), Refused("landmarks", "no_face", "no face")),
    "landmarks_random_bytes": (
        then(clip(), lambda path: path.with_name("odd.landmarks.npz").write_bytes(RNG.bytes(500))),
        Refused("landmarks", "bad_landmarks", "is no .npz"),
    ),
    "landmarks_pipe": (
        then(
            clip(),
            lambda path: (path.with_name("odd.landmarks.npz").unlink(), os.mkfifo(path.with_name("odd.landmarks.npz"))),
        ),
        Refused("landmarks", "bad_landmarks", "not a file"),
    ),
    "face_lost_in_the_middle": (
        then(clip(*LONG), lambda path: write_landmarks(path, lost((20, 30)))),
        kept(20, 20, remark=r"no face from 0\.80 s to 1\.20 s"),
    ),
    "face_lost_for_a_moment": (then(clip(*LONG), lambda path: write_landmarks(path, lost((20, 24)))), kept(50)),
    "face_seen_for_a_moment": (
        then(clip(*LONG), lambda path: write_landmarks(path, lost((0, 20), (22, 50)))),
        Refused("tracks", "face_lost", r"a face from 0\.80 s to 0\.88 s was left out: too short"),
    ),
    "face_leaves": (
        then(clip(*LONG), lambda path: write_landmarks(path, moving(3))),
        kept(27, remark=r"no face from 1\.08 s to 2\.00 s", mouth=False),
    ),
    "face_jumps": (
        then(
            clip(Film([*faces(20), *(np.roll(picture, 48, axis=1) for picture in faces(30))], steady(50)), LONG[1]),
            lambda path: write_landmarks(path, np.concatenate([landmarks(20), landmarks(30, EYES + 48)])),
        ),
        kept(20, 30),
    ),
    "face_small": (
        points(landmarks(25) / 5),
        Refused("tracks", "face_small", r"eyes are 12\.\d pixels apart"),
    ),
    "two_faces_one_talks": (
        lambda folder: two_faces(folder / "odd.mp4"),
        kept(75, but=Refused("offset", "not_speaking", "another face goes with the sound")),
    ),
}

WORDS: dict[str, tuple[Make, Kept | Refused]] = {
    "phones_past_the_end": (phones(str, seconds=3.0), Refused("phones", "bad_textgrid", r"speech until 3\.000 s, but")),
    "phones_overlap": (
        phones(lambda text: text.replace("xmin = 0.4", "xmin = 0.2")),
        Refused("phones", "bad_textgrid", "Mend the overlap"),
    ),
    "phones_unknown": (
        phones(lambda text: text.replace('"IY"', '"QQ"')),
        Refused("phones", "bad_textgrid", r"'QQ' at 0\.400 s"),
    ),
    "phones_binary": (beside(".TextGrid", RNG.bytes(300)), Refused("phones", "bad_textgrid", r"UTF-8|damaged")),
    "phones_empty": (beside(".TextGrid", b""), Refused("phones", "bad_textgrid", "no TextGrid")),
}

TRANSCRIPTS: dict[str, tuple[Make, Kept | Refused]] = {
    "words_of_another_language": (
        beside(".txt", "die hand war warm und der man war arm"),
        Refused("phones", "transcript_does_not_fit", "die hand war warm"),
    ),
    "words_in_another_script": (
        beside(".txt", "你好世界"),
        Refused("phones", "out_of_vocabulary", "你好世界"),
    ),
    "words_of_the_speech": (spoken(SENTENCE), kept(75)),
    "words_of_another_language_over_speech": (
        spoken("der alte mann sitzt dort auf einer bank"),
        Refused("phones", "transcript_does_not_fit", "der alte mann"),
    ),
    "words_binary": (
        beside(".txt", b"\xff\x00\x81" + RNG.bytes(300)),
        Refused("phones", "bad_transcript", r"odd\.txt .*UTF-8"),
    ),
    "words_empty": (beside(".txt", ""), kept(25)),
}
