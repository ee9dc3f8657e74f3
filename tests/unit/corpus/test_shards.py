"""Shards: read by webdataset and tarfile; hostile and broken ones are refused with the reason."""

import io
import json
import struct
import tarfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pase.corpus import codec
from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.shards import MEMBERS, pack
from pase.corpus.store import Corpus, EncodedClip, write_corpus, write_encoded
from pase.errors import InputError

FRAMES = 4
SAMPLES = FRAMES * 640


def make_clip(clip_id: str) -> Clip:
    rng = np.random.default_rng(sum(clip_id.encode()))
    return Clip(
        ClipRecord(clip_id, "s1", "train", FRAMES, SAMPLES, "bé", None, "", "a.mp4"),
        rng.normal(0, 0.1, SAMPLES).astype(np.float32),
        rng.integers(90, 110, (FRAMES, 96, 96, 3)).astype(np.uint8),
        rng.normal(0, 0.3, (FRAMES, 40, 2)).astype(np.float32),
    )


VALID = EncodedClip.encode(make_clip("s1/a"))
BLOCK = VALID.pack()


def members(**changes: bytes) -> dict[str, bytes]:
    whole = {"flac": VALID.flac, "mp4": VALID.mp4, "lips.npy": VALID.points, "json": BLOCK[BLOCK.rindex(b"{") :]}
    with tarfile.open(fileobj=io.BytesIO(BLOCK)) as tar:
        whole["json"] = tar.extractfile("s1/a.json").read()
    return {**whole, **changes}


def packed(**changes: bytes) -> bytes:
    return pack("s1/a", members(**{name.replace("__", "."): data for name, data in changes.items()}))


def put(corpus: Corpus, block: bytes, size: int | None = None) -> Corpus:
    """The corpus with its only clip replaced, and the manifest made to fit."""
    (corpus.folder / "shards/000000.tar").write_bytes(block + b"\0" * 1024)
    manifest = corpus.folder / "manifest.jsonl"
    row = json.loads(manifest.read_text()) | {"size": size or len(block)}
    manifest.write_text(json.dumps(row) + "\n")
    return Corpus.open(corpus.folder)


def header(index: int = 0, *, checksum: bool = True, **fields: object) -> bytes:
    """The block with some fields of a member's tar header changed."""
    places = {"name": (0, 100), "size": (124, 12), "type": (156, 1), "link": (157, 100)}
    block = bytearray(BLOCK)
    start = 0
    for _ in range(index):
        size = int(block[start + 124 : start + 135], 8)
        start += 512 + size + -size % 512
    for key, value in fields.items():
        offset, length = places[key]
        block[start + offset : start + offset + length] = bytes(value).ljust(length, b"\0")
    if checksum:
        block[start + 148 : start + 156] = b" " * 8
        block[start + 148 : start + 156] = b"%06o\0 " % sum(block[start : start + 512])
    return bytes(block)


