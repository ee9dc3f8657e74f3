"""Footage of a person, made from videos for the reference renderers: upright mouths, where they lie, and the sound.

To `pase-adapt` a folder of it looks like a subject that ER-NeRF's preprocessing has left.

====================  ==============================================================================================
``footage.json``      format, size of the mouths, the videos with their frames; written last
``mouths.npy``        lip crops, uint8 RGB, shape ``(T, size, size, 3)``, of all videos one after the other
``track.npz``         where crops lie in the pictures, turn of the head, light, and the means that these are told from
``aud.wav``           sound of all videos, each as long as its pictures
``transforms_*.json`` lists of frames (`aud_id`): the last eleventh of the videos (or frames) is kept from training
====================  ==============================================================================================
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import Waveform, load_audio, save_wav
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME
from pase.errors import InputError, UnusableClipError
from pase.execution.progress import ProgressReport
from pase.files import atomic_path, make_folder, read_json, write_json
from pase.video.landmarks import STABLE_INDICES
from pase.video.lip_crop import FaceTrack, crop_tracks, track_face
from pase.video.reading import iter_frames
from pase.video.speaker import Speaker

FORMAT = 3

LISTS = {"train": "transforms_train.json", "validation": "transforms_val.json"}

_HELD_BACK = 11
"""One in so many, as ER-NeRF's preprocessing does it."""

_NOSE = 0.25
"""Eye distances that the bridge of the nose lies in front of the eyes' corners."""

_RING = 0.12
"""Share of the side of a crop along its edges whose colour tells the light: it fades into the picture when rendered."""

_MOST_TURN = 0.5
"""Radians; beyond, lip crops of parallel rays are no longer one face."""


@dataclass(frozen=True, slots=True)
class Take:
    """One video of the footage.

    Attributes:
        video: The file.
        first: Its first frame in the footage.
        frames: How many it has, at 25 a second.
    """

    video: Path
    first: int
    frames: int


@dataclass(frozen=True)
class Means:
    """What turn, light and place of mouths are told from: of the videos themselves, or of others of the same person.

    Attributes:
        colour: Along the edges of crops, 0 to 255, shape ``(3,)``.
        nose: Where the bridge of the nose lies in the upright face, see `pase.video.lip_crop`.
        centre: Of the crops in the upright face.
    """

    colour: NDArray[np.float64]
    nose: complex
    centre: complex


@dataclass(frozen=True)
class Footage:
    """Footage of a person, opened for reading.

    Attributes:
        folder: Where it lies.
        mouths: Mapped into memory; see the module.
        poses: Turn and nod in radians, shape ``(T, 2)``.
        light: Of the video that a frame is of, each colour against the mean colour, shape ``(T, 3)``: cameras balance
            white anew, and the person's colour is to be learnt once.
        means: What `poses` and `light` are told from.
        track: Where the crops lie in the pictures.
        takes: The videos.
        training: Numbers of the frames to learn from.
        validation: Numbers of the others.
    """

    folder: Path
    mouths: NDArray[np.uint8]
    poses: NDArray[np.float32]
    light: NDArray[np.float32]
    means: Means
    track: FaceTrack
    takes: tuple[Take, ...]
    training: NDArray[np.int64]
    validation: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.mouths)

    @property
    def size(self) -> int:
        """Side of the mouths in pixels."""
        return int(self.mouths.shape[1])

    def pictures(self, frames: NDArray[np.int64]) -> NDArray[np.float32]:
        """Mouths of some frames in mean light, RGB near [0, 1], shape ``(F, size, size, 3)``."""
        return self.mouths[frames].astype(np.float32) / (255 * self.light[frames, None, None])

    @property
    def sound(self) -> Path:
        """The sound of all takes."""
        return self.folder / "aud.wav"

    @classmethod
    def open(cls, folder: Path) -> "Footage":
        """Read a folder that `make_footage` has written.

        Raises:
            InputError: It is none, or is damaged.
        """
        content = _read_index(folder)
        try:
            mouths = np.load(folder / "mouths.npy", mmap_mode="r", allow_pickle=False)
            with np.load(folder / "track.npz", allow_pickle=False) as arrays:
                poses, light = arrays["poses"], arrays["light"]
                means = Means(arrays["colour"], complex(arrays["nose"]), complex(arrays["centre"]))
                track = FaceTrack(arrays["scale_rotation"], arrays["shift"], means.centre, arrays["lip_points"])
            takes = tuple(Take(Path(own["video"]), own["first"], own["frames"]) for own in content["takes"])
            training, validation = (_read_list(folder / name) for name in LISTS.values())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"the footage in {folder} is damaged ({error}): make it again") from error
        frames = sum(take.frames for take in takes)
        if not len(mouths) == len(poses) == len(light) == len(track) == frames:
            raise InputError(
                f"the footage in {folder} is damaged: {frames} frames in footage.json, {len(mouths)} in mouths.npy, "
                f"{len(track)} in track.npz. Make it again."
            )
        return cls(folder, mouths, poses, light, means, track, takes, training, validation)


