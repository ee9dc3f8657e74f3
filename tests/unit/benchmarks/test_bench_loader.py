"""The benchmark runs and adds up; how fast anything is, is no test."""

import re
import sys
from itertools import islice

import pytest

from pase.benchmarks.loader import BareDecoding, Cost, main, measure, memory_by_epoch, speed_table
from pase.corpus.store import Corpus
from pase.data.loader import TrainingLoader, WindowDataset
from pase.data.sampling import BatchSampler, Bucket
from pase.data.windows import WindowConfig


@pytest.fixture
def data(opened_corpus: Corpus) -> WindowDataset:
    return WindowDataset([opened_corpus], "train", WindowConfig(10))


@pytest.fixture
def sampler(data: WindowDataset) -> BatchSampler:
    return BatchSampler(data.frames(), [Bucket(10, 4)])


@pytest.mark.parametrize("workers", [0, 1])
def test_the_work_of_loader_processes_is_counted(data: WindowDataset, sampler: BatchSampler, workers: int) -> None:
    batches = list(islice(sampler, 2 * len(sampler)))
    assert measure(data, batches, workers).cpu > 0.0005
    assert measure(BareDecoding(data, whole=True), batches, workers).cpu > 0.0005


def test_ratios_are_those_of_processor_time() -> None:
    table = speed_table({"whole": Cost(0.02, 0.01), "part": Cost(0.01, 0.005), "windows": Cost(0.04, 0.02)})
    assert "| windows | 25 | 20.00 ms | 2.00 | 4.00 |" in table


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_is_that_of_both_kinds_of_process(data: WindowDataset, sampler: BatchSampler) -> None:
    (main_process, worker), _ = memory_by_epoch(TrainingLoader(data, sampler, 1), 2)
    assert main_process > 50
    assert worker > 50
    assert memory_by_epoch(TrainingLoader(data, sampler, 0), 1)[0][1] == 0


def test_the_command_prints_itself_and_its_tables(opened_corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    options = [str(opened_corpus.folder), "--frames", "10", "--batch-size", "4", "--workers", "0", "--runs", "1"]
    assert main([*options, "--epochs", "0"]) == 0
    printed = capsys.readouterr().out
    assert f"pase.benchmarks.loader {opened_corpus.folder} --frames 10" in printed
    assert len(re.findall(r"\| [\d.]+ ms \|", printed)) == 3


def test_no_corpus_is_one_clear_message(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")
