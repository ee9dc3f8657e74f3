"""Odd files, damaged files, and odd tracks, with what has to become of them."""

import os
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.broken_kinds import LONG, RNG, Kept, Make, Refused, clip, joined, kept, raw, saved, then
from tests.odd_clips import Film, Sound, cut_short, damage_packet, faces, film, mux, replace_bytes, steady
from tests.raw_clips import noise

from pase.audio.waveform import save_wav

FRONT = {"movflags": "faststart"}
WHOLE = r"Is the file whole"

FILES: dict[str, tuple[Make, Kept | Refused]] = {
    "empty": (raw(b""), Refused("probe", "undecodable", "is empty")),
    "random": (raw(RNG.bytes(20_000)), Refused("probe", "undecodable", WHOLE)),
    "zeros": (raw(bytes(20_000)), Refused("probe", "undecodable", WHOLE)),
    "web_page": (raw(b"<html><body>404 Not Found</body></html>"), Refused("probe", "undecodable", WHOLE)),
    "list_of_files": (
        then(
            clip(),
            lambda path: path.rename(path.with_suffix(".part")),
            lambda path: path.write_text("ffconcat version 1.0\nfile odd.part\n"),
        ),
        Refused("probe", "undecodable", r"list of other files \(concat\)"),
    ),
    "wav": (
        saved(lambda path: save_wav(path, noise(25))),
        Refused("probe", "no_picture", r"no video track \(format wav\)"),
    ),
    "jpeg": (
        saved(lambda path: Image.fromarray(faces(1)[0]).save(path, "JPEG")),
        Refused("probe", "no_sound", r"format jpeg"),
    ),
    "mp4_called_avi": (then(clip(), lambda path: path.rename(path.with_suffix(".avi"))), kept(25)),
    "in_capitals": (then(clip(), lambda path: path.rename(path.with_suffix(".MP4"))), kept(25)),
    "not_a_video": (saved(lambda path: path.with_suffix(".docx").write_bytes(b"PK")), kept()),
    "folder": (saved(Path.mkdir), kept()),
    "pipe": (saved(os.mkfifo), kept()),
    "link_to_pipe": (
        saved(lambda path: (os.mkfifo(path.with_suffix("")), path.symlink_to(path.with_suffix("")))),
        kept(),
    ),
    "link_to_nothing": (saved(lambda path: path.symlink_to("absent.mp4")), Refused("probe", "no_file", "not exist")),
    "link_to_itself": (saved(lambda path: path.symlink_to(path)), Refused("probe", "no_file", "not exist")),
    "link_to_a_folder_above": (saved(lambda path: (path.parent / "loop").symlink_to("..")), kept()),
    "name_too_long_for_another": (
        then(clip(), lambda path: path.rename(path.with_name("x" * 250 + ".mp4"))),
        Refused("landmarks", "no_landmarks", "x" * 250),
    ),
    "link_to_outside": (
        then(
            clip(),
            lambda path: path.rename(path.parents[3] / "elsewhere.mp4"),
            lambda path: path.symlink_to(path.parents[3] / "elsewhere.mp4"),
        ),
        kept(25),
    ),
    "without_permission": (
        then(clip(), lambda path: path.chmod(0) if os.geteuid() else pytest.skip("root may read anything")),
        Refused("probe", "unreadable", "Permission denied"),
    ),
    "same_name_twice": (
        then(clip(), lambda path: shutil.copy(path, path.with_suffix(".mkv"))),
        kept(25, but=Refused("discover", "duplicate_name", r"odd/odd\.mkv gives the same name")),
    ),
    "blanks_and_quotes": (clip(name='it\'s "one"; $(x) & 100%d.mp4'), kept(25)),
    "umlauts": (clip(name="Grüße_語.mp4"), kept(25)),
    "line_break": (clip(name="a\nb.mp4"), Refused("discover", "unreadable_name", "line break")),
    "long_name": (clip(name="n" * 200 + ".mp4"), kept(25)),
    "leading_dash": (clip(name="-rf.mp4"), kept(25)),
    "colon": (clip(name="http:x.mp4"), kept(25)),
}

