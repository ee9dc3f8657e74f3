"""A clip to play: its lip crops enlarged, its sound, and its phones running by above."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pase.audio.waveform import SAMPLE_RATE
from pase.corpus.clip import FRAME_RATE, Clip
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.report.page import Player
from pase.report.style import INK, MUTED, RED, colour_of_phone
from pase.video.writing import write_video

_SIDE = 288  # pixels of the picture, three times the crop's
_BAND = 48  # pixels of the band of phones above it, where no player puts its controls
_SPEED = 360  # pixels of the band per second


def make_player(clip: Clip, longest: float, note: str) -> Player:
    """The first seconds of a clip as a video; without lips its picture is grey.

    Args:
        clip: The clip.
        longest: Seconds after which it is cut.
        note: What stands below it.
    """
    record = clip.record
    seconds = min(record.duration, longest)
    sound = clip.waveform[: round(seconds * SAMPLE_RATE)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, _pictures(clip, round(seconds * FRAME_RATE)), sound, FRAME_RATE, crf=23)
        mp4 = path.read_bytes()
    captions = webvtt(record.text, seconds) if record.text and seconds == record.duration else ""
    return Player(record.clip_id, note, mp4, captions)


def webvtt(text: str, seconds: float) -> str:
    """A transcript as WebVTT captions that stand for the whole clip."""
    safe = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    end = f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    return f"WEBVTT\n\n00:00:00.000 --> {end}\n{safe}\n"


def phone_band(phones: PhoneTrack, seconds: float) -> Image.Image:
    """The phones of a clip on one long band, which shows half a picture's width of nothing before and after them.

    Returns:
        A picture in which time ``t`` lies at ``_SIDE / 2 + t * _SPEED`` pixels from the left.
    """
    band = Image.new("RGB", (_SIDE + int(seconds * _SPEED) + 1, _BAND), "white")
    draw = ImageDraw.Draw(band)
    for interval in phones.intervals:
        if interval.phone == SILENCE:
            continue
        left, right = (_SIDE / 2 + time * _SPEED for time in (interval.start, interval.end))
        draw.rectangle((left, 0, right - 2, _BAND), fill=colour_of_phone(interval.phone))
        font = _font(18 if right - left > 26 else 13)
        draw.text(((left + right) / 2, _BAND / 2), interval.phone, fill=INK, font=font, anchor="mm")
    return band


def _pictures(clip: Clip, frames: int) -> Iterator[NDArray[np.uint8]]:
    band = None if clip.record.phones is None else phone_band(clip.record.phones, clip.record.duration)
    for number in range(frames):
        crop = Image.new("RGB", (_SIDE, _SIDE), MUTED)
        if clip.record.seen:
            crop = Image.fromarray(clip.lips[number]).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
        if band is None:
            yield np.asarray(crop)
            continue
        picture = Image.new("RGB", (_SIDE, _SIDE + _BAND), "white")
        picture.paste(crop, (0, _BAND))
        left = round((number + 0.5) / FRAME_RATE * _SPEED)
        picture.paste(band.crop((left, 0, left + _SIDE, _BAND)), (0, 0))
        ImageDraw.Draw(picture).line([(_SIDE / 2, 0), (_SIDE / 2, _BAND)], fill=RED, width=2)
        yield np.asarray(picture)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """The font that matplotlib brings along."""
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)
