"""What `corpus.json` and `manifest.jsonl` of a prepared corpus say, as JSON values and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pase.audio.waveform import SAMPLE_RATE
from pase.corpus.clip import CROP_SIZE, FRAME_RATE, AvOffset, ClipRecord
from pase.corpus.shards import Extent, check_clip_id
from pase.errors import InputError
from pase.files import read_json
from pase.phonemes.intervals import PhoneTrack

FORMAT_VERSION = 1


def corpus_header() -> dict[str, Any]:
    """What every corpus of this format says of itself."""
    return {
        "format": "pase-corpus",
        "format_version": FORMAT_VERSION,
        "frame_rate": FRAME_RATE,
        "sample_rate": SAMPLE_RATE,
        "crop_size": CROP_SIZE,
    }


def read_settings(folder: Path) -> dict[str, Any]:
    """Read `corpus.json`.

    Raises:
        InputError: Absent, or of another format.
    """
    path = folder / "corpus.json"
    if not path.is_file():
        raise InputError(
            f"{folder} is not a prepared corpus: there is no corpus.json. "
            "Name the output folder of a finished `pase prepare`."
        )
    return check_settings(read_json(path), str(path))


def check_settings(settings: Any, where: str) -> dict[str, Any]:
    """The content of a `corpus.json`, if it describes a corpus of this format.

    Raises:
        InputError: It does not; the message begins with `where`.
    """
    if not isinstance(settings, dict) or settings.get("format") != "pase-corpus":
        raise InputError(f"{where} does not describe a prepared corpus")
    for key, value in corpus_header().items():
        if settings.get(key) != value:
            raise InputError(
                f"{where}: {key} is {settings.get(key)!r}, this version of PASE reads {value!r}. "
                "Prepare the corpus again with this version, or install the version that made it."
            )
    return settings


def record_to_json(record: ClipRecord) -> dict[str, Any]:
    """A record as JSON values; every attribute by its name."""
    return {
        "clip_id": record.clip_id,
        "speaker": record.speaker,
        "split": record.split,
        "frames": record.frames,
        "samples": record.samples,
        "text": record.text,
        "phones": None if record.phones is None else record.phones.to_json(),
        "shard": record.shard,
        "source": record.source,
        "source_start": record.source_start,
        "av_offset": None if record.offset is None else asdict(record.offset),
        "quality": dict(record.quality),
        "modality": record.modality,
    }


def record_from_json(row: Mapping[str, Any]) -> ClipRecord:
    """Inverse of `record_to_json`; further keys are ignored, the last four may be absent.

    Raises:
        InputError: A key is absent or a value is not allowed.
    """
    try:
        return ClipRecord(
            clip_id=check_clip_id(str(row["clip_id"])),
            speaker=str(row["speaker"]),
            split=str(row["split"]),
            frames=int(row["frames"]),
            samples=int(row["samples"]),
            text=str(row["text"]),
            phones=None if row["phones"] is None else PhoneTrack.from_json(row["phones"]),
            shard=str(row["shard"]),
            source=str(row["source"]),
            source_start=float(row.get("source_start", 0.0)),
            offset=None if row.get("av_offset") is None else AvOffset(**row["av_offset"]),
            quality={str(name): float(value) for name, value in dict(row.get("quality", {})).items()},
            modality=row.get("modality", "audio-video"),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"not a clip record: {type(error).__name__} {error}") from error


def row_of(record: ClipRecord, extent: Extent) -> str:
    """A line of the manifest."""
    row = {**record_to_json(record), "offset": extent.offset, "size": extent.size}
    return json.dumps(row, sort_keys=True, ensure_ascii=False) + "\n"


def parse_row(line: str, where: str) -> tuple[ClipRecord, Extent]:
    """Inverse of `row_of`.

    Raises:
        InputError: Beginning with `where`.
    """
    try:
        row = json.loads(line)
        return record_from_json(row), Extent(int(row["offset"]), int(row["size"]))
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InputError(f"{where}: not a manifest row: {error}") from error
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
