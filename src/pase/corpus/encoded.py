"""A clip with its sound, lip crops and lip points compressed, as it stands in a shard."""

import json
from dataclasses import dataclass

import numpy as np

from pase.corpus import codec
from pase.corpus.clip import CROP_SIZE, FRAME_RATE, LIP_POINTS, SAMPLES_PER_FRAME, Clip, ClipRecord
from pase.corpus.manifest import record_from_json, record_to_json
from pase.corpus.shards import check_clip_id, pack, unpack
from pase.errors import InputError

MAX_FRAMES = 3600 * FRAME_RATE
"""A clip is read and written as a whole; one that claims to be longer than an hour is refused."""

_NO_SOUND = np.empty(0, np.float32)
_NO_LIPS = np.empty((0, CROP_SIZE, CROP_SIZE, 3), np.uint8)
_NO_POINTS = np.empty((0, LIP_POINTS, 2), np.float32)


@dataclass(frozen=True, slots=True)
class EncodedClip:
    """A clip ready for a shard; members that its modality does not have are empty.

    Attributes:
        record: Its record; its shard is named when it is written.
        flac: Sound, see `pase.corpus.codec.decode_sound`.
        mp4: Lip crops, see `pase.corpus.codec.decode_lips`.
        points: Lip points, see `pase.corpus.codec.decode_points`.

    Raises:
        InputError: The members are not those of the record's modality.
    """

    record: ClipRecord
    flac: bytes
    mp4: bytes
    points: bytes

    def __post_init__(self) -> None:
        expected = {"sound": self.record.heard, "lip crops": self.record.seen, "lip points": self.record.seen}
        found = (bool(self.flac), bool(self.mp4), bool(self.points))
        for (name, wanted), there in zip(expected.items(), found, strict=True):
            if there != wanted:
                raise InputError(
                    f"clip {self.record.clip_id} has {'' if there else 'no '}{name}, and its record says that it is of "
                    f"the modality {self.record.modality!r}"
                )

    @classmethod
    def encode(cls, clip: Clip) -> "EncodedClip":
        """Compress a clip.

        Raises:
            InputError: Shapes do not agree with the record, or the clip cannot be stored.
        """
        _check_shapes(clip)
        check_length(clip.record)
        check_clip_id(clip.record.clip_id)
        return cls(
            clip.record,
            codec.encode_sound(clip.waveform) if clip.record.heard else b"",
            codec.encode_lips(clip.lips) if clip.record.seen else b"",
            codec.encode_points(clip.lip_points) if clip.record.seen else b"",
        )

    def decode(self) -> Clip:
        """Decompress the clip; no more is decoded than its record says.

        Raises:
            InputError: A member is damaged, or of another length than the record says.
        """
        sound, lips, points = _NO_SOUND, _NO_LIPS, _NO_POINTS
        if self.record.heard:
            sound = codec.decode_sound(self.flac, self.record.samples + 1)
        if self.record.seen:
            lips = codec.decode_lips(self.mp4, stop=self.record.frames + 1)
            points = codec.decode_points(self.points)
        clip = Clip(self.record, sound, lips, points)
        _check_shapes(clip)
        return clip

    @property
    def media_bytes(self) -> int:
        """Size of sound, lip crops and lip points, by which shards are planned."""
        return len(self.flac) + len(self.mp4) + len(self.points)

    def pack(self) -> bytes:
        """The clip's part of a shard."""
        text = json.dumps(record_to_json(self.record), sort_keys=True, ensure_ascii=False)
        members = {"flac": self.flac, "mp4": self.mp4, "lips.npy": self.points, "json": text.encode()}
        return pack(self.record.clip_id, {suffix: content for suffix, content in members.items() if content})

    @classmethod
    def unpack(cls, clip_id: str, block: bytes) -> "EncodedClip":
        """Inverse of `pack`.

        Raises:
            InputError: The block does not hold this clip.
        """
        members = unpack(clip_id, block)
        try:
            record = record_from_json(json.loads(members["json"]))
        except (ValueError, RecursionError, InputError) as error:
            raise InputError(f"the record of {clip_id} cannot be read: {error}") from error
        if record.clip_id != clip_id:
            raise InputError(f"the record of {clip_id} is that of {record.clip_id}")
        return cls(record, *(members.get(suffix, b"") for suffix in ("flac", "mp4", "lips.npy")))


def check_length(record: ClipRecord) -> None:
    """Refuse a clip that could not be held in memory.

    Raises:
        InputError: Its record says that it is longer than `MAX_FRAMES`.
    """
    if max(record.frames, record.samples / SAMPLES_PER_FRAME) > MAX_FRAMES:
        raise InputError(
            f"clip {record.clip_id}: {record.frames} frames and {record.samples} samples are longer than an hour"
        )


def _check_shapes(clip: Clip) -> None:
    record = clip.record
    pictures = record.frames if record.seen else 0
    expected = {
        "waveform": (record.samples,),
        "lips": (pictures, CROP_SIZE, CROP_SIZE, 3),
        "lip_points": (pictures, LIP_POINTS, 2),
    }
    for name, shape in expected.items():
        found = getattr(clip, name).shape
        if found != shape:
            raise InputError(f"{name} of clip {record.clip_id} has the shape {found}, its record says {shape}")
