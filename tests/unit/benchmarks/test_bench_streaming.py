"""The benchmark runs and adds up; how fast anything is, is no test."""

import json
import time

import numpy as np
import pytest

from pase.benchmarks.streaming import Watch, main, measure_latency, measure_memory


def test_blocks_and_a_file_are_measured_in_processes_of_their_own(tiny_checkpoint, tmp_path, capsys):
    output = tmp_path / "streaming.json"
    sizes = ["--seconds", "3", "--file-seconds", "20", "--output", str(output)]
    assert main(["--checkpoint", str(tiny_checkpoint), *sizes]) == 0
    assert "40 ms of sound at once: median" in capsys.readouterr().out
    figures = json.loads(output.read_text())
    latency, memory = figures["latency"], figures["memory"]
    assert 0 < latency["median"] <= latency["p99"] <= latency["worst"]
    assert latency["cost"] >= latency["median"] / 0.04 / 2
    assert 50 < memory["ready"] <= memory["peak"]
    assert max(memory["early"], memory["late"]) <= memory["peak"]


def test_the_watch_sees_memory_that_is_only_held_for_a_while():
    with Watch(every=0.005) as watch:
        held = np.ones(300_000_000, dtype=np.uint8)  # more than freed memory that could be used again
        seen = len(watch.samples)
        while len(watch.samples) < seen + 2:
            time.sleep(0.005)
        del held
    assert max(watch.samples) > watch.samples[0] + 100


def test_a_file_shorter_than_a_block_is_measured(tiny_checkpoint):
    assert measure_memory(f"checkpoint:{tiny_checkpoint}", 1).took > 0


def test_the_look_ahead_is_the_encoders(tiny_checkpoint):
    from pase import PASE

    found = measure_latency(f"checkpoint:{tiny_checkpoint}", 0.01, 0.5)
    assert found.look_ahead == PASE.from_pretrained(tiny_checkpoint).look_ahead


@pytest.mark.parametrize("arguments", [["--block", "0"], ["--seconds", "-1"], ["--file-seconds", "-1"]])
def test_bad_sizes_are_refused(arguments, capsys):
    assert main(arguments) == 1
    assert "must be positive" in capsys.readouterr().err


def test_what_is_absent_is_named(tmp_path, capsys):
    assert main(["--checkpoint", str(tmp_path / "absent"), "--seconds", "1"]) == 1
    assert "absent is not a folder" in capsys.readouterr().err