DAMAGE: dict[str, tuple[Make, Kept | Refused]] = {
    **{
        f"cut_at_{share}": (then(clip(*LONG), lambda path, s=share: cut_short(path, s / 100)), refused)
        for share in (25, 50, 90)
        for refused in [Refused("probe", "undecodable", WHOLE)]
    },
    "cut_in_the_header": (then(clip(), lambda path: cut_short(path, 0.002)), Refused("probe", "undecodable", WHOLE)),
    "cut_in_the_index": (
        then(clip(options=FRONT), lambda path: path.write_bytes(path.read_bytes()[:500])),
        Refused("probe", "undecodable", WHOLE),
    ),
    "cut_behind_the_index": (
        then(clip(*LONG, frames=50, options=FRONT), lambda path: cut_short(path, 0.5)),
        Refused("normalise", "undecodable", r"sound of .* is damaged after 0\.\d\d s"),
    ),
    "cut_mkv": (
        then(clip(*LONG, name="odd.mkv"), lambda path: cut_short(path, 0.5)),
        Refused("landmarks", "truncated", r"announces 2\.00 s of video and ends after 0\.\d\d s"),
    ),
    "cut_live_stream": (then(clip(*LONG, name="odd.ts"), lambda path: cut_short(path, 0.5)), kept(25)),
    "damaged_sound": (
        then(clip(), lambda path: damage_packet(path, "audio", 8)),
        Refused("normalise", "undecodable", r"sound of .* is damaged after 0\.\d\d s"),
    ),
    "damaged_picture": (
        then(clip(film(codec="mpeg4")), lambda path: damage_packet(path, "video", 6)),
        Refused("landmarks", "undecodable", r"picture of .* is damaged at 0\.24 s"),
    ),
    "damaged_last_picture": (
        then(clip(film(codec="mpeg4")), lambda path: damage_packet(path, "video", 24)),
        Refused("landmarks", "undecodable", r"picture of .* is damaged after 0\.9\d s"),
    ),
    "unknown_picture_codec": (
        then(clip(), lambda path: replace_bytes(path, b"avc1", b"zzzz")),
        Refused("probe", "unknown_codec", "no decoder for the video track"),
    ),
    "unknown_sound_codec": (
        then(clip(name="odd.mkv"), lambda path: replace_bytes(path, b"A_AAC", b"A_ZZZ")),
        Refused("probe", "unknown_codec", "no decoder for the audio track"),
    ),
    "title_in_latin_1": (
        then(
            clip(title="Gr##e", name="odd.mkv"), lambda path: replace_bytes(path, b"Gr##e", "Grüße".encode("latin-1"))
        ),
        kept(25),
    ),
}

TRACKS: dict[str, tuple[Make, Kept | Refused]] = {
    "no_sound_track": (
        then(clip(), lambda path: mux(path, film())),
        Refused("probe", "no_sound", "has no sound track"),
    ),
    "no_video_track": (
        then(clip(), lambda path: mux(path, Sound(noise(25)))),
        Refused("probe", "no_picture", "has no video track"),
    ),
    "cover_picture_only": (
        clip(Film(faces(1), steady(1), "mjpeg", "yuvj420p", cover=True)),
        Refused("probe", "no_picture", "only a cover picture"),
    ),
    "cover_picture_first": (
        clip(Film([255 - faces(1)[0]], steady(1), "mjpeg", "yuvj420p", cover=True), film()),
        kept(25),
    ),
    "two_video_tracks": (
        clip(film(), Film([255 - picture for picture in faces(25)], steady(25)), name="odd.mkv"),
        kept(25),
    ),
    "two_sound_tracks": (clip(film(), Sound(noise(25)), Sound(noise(25) * 0)), kept(25)),
    "first_sound_track_silent": (
        clip(film(), Sound(noise(25) * 0), Sound(noise(25))),
        Refused("normalise", "no_sound", "silent"),
    ),
    "empty_sound_track": (
        clip(film(), Sound(noise(0)), name="odd.mkv"),
        Refused("normalise", "no_sound", "it is empty"),
    ),
    "digital_silence": (clip(film(), Sound(noise(25) * 0)), Refused("normalise", "no_sound", "silent")),
    "nearly_silent": (clip(film(), Sound(noise(25) * 1e-3)), Refused("normalise", "no_sound", "silent")),
    "clipped_sound": (clip(film(), Sound(np.sign(noise(25)))), kept(25)),
    "sound_that_is_no_number": (
        clip(
            film(),
            Sound(np.where(np.arange(16_000) == 5, np.float32("nan"), noise(25)), codec="pcm_f32le"),
            name="odd.mkv",
        ),
        Refused("normalise", "bad_sound", r"1 samples are NaN"),
    ),
    "sound_at_2_khz": (
        clip(film(), Sound(noise(25), codec="pcm_s16le", rate=2000), name="odd.mkv"),
        Refused("normalise", "bad_sound", r"sample rate 2000 Hz"),
    ),
    "sound_at_8_khz": (clip(film(), Sound(noise(25), rate=8000)), kept(25)),
    "sound_at_96_khz": (clip(film(), Sound(noise(25), rate=96_000)), kept(25)),
    "sound_5.1": (clip(film(), Sound(noise(25), rate=48_000, layout="5.1")), kept(25)),
    "sound_turns_stereo": (joined("odd.ts", film(start=1), Sound(noise(25), Fraction(1), layout="stereo")), kept(48)),
    "sound_changes_its_rate": (
        joined("odd.ts", film(start=1), Sound(noise(25), Fraction(1), rate=48_000)),
        Refused("normalise", "bad_sound", r"changes from 16000 to 48000 Hz after 0\.9\d s"),
    ),
    "hevc": (clip(film(codec="libx265")), kept(25)),
    "vp9_opus": (
        clip(film(codec="libvpx-vp9"), Sound(noise(25), codec="libopus", rate=48_000), name="odd.webm"),
        kept(25),
    ),
    "mpeg4_mp3": (clip(film(codec="mpeg4"), Sound(noise(25), codec="mp3"), name="odd.mkv"), kept(25)),
    "mjpeg_pcm": (
        clip(film(codec="mjpeg", pix_fmt="yuvj420p"), Sound(noise(25), codec="pcm_s16le"), name="odd.mov"),
        kept(25),
    ),
    "10_bit": (clip(film(pix_fmt="yuv420p10le")), kept(25)),
    "grey": (clip(film(pix_fmt="gray")), kept(25, mouth=False)),
    "interlaced": (clip(Film(faces(25), steady(25), interlaced=True)), kept(25)),
}
