"""Corpora at addresses: memory, file, a real HTTP server, a real S3 server; the cache between."""

import functools
import http.server
import multiprocessing
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from pase.corpus import remote
from pase.corpus.cache import CacheConfig
from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import Corpus, write_corpus
from pase.corpus.target import target_at
from pase.errors import InputError, MissingExtraError

fsspec = pytest.importorskip("fsspec")


def make_clip(number: int) -> Clip:
    rng = np.random.default_rng(number)
    record = ClipRecord(f"s1/clip_{number}", "s1", "train", 5, 3200, "", None, "", f"{number}.mp4")
    return Clip(
        record,
        rng.normal(0, 0.1, 3200).astype(np.float32),
        rng.integers(90, 110, (5, 96, 96, 3)).astype(np.uint8),
        rng.normal(0, 0.3, (5, 40, 2)).astype(np.float32),
    )


CLIPS = [make_clip(number) for number in range(4)]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("remote") / "corpus", CLIPS, "folder", {"a": 1})


@pytest.fixture
def cache(tmp_path: Path) -> CacheConfig:
    return CacheConfig(tmp_path / "cache", 1)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.01))


@dataclass
class Site:
    """A running HTTP server, what it was asked, and how it is to misbehave."""

    address: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # of the next answers
    ranges: bool = True
    cut: int = 0  # number of answers that end early

    def asked(self, name: str) -> int:
        return sum(path.endswith(name) for path, _ in self.requests)


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args: object, site: Site, **options: object) -> None:
        self.site = site
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.site.requests.append((self.path, wanted))
        if self.site.statuses:
            self.send_error(self.site.statuses.pop(0))
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        if wanted and self.site.ranges:
            start, end = wanted.removeprefix("bytes=").split("-")
            data = data[int(start) : int(end) + 1]
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.site.cut:
            self.site.cut -= 1
            data = data[: len(data) // 2]
            self.close_connection = True
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(local: Corpus) -> Iterator[Site]:
    pytest.importorskip("aiohttp")
    site = Site()
    handler = functools.partial(Handler, site=site, directory=str(local.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        site.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield site
        server.shutdown()


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    pytest.importorskip("s3fs", reason="needs s3fs and moto[server]")
    moto = pytest.importorskip("moto.server", reason="needs s3fs and moto[server]")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.get_host_and_port()[1]}")
        patch.setenv("AWS_ACCESS_KEY_ID", "anyone")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        files = fsspec.filesystem("s3")
        files.mkdir("corpora")
        yield "s3://corpora/mine"
        fsspec.filesystem("s3").clear_instance_cache()
    server.stop()


@pytest.fixture(params=["memory", "file", "http", "s3"])
def address(request: pytest.FixtureRequest, local: Corpus, tmp_path: Path) -> str:
    """The same corpus at an address of each kind."""
    if request.param == "file":
        return f"file://{local.folder}"
    if request.param == "http":
        return request.getfixturevalue("site").address
    there = f"memory://{tmp_path.name}/corpus" if request.param == "memory" else request.getfixturevalue("bucket")
    write_corpus(there, CLIPS, "folder", {"a": 1})
    return there


def assert_same(found: Clip, expected: Clip) -> None:
    assert found.record == expected.record
    np.testing.assert_array_equal(found.lips, expected.lips)
    np.testing.assert_array_equal(found.waveform, expected.waveform)
    np.testing.assert_array_equal(found.lip_points, expected.lip_points)


def test_every_kind_of_address_gives_the_clips_of_the_folder(address: str, local: Corpus, cache: CacheConfig) -> None:
    corpus = Corpus.open(f"{address}/", cache)
    assert corpus.records == local.records
    assert corpus.settings == local.settings
    for _ in range(2):  # fetched, then kept
        for found, expected in zip(corpus, local, strict=True):
            assert_same(found, expected)


def test_written_at_an_address_equals_written_to_a_folder(bucket: str, local: Corpus) -> None:
    there = f"{bucket}/written"
    target_at(there).remove("shards/000001.tar")  # there is none
    fsspec.filesystem("s3").pipe_file(f"{there}/shards/000007.tar", b"old")
    write_corpus(there, CLIPS, "folder", {"a": 1})
    for name in ("corpus.json", "manifest.jsonl", "shards/000000.tar"):
        assert remote.RemoteFolder(there).read(name) == (local.folder / name).read_bytes()
    assert target_at(there).names("shards") == ["000000.tar"]


def test_a_file_address_is_written_as_a_folder(tmp_path: Path) -> None:
    write_corpus(f"file://{tmp_path}/a b", CLIPS[:1])
    assert [clip.record.clip_id for clip in Corpus.open(tmp_path / "a b")] == ["s1/clip_0"]


def test_kept_clips_and_manifests_are_not_fetched_again(site: Site, cache: CacheConfig) -> None:
    for _ in range(3):
        assert sum(1 for _ in Corpus.open(site.address, cache)) == len(CLIPS)
    assert site.asked("corpus.json") == 3  # by it a corpus that was written anew is noticed
    assert site.asked("manifest.jsonl") == 1
    assert site.asked("000000.tar") == len(CLIPS)


def test_only_the_clip_is_fetched(site: Site, local: Corpus, cache: CacheConfig) -> None:
    corpus = Corpus.open(site.address, cache)
    corpus.encoded(corpus.records[2])
    extent = local._extents["s1/clip_2"]
    assert site.requests[-1] == ("/shards/000000.tar", f"bytes={extent.offset}-{extent.offset + extent.size - 1}")


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_worker_processes_share_the_cache(site: Site, local: Corpus, cache: CacheConfig, method: str) -> None:
    corpus = Corpus.open(site.address, cache)
    corpus.encoded(corpus.records[0])
    assert len(pickle.dumps(corpus)) < 1000
    expected = [local.encoded(record) for record in local.records]
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        for _ in range(2):
            assert list(pool.map(corpus.encoded, corpus.records)) == expected
    assert site.asked("000000.tar") == len(CLIPS)


def kept_files(cache: CacheConfig, name: str) -> list[Path]:
    return [path for path in cache.folder.rglob("*") if path.is_file() and name in str(path)]


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-700], lambda data: b"", lambda data: data[:900] + b"\xff" + data[901:], lambda data: data * 2],
)
def test_a_damaged_file_of_the_cache_is_fetched_again(site: Site, local: Corpus, cache: CacheConfig, damage) -> None:
    corpus = Corpus.open(site.address, cache)
    corpus.read(corpus.records[0])
    (kept,) = kept_files(cache, "000000.tar")
    kept.write_bytes(damage(kept.read_bytes()))
    assert_same(corpus.read(corpus.records[0]), local.read(local.records[0]))
    assert site.asked("000000.tar") == 2


