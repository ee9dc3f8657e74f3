"""From a trained reference renderer to a video: mouths drawn, put into pictures of the face, sound added."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pase.audio.waveform import load_audio
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME
from pase.errors import InputError
from pase.video.lip_crop import CROP_SIDE, FaceTrack
from pase.video.reading import Picture, iter_frames
from pase.video.writing import write_video
from pase_adapters.reference.features import Features
from pase_adapters.reference.footage import Footage, Take
from pase_adapters.reference.model import ReferenceRenderer

_TOGETHER = 8
"""Frames that are drawn at once."""

_KEPT = 250
"""Most pictures of a take that a longer recording goes through, there and back: 10 seconds."""

_EDGE = 0.12
"""Share of the crop's side along which a drawn mouth fades into the picture."""


@torch.inference_mode()
def draw_mouths(
    model: ReferenceRenderer, features: Features, onto: Footage, frames: NDArray[np.int64]
) -> Iterator[NDArray[np.uint8]]:
    """Mouths of a recording, RGB ``(size, size, 3)`` each, turned and lit as in these frames of a footage."""
    device = model.mean.device
    for part in _parts(len(frames)):
        codes = model.audio.of_windows(torch.from_numpy(features.windows(part)).to(device))
        drawn = model.draw(codes, torch.from_numpy(onto.poses[frames[part]]).to(device))
        lit = drawn * torch.from_numpy(onto.light[frames[part], None]).to(device)
        levels = (lit.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
        yield from levels.reshape(-1, model.size, model.size, 3)


def _parts(count: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, count, _TOGETHER):
        yield np.arange(start, min(start + _TOGETHER, count))


def there_and_back(available: int, wanted: int) -> NDArray[np.int64]:
    """Numbers of frames: forwards, backwards, forwards …, as the renderers lengthen a subject's own motion."""
    if available == 1:
        return np.zeros(wanted, dtype=np.int64)
    step = np.arange(wanted) % (2 * available - 2)
    return np.minimum(step, 2 * available - 2 - step)


def render(model: ReferenceRenderer, features: Features, audio: Path, onto: Footage, output: Path) -> int:
    """Write a video of a person who speaks a recording; returns its frames.

    Args:
        model: In evaluation mode.
        features: Of the recording, a row for each video frame.
        audio: The recording.
        onto: Footage whose pictures the mouths are put into; other recordings go there and back through its first take.
        output: An mp4 file.

    Raises:
        InputError: Sound and features differ in length by more than a frame, the model was trained on other features
            or mouths, a video of the footage is gone, or the output cannot be written.
    """
    sound = load_audio(audio)
    expected = math.ceil(len(sound) / SAMPLES_PER_FRAME)
    if abs(expected - len(features)) > 1:
        raise InputError(
            f"{features.path} has {len(features)} rows and {audio} lasts {expected} video frames at {FRAME_RATE} a "
            f"second: the features are of another recording, or of another frame rate"
        )
    _check_fit(model, features, onto)
    count = len(features)
    own = count == len(onto)
    frames = np.arange(count) if own else there_and_back(min(onto.takes[0].frames, _KEPT), count)
    pictures = _all_pictures(onto) if own else _looped(onto.takes[0].video, frames)
    talking = speak(model, features, onto, frames, pictures)
    write_video(output, talking, sound[: count * SAMPLES_PER_FRAME], FRAME_RATE)
    return count


def render_take(model: ReferenceRenderer, features: Features, onto: Footage, take: Take, output: Path) -> None:
    """Write a video of one take, its mouth drawn anew, with its own sound.

    Args:
        model: In evaluation mode.
        features: A row for each frame of the take.
        onto: The footage that the take is of.
        take: One of its takes.
        output: An mp4 file.

    Raises:
        InputError: As `render`.
    """
    features.check_rows(take.frames, f"{take.video} has {take.frames} frames")
    _check_fit(model, features, onto)
    frames = np.arange(take.first, take.first + take.frames)
    talking = speak(model, features, onto, frames, islice(iter_frames(take.video, FRAME_RATE), take.frames))
    sound = load_audio(onto.sound)[take.first * SAMPLES_PER_FRAME :]
    write_video(output, talking, sound[: take.frames * SAMPLES_PER_FRAME], FRAME_RATE)


def _check_fit(model: ReferenceRenderer, features: Features, onto: Footage) -> None:
    features.check_fit(model)
    if onto.size != model.size:
        raise InputError(
            f"the renderer draws mouths of {model.size} pixels, those of {onto.folder} have {onto.size}: make the "
            f"footage again with --size {model.size}"
        )


def speak(
    model: ReferenceRenderer,
    features: Features,
    onto: Footage,
    frames: NDArray[np.int64],
    pictures: Iterable[Picture],
) -> Iterator[Picture]:
    """Pictures with drawn mouths.

    Args:
        model: In evaluation mode.
        features: A row for each picture.
        onto: Tells where mouths lie.
        frames: Number in the footage of each picture.
        pictures: To put mouths into.
    """
    mouths = draw_mouths(model, features, onto, frames)
    for picture, mouth, frame in zip(pictures, mouths, frames, strict=True):
        yield paste(picture, mouth, onto.track, int(frame))


def _all_pictures(onto: Footage) -> Iterator[Picture]:
    for take in onto.takes:
        yield from islice(iter_frames(take.video, FRAME_RATE), take.frames)


def _looped(video: Path, frames: NDArray[np.int64]) -> Iterator[Picture]:
    """Pictures of a video by number: what is seen again is kept in memory, at most `_KEPT` of them."""
    kept: list[Picture] = []
    shown = iter_frames(video, FRAME_RATE)
    for frame in frames:
        while len(kept) <= frame:
            kept.append(next(shown))
        yield kept[frame]


def paste(picture: Picture, mouth: NDArray[np.uint8], track: FaceTrack, frame: int) -> Picture:
    """Put an upright mouth where it belongs in a picture, with a soft edge.

    Args:
        picture: RGB, shape ``(H, W, 3)``.
        mouth: RGB, shape ``(size, size, 3)``.
        track: Where the mouth was cut from.
        frame: Number of the frame in it.

    Returns:
        A new picture.
    """
    size = len(mouth)
    step = complex(track.scale_rotation[frame]) * CROP_SIDE / size
    corner = complex(track.scale_rotation[frame]) * (track.centre - CROP_SIDE * (0.5 + 0.5j)) + complex(
        track.shift[frame]
    )
    corners = corner + step * size * np.array([0, 1, 1j, 1 + 1j])
    height, width = picture.shape[:2]
    left, right = (int(np.clip(x, 0, width)) for x in (math.floor(corners.real.min()), math.ceil(corners.real.max())))
    top, bottom = (int(np.clip(y, 0, height)) for y in (math.floor(corners.imag.min()), math.ceil(corners.imag.max())))
    if left == right or top == bottom:
        return picture.copy()
    back = 1 / step
    start = back * (complex(left, top) - corner)
    affine = (back.real, -back.imag, start.real, back.imag, back.real, start.imag)
    layers = np.dstack([mouth, _mask(size)])
    image = Image.fromarray(layers, "RGBA").transform(
        (right - left, bottom - top), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    drawn = np.asarray(image, dtype=np.float32)
    share = drawn[..., 3:] / 255
    result = picture.copy()
    patch = result[top:bottom, left:right]
    patch[:] = (patch * (1 - share) + drawn[..., :3] * share).round()
    return result


def _mask(size: int) -> NDArray[np.uint8]:
    along = (np.arange(size) + 0.5) / size
    edge = np.clip(np.minimum(along, 1 - along) / _EDGE, 0, 1)
    smooth = 0.5 - 0.5 * np.cos(np.pi * edge)
    return np.asarray(np.outer(smooth, smooth) * 255, dtype=np.uint8)