def make_footage(
    videos: Sequence[Path],
    folder: Path,
    size: int,
    find: Callable[[Path], Speaker],
    like: Footage | None = None,
) -> Footage:
    """Find the mouths of a person in videos and write them as footage.

    Args:
        videos: Of one person who looks at the camera, with sound.
        folder: To write to.
        size: Side of the mouths in pixels.
        find: Where the person is in a video, such as `pase.video.speaker.find_speaker` with its model.
        like: Other footage of the person, such as a renderer is trained on: turn, light and place of the mouths are
            then told from its means, so that the renderer draws them as they are here. None: from the videos' own.

    Raises:
        InputError: There is footage already, a video is given twice, its sound cannot be used, or its speaker is lost,
            too small or beyond the picture, or its pictures have an odd width or height.
        UnusableClipError: A video that cannot be read.
        MissingExtraError: MediaPipe is absent.
    """
    if len(set(videos)) < len(videos):
        raise InputError("a video is given twice: it would be learnt from twice, or both learnt and tested")
    if (folder / "footage.json").exists():
        raise InputError(f"{folder} holds footage already. Remove it, or name another folder.")
    make_folder(folder)
    tracks, residuals, sounds = [], [], []
    with ProgressReport("find faces", len(videos)) as progress:
        for video in videos:
            speaker = find(video)
            _check_even(video, *speaker.size)
            try:
                track = track_face(speaker.points)
                track.check_inside(*speaker.size)
            except UnusableClipError as error:
                raise InputError(
                    f"{video}: {error}. Cut the video to where the face is seen, or leave it out."
                ) from error
            tracks.append(track)
            residuals.append(_nose(speaker.points, track))
            sounds.append(_sound_of(video, len(track)))
            progress.advance(failed=False)
    centre = complex(np.mean([track.centre for track in tracks])) if like is None else like.means.centre
    tracks = [_recentred(track, centre) for track in tracks]
    colours = _write_mouths(folder, videos, tracks, size)
    nose = np.concatenate(residuals)
    means = Means(colours.mean(axis=0), complex(nose.mean()), centre) if like is None else like.means
    light = np.repeat(_light(colours, means.colour), [len(track) for track in tracks], axis=0)
    joined = [np.concatenate([getattr(track, name) for track in tracks]) for name in _JOINED]
    arrays = {
        **{name: np.array(getattr(means, name)) for name in ("colour", "nose", "centre")},
        **{"poses": _poses(nose, means.nose), "light": light},
        **dict(zip(_JOINED, joined, strict=True)),
    }
    with atomic_path(folder / "track.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    save_wav(folder / "aud.wav", sounds)
    _write_index(folder, videos, [len(track) for track in tracks], size)
    return Footage.open(folder)


def _check_even(video: Path, width: int, height: int) -> None:
    """Rendered pictures have the size of these, and H.264 needs an even one."""
    if width % 2 or height % 2:
        raise InputError(
            f"{video} has pictures of {width} x {height}, an even width and height are needed: cut a line off by "
            f"ffmpeg -i {video.name} -vf 'crop=trunc(iw/2)*2:trunc(ih/2)*2' even.mp4"
        )


_JOINED = ("scale_rotation", "shift", "lip_points")


def _write_mouths(folder: Path, videos: Sequence[Path], tracks: Sequence[FaceTrack], size: int) -> NDArray[np.float64]:
    """Cut the mouths out; returns the colour along their edges of each video, 0 to 255, shape ``(V, 3)``."""
    shape = (sum(len(track) for track in tracks), size, size, 3)
    colours = np.empty((len(tracks), 3))
    with atomic_path(folder / "mouths.npy") as temporary:
        mouths = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        done = 0
        with ProgressReport("cut out mouths", len(videos)) as progress:
            for place, (video, track) in enumerate(zip(videos, tracks, strict=True)):
                first = done
                for _, crops in crop_tracks(iter_frames(video, FRAME_RATE), [(0, track)], size):
                    mouths[done : done + len(crops)] = crops
                    done += len(crops)
                colours[place] = np.median(mouths[first:done][:, _ring(size)].mean(axis=1), axis=0)
                progress.advance(failed=False)
        mouths.flush()
    return colours


def _light(colours: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(np.maximum(colours, 1) / np.maximum(mean, 1), dtype=np.float32)


def _ring(size: int) -> NDArray[np.bool_]:
    """Pixels along the edges of a crop, which do not move with the lips."""
    inner = round(size * _RING)
    ring = np.ones((size, size), dtype=np.bool_)
    ring[inner : size - inner, inner : size - inner] = False
    return ring


def _write_index(folder: Path, videos: Sequence[Path], frames: Sequence[int], size: int) -> None:
    firsts = np.cumsum([0, *frames])
    takes = [
        {"video": str(video.absolute()), "first": int(first), "frames": count}
        for video, first, count in zip(videos, firsts, frames, strict=False)
    ]
    kept = max(1, len(takes) // _HELD_BACK)
    border = int(firsts[-1 - kept]) if len(takes) > 1 else frames[0] - max(4, frames[0] // _HELD_BACK)
    for name, span in zip(LISTS.values(), (range(border), range(border, int(firsts[-1]))), strict=True):
        write_json(folder / name, {"frames": [{"img_id": frame, "aud_id": frame} for frame in span]})
    write_json(folder / "footage.json", {"format": FORMAT, "size": size, "takes": takes})


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / "footage.json"
    if not path.is_file():
        raise InputError(f"{folder} holds no footage: {path.name} not found. Make it by 'pase-adapt subject'.")
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path} is no footage of format {FORMAT}: make it again by this version")
    return content


def _read_list(path: Path) -> NDArray[np.int64]:
    return np.array([frame["aud_id"] for frame in read_json(path)["frames"]], dtype=np.int64)


def _sound_of(video: Path, frames: int) -> Waveform:
    """The video's sound, as long as its pictures: what lacks is silence."""
    sound = load_audio(video)[: frames * SAMPLES_PER_FRAME]
    lacking = frames - len(sound) / SAMPLES_PER_FRAME
    if lacking > FRAME_RATE / 2:
        raise InputError(
            f"the sound of {video} ends {lacking / FRAME_RATE:.2f} s before its pictures: cut the video there"
        )
    return np.pad(sound, (0, frames * SAMPLES_PER_FRAME - len(sound)))


def _recentred(track: FaceTrack, centre: complex) -> FaceTrack:
    moved = np.array([(track.centre - centre).real, (track.centre - centre).imag], dtype=np.float32)
    return replace(track, centre=centre, lip_points=track.lip_points + moved)


def _nose(points: NDArray[np.float32], track: FaceTrack) -> NDArray[np.complex128]:
    """Where the bridge of the nose lies in the upright face, shape ``(T,)``: it moves when the head turns."""
    bridge = points[:, len(STABLE_INDICES) - 2 : len(STABLE_INDICES)].astype(np.float64)
    places = ((bridge[..., 0] + 1j * bridge[..., 1]) - track.shift[:, None]) / track.scale_rotation[:, None]
    middle = places.mean(axis=1)
    known = np.flatnonzero(np.isfinite(middle))
    filled = np.interp(np.arange(len(middle)), known, middle[known].real) + 1j * np.interp(
        np.arange(len(middle)), known, middle[known].imag
    )
    kernel = np.array([0.25, 0.5, 1, 0.5, 0.25]) / 2.5
    return np.asarray(np.convolve(np.pad(filled, 2, mode="edge"), kernel, mode="valid"))


def _poses(nose: NDArray[np.complex128], mean: complex) -> NDArray[np.float32]:
    away = (nose - mean) / _NOSE
    turned = np.stack([away.real, away.imag], axis=1).clip(-np.sin(_MOST_TURN), np.sin(_MOST_TURN))
    return np.asarray(np.arcsin(turned), dtype=np.float32)