def test_a_corpus_that_was_written_anew_is_not_read_from_the_cache(tmp_path: Path, cache: CacheConfig) -> None:
    address = f"memory://{tmp_path.name}/anew"
    for clips in (CLIPS[:1], [CLIPS[0], CLIPS[1]]):
        write_corpus(address, clips)
        assert len(list(Corpus.open(address, cache))) == len(clips)


@pytest.mark.parametrize("trouble", ["status", "cut"])
def test_trouble_that_passes(site: Site, local: Corpus, cache: CacheConfig, trouble: str) -> None:
    corpus = Corpus.open(site.address, cache)
    if trouble == "status":
        site.statuses = [503, 429]
    else:
        site.cut = 2
    assert_same(corpus.read(corpus.records[0]), local.read(local.records[0]))


def test_trouble_that_stays(site: Site, cache: CacheConfig) -> None:
    corpus = Corpus.open(site.address, cache)
    site.statuses = [503] * 20
    with pytest.raises(
        InputError, match=r"127\.0\.0\.1.*000000\.tar: clip s1/clip_0: .*cannot read: .*503.*connection"
    ):
        corpus.read(corpus.records[0])
    assert len(site.statuses) == 20 - 3


def test_refusals_are_not_tried_again(site: Site, cache: CacheConfig) -> None:
    site.statuses = [403, 403]
    with pytest.raises(InputError, match=r"corpus\.json: cannot read: .*403.*credentials"):
        Corpus.open(site.address, cache)
    assert len(site.statuses) == 1