def other_tar(kind: int) -> bytes:
    """The members as Python's tarfile writes them, with an extended header before the first."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
        for suffix in MEMBERS:
            info = tarfile.TarInfo(f"s1/a.{suffix}")
            info.size = len(members()[suffix])
            info.pax_headers = {"comment": "size"}
            info.linkname = "x" * 150
            tar.addfile(info, io.BytesIO(members()[suffix]))
    return buffer.getvalue()


def video(width: int = 96, rate: int = 25, frames: int = FRAMES, name: str = "libx264") -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream(name, rate=rate)
        stream.width = stream.height = width
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            frame = VideoFrame.from_ndarray(np.full((width, width, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def disguised_video() -> bytes:
    """Pictures of 640 x 640 in a container that says 96 x 96."""
    return video(640).replace(struct.pack(">HH", 640, 640), struct.pack(">HH", 96, 96))


def sound(rate: int = 16_000, layout: str = "mono", form: str = "s16") -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=rate)
        stream.layout, stream.format = layout, form
        count = SAMPLES * (2 if layout == "stereo" else 1)
        frame = AudioFrame.from_ndarray(np.zeros((1, count), np.int16 if form == "s16" else np.int32), form, layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def npy(shape: str, content: bytes, descr: str = "<f2") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + content


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def record(**changes: object) -> bytes:
    return json.dumps(json.loads(members()["json"]) | changes).encode()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "path out of the folder": (lambda: header(name=b"../a.flac"), "expected the member s1/a.flac, found '../a.flac'"),
    "absolute path": (lambda: header(2, name=b"/etc/passwd"), "expected the member s1/a.lips.npy, found '/etc/passwd'"),
    "name of no encoding": (lambda: header(name=b"\xff\xfe.flac"), "expected the member"),
    "symbolic link": (lambda: header(type=b"2", link=b"/etc/passwd"), "not a plain file"),
    "hard link": (lambda: header(1, type=b"1", link=b"s1/a.flac"), "not a plain file"),
    "folder": (lambda: header(3, type=b"5"), "found 's1/a.json'|not a plain file"),
    "device": (lambda: header(type=b"3"), "not a plain file"),
    "sparse file": (lambda: header(type=b"S"), "not a plain file"),
    "extended header (pax)": (lambda: other_tar(tarfile.PAX_FORMAT), "expected the member"),
    "long link (GNU)": (lambda: other_tar(tarfile.GNU_FORMAT), "expected the member"),
    "size beyond the end": (lambda: header(size=b"77777777777\0"), "claims 8589934591 bytes"),
    "size below zero": (lambda: header(size=b"\xff" * 12), "no tar member|not a plain file"),
    "size of no number": (lambda: header(size=b"zzz"), "no tar member"),
    "wrong checksum": (lambda: header(checksum=False, size=b"00000000001\0"), "bad checksum"),
    "no tar": (lambda: b"noise " * 1024, "no tar member"),
    "zeros": (lambda: b"\0" * 4096, "no tar member s1/a.flac: end of file header"),
    "last member missing": (lambda: BLOCK[:-1024], "no tar member s1/a.json: empty header"),
    "another member": (lambda: BLOCK + header()[:1024], "bytes where its members take"),
    "members of another clip": (lambda: pack("s1/b", members()), "found 's1/b.flac'"),
    "record of another clip": (lambda: packed(json=record(clip_id="s1/b")), "is that of s1/b"),
    "record is no JSON": (lambda: packed(json=b"\xff{"), "the record of s1/a cannot be read"),
    "record is a list": (lambda: packed(json=b"[1]"), "the record of s1/a cannot be read"),
    "deep JSON": (lambda: packed(json=b"[" * 100_000), "the record of s1/a cannot be read"),
    "frames are NaN": (lambda: packed(json=record(frames=float("nan"))), "the record of s1/a cannot be read"),
    "frames without end": (lambda: packed(json=record(frames=float("inf"))), "the record of s1/a cannot be read"),
    "number of a million digits": (
        lambda: packed(json=record().replace(b'"frames": 4', b'"frames": ' + b"9" * 1_000_000)),
        "the record of s1/a cannot be read",
    ),
    "sound of a minute": (lambda: packed(flac=codec.encode_sound(np.zeros(60 * 16_000, np.float32))), r"\(2561,\)"),
    "less sound": (lambda: packed(flac=codec.encode_sound(np.zeros(900, np.float32))), r"\(900,\)"),
    "sound at another rate": (lambda: packed(flac=sound(rate=8000)), "8000 Hz"),
    "two channels": (lambda: packed(flac=sound(layout="stereo")), "2 channels"),
    "sound of 24 bits": (lambda: packed(flac=sound(form="s32")), "as s32"),
    "sound is a picture": (lambda: packed(flac=VALID.mp4), "sound is empty|sound cannot be decoded"),
    "more pictures": (lambda: packed(mp4=video(frames=300)), r"\(5, 96, 96, 3\)"),
    "fewer pictures": (lambda: packed(mp4=video(frames=2)), r"\(2, 96, 96, 3\)"),
    "huge pictures": (lambda: packed(mp4=video(1024)), "cannot be decoded|1024 x 1024"),
    "huge pictures in disguise": (lambda: packed(mp4=disguised_video()), "cannot be decoded|hold no picture|640 x"),
    "small pictures": (lambda: packed(mp4=video(64)), "64 x 64 pixels"),
    "pictures at another rate": (lambda: packed(mp4=video(rate=10)), "frame 2 where 1 should be|frame 3 where 1"),
    "another codec": (lambda: packed(mp4=video(name="mpeg4")), "cannot be decoded"),
    "pickle": (lambda: packed(lips__npy=pickled()), "no .npy of float16"),
    "shape beyond memory": (lambda: packed(lips__npy=npy("(999999999, 40, 2)", b"\0" * 640)), "claim 999999999 frames"),
    "shape below zero": (lambda: packed(lips__npy=npy("(-1, 40, 2)", b"\0" * 640)), "no .npy of float16"),
    "other shape": (lambda: packed(lips__npy=npy("(4, 39, 2)", b"\0" * 624)), "no .npy of float16"),
    "other numbers": (lambda: packed(lips__npy=npy("(4, 40, 2)", b"\0" * 1280, "<f4")), "no .npy of float16"),
    "points that are NaN": (lambda: packed(lips__npy=npy("(4, 40, 2)", b"\xff" * 640)), "no finite numbers"),
    "fewer points": (lambda: packed(lips__npy=npy("(3, 40, 2)", b"\0" * 480)), r"\(3, 40, 2\)"),
}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return write_encoded(tmp_path, [VALID])


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_shards_are_refused_with_the_reason(corpus: Corpus, kind: str) -> None:
    make, reason = HOSTILE[kind]
    opened = put(corpus, make())
    with pytest.raises(InputError, match=rf"^{corpus.folder}/shards/000000\.tar: clip s1/a: .*({reason})"):
        opened.read(opened.records[0])


def test_the_table_starts_from_a_clip_that_is_good(corpus: Corpus) -> None:
    for block in (packed(), header(), BLOCK):
        opened = put(corpus, block)
        assert opened.read(opened.records[0]).lips.shape == (FRAMES, 96, 96, 3)


@pytest.mark.parametrize(
    "shard",
    [
        "../a.tar",
        "..",
        "/etc/passwd",
        "a\\b.tar",
        "",
        "a\0b.tar",
        "a?b.tar",
        "..tar",
        "a.tar\n",
        "é.tar",
        "corpus.json",
    ],
)
def test_shards_of_other_names_are_not_opened(corpus: Corpus, shard: str) -> None:
    manifest = corpus.folder / "manifest.jsonl"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"shard": shard}) + "\n")
    with pytest.raises(InputError, match=r"manifest\.jsonl, line 1: the shard"):
        Corpus.open(corpus.folder)


flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4)


def flipped(data: bytes, changes: list[tuple[float, int]]) -> bytes:
    damaged = bytearray(data)
    for place, bits in changes:
        damaged[int(place * len(data))] ^= bits
    return bytes(damaged)


def open_and_read(folder: Path) -> None:
    """Every clip has the shapes of its record, or there is an InputError."""
    try:
        for clip in Corpus.open(folder):
            assert clip.waveform.shape == (clip.record.samples,)
            assert clip.lips.shape == (clip.record.frames, 96, 96, 3)
            assert clip.lip_points.shape == (clip.record.frames, 40, 2)
            assert np.isfinite(clip.lip_points).all()
    except InputError:
        pass


@pytest.mark.parametrize("name", ["shards/000000.tar", "manifest.jsonl", "corpus.json"])
@settings(max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=flips)
def test_random_damage(corpus: Corpus, name: str, changes: list[tuple[float, int]]) -> None:
    path = corpus.folder / name
    whole = path.read_bytes()
    path.write_bytes(flipped(whole, changes))
    try:
        open_and_read(corpus.folder)
    finally:
        path.write_bytes(whole)


@settings(max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=flips, member=st.sampled_from(MEMBERS))
def test_random_damage_behind_good_tar_headers(corpus: Corpus, changes: list[tuple[float, int]], member: str) -> None:
    put(corpus, pack("s1/a", members(**{member: flipped(members()[member], changes)})))
    open_and_read(corpus.folder)


@settings(max_examples=40, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.floats(0, 1, exclude_max=True), member=st.sampled_from(MEMBERS))
def test_members_cut_short(corpus: Corpus, kept: float, member: str) -> None:
    content = members()[member]
    opened = put(corpus, pack("s1/a", members(**{member: content[: int(kept * len(content))]})))
    try:
        clip = opened.read(opened.records[0])
    except InputError:
        return
    assert member == "mp4"  # its last bytes only name the program that wrote it
    np.testing.assert_array_equal(clip.lips, VALID.decode().lips)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its files to the collector
def test_webdataset_reads_shards(tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset", reason="needs webdataset, from the extra dev")
    clips = [make_clip("s1/a"), make_clip("s1/b-1"), make_clip("s2/c")]
    corpus = write_corpus(tmp_path, clips)
    samples = list(wds.WebDataset(str(tmp_path / "shards/000000.tar"), shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == ["s1/a", "s1/b-1", "s2/c"]
    for sample, clip in zip(samples, corpus, strict=True):
        np.testing.assert_array_equal(codec.decode_sound(sample["flac"]), clip.waveform)
        np.testing.assert_array_equal(codec.decode_lips(sample["mp4"]), clip.lips)
        np.testing.assert_array_equal(codec.decode_points(sample["lips.npy"]), clip.lip_points)
        assert json.loads(sample["json"])["clip_id"] == clip.record.clip_id
    decoded = list(
        wds.WebDataset(str(tmp_path / "shards/000000.tar"), shardshuffle=False).decode(only=["lips.npy", "json"])
    )
    assert decoded[0]["lips.npy"].shape == (FRAMES, 40, 2)
    assert decoded[0]["json"]["text"] == "bé"


def test_tarfile_reads_shards(tmp_path: Path) -> None:
    write_corpus(tmp_path, [make_clip("s1/a"), make_clip("s2/c")])
    with tarfile.open(tmp_path / "shards/000000.tar") as tar:
        assert tar.getnames() == [f"{clip}.{suffix}" for clip in ("s1/a", "s2/c") for suffix in MEMBERS]
        tar.extractall(tmp_path / "out", filter="data")
    assert (tmp_path / "out/s1/a.flac").read_bytes() == VALID.flac
