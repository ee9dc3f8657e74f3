"""Everything that may lie in a folder of videos: what becomes of it is told, and the good clip beside it is kept."""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.broken_files import DAMAGE, FILES, TRACKS
from tests.broken_kinds import Kept, Make, Refused
from tests.broken_scenes import PICTURES, TIMES, TRANSCRIPTS, WORDS
from tests.raw_clips import content, quarantine, write_clip, write_phones

from pase.corpus.store import Corpus
from pase.preparation.options import PrepareOptions
from pase.preparation.prepare import prepare

OPTIONS = PrepareOptions(landmarks="sidecar", aligner="given", jobs=0, max_quarantine=1, min_seconds=0.12)
KINDS = {**FILES, **DAMAGE, **TRACKS, **TIMES, **PICTURES, **WORDS}
ALIGNED = replace(OPTIONS, aligner="pocketsphinx")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    write_phones(write_clip(folder / "good.mp4"))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_what_becomes_of(kind: str, good: Path, tmp_path: Path) -> None:
    check(*KINDS[kind], OPTIONS, good, tmp_path)


@pytest.mark.parametrize("kind", TRANSCRIPTS)
def test_what_becomes_of_words(kind: str, good: Path, tmp_path: Path) -> None:
    check(*TRANSCRIPTS[kind], ALIGNED, good, tmp_path)


def check(make: Make, expected: Kept | Refused, options: PrepareOptions, good: Path, tmp_path: Path) -> None:
    source, output = shutil.copytree(good, tmp_path / "a/source"), tmp_path / "out"
    (source / "odd").mkdir()
    make(source / "odd")
    before = state(source)
    prepare(source, output, options)
    records = {record.clip_id: record for record in Corpus.open(output).records}
    assert records.pop("good").frames == 25
    refused = quarantine(output)
    assert not {(record.source, name) for name, record in records.items()} & {
        (r[0], name) for name, r in refused.items()
    }
    if isinstance(expected, Kept):
        assert [record.frames for record in records.values()] == list(expected.frames)
        check_kept(output, expected)
        check_refused(refused, expected.but)
    else:
        assert not records
        check_refused(refused, expected)
    assert state(source) == before
    made = content(output)
    summary = prepare(source, output, options)
    assert content(output) == made
    assert summary.resumed == summary.videos - sum(stage == "discover" for _, stage, _, _ in refused.values())


def check_refused(found: dict[str, tuple[str, str, str, str]], expected: Refused | None) -> None:
    assert len(found) == (expected is not None), found
    for path, stage, reason, detail in found.values():
        assert expected is not None
        assert path.startswith("odd/")
        assert (stage, reason) == (expected.stage, expected.reason), detail
        assert re.search(expected.detail, detail), detail


def check_kept(output: Path, expected: Kept) -> None:
    remarks = (output / "remarks.tsv").read_text()
    assert re.search(expected.remark, remarks)
    corpus = Corpus.open(output)
    for record in corpus.records:
        clip = corpus.read(record)
        red = (clip.lips[..., 0].astype(int) - clip.lips[..., 1]) > 60
        assert red[:, 40:56, 40:56].mean() > 0.8 or not expected.mouth, "the crop does not show the mouth"


def state(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """All that lies in a folder, pipes and links to nowhere too."""
    entries = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    return {
        name: (
            own.st_mode,
            own.st_size,
            own.st_mtime_ns,
            path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else b"",
        )
        for name, path in entries.items()
        for own in [path.lstat()]
    }