def test_a_server_without_ranges(site: Site, cache: CacheConfig) -> None:
    site.ranges = False
    corpus = Corpus.open(site.address, cache)
    with pytest.raises(InputError, match="does not know range requests"):
        corpus.read(corpus.records[0])


def test_no_corpus_there(site: Site, cache: CacheConfig) -> None:
    with pytest.raises(InputError, match=r"/nothing/corpus\.json does not exist"):
        Corpus.open(f"{site.address}/nothing", cache)


def test_no_server(cache: CacheConfig) -> None:
    pytest.importorskip("aiohttp")
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:9/corpus\.json: cannot read"):
        Corpus.open("http://127.0.0.1:9", cache)


def test_http_is_not_written_to(site: Site) -> None:
    with pytest.raises(InputError, match="this kind of store can do it"):
        write_corpus(site.address, CLIPS[:1])


def test_unknown_kinds_of_address(cache: CacheConfig) -> None:
    with pytest.raises(InputError, match="Protocol not known: nonsense"):
        Corpus.open("nonsense://bucket/corpus", cache)


def test_a_missing_package_is_named(cache: CacheConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(MissingExtraError, match=r"gcsfs.*pase-av\[remote\]"):
        Corpus.open("gs://bucket/corpus", cache)


def test_another_format_names_the_address(tmp_path: Path, cache: CacheConfig) -> None:
    address = f"memory://{tmp_path.name}/newer"
    fsspec.filesystem("memory").pipe_file(f"{address}/corpus.json", b'{"format": "pase-corpus", "format_version": 99}')
    with pytest.raises(InputError, match=rf"^{address}/corpus\.json: format_version is 99"):
        Corpus.open(address, cache)


def test_a_manifest_of_another_corpus(tmp_path: Path, cache: CacheConfig) -> None:
    address = f"memory://{tmp_path.name}/torn"
    write_corpus(address, CLIPS[:2])
    files = fsspec.filesystem("memory")
    rows = files.cat_file(f"{address}/manifest.jsonl").splitlines(keepends=True)
    files.pipe_file(f"{address}/manifest.jsonl", rows[0])
    with pytest.raises(InputError, match=r"manifest\.jsonl is not the one that corpus\.json was written with"):
        Corpus.open(address, cache)


def test_a_shard_that_is_damaged_at_its_address(tmp_path: Path, cache: CacheConfig) -> None:
    address = f"memory://{tmp_path.name}/damaged"
    write_corpus(address, CLIPS[:1])
    files = fsspec.filesystem("memory")
    shard = files.cat_file(f"{address}/shards/000000.tar")
    files.pipe_file(f"{address}/shards/000000.tar", b"\xff" * 512 + shard[512:])
    corpus = Corpus.open(address, cache)
    with pytest.raises(InputError, match=rf"^{address}/shards/000000\.tar: clip s1/clip_0: no tar member"):
        corpus.read(corpus.records[0])
    files.pipe_file(f"{address}/shards/000000.tar", shard)  # mended there: what was bad is not kept
    corpus.read(corpus.records[0])


def test_local_folders_need_neither_fsspec_nor_a_cache(local: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    monkeypatch.setenv("PASE_CACHE_SIZE", "nonsense")
    assert len(list(Corpus.open(local.folder))) == len(CLIPS)
    assert len(list(Corpus.open(str(local.folder)))) == len(CLIPS)
