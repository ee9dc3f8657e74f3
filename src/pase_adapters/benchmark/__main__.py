"""Run the benchmark: `python -m pase_adapters.benchmark configs/benchmark/grid.yaml --output runs/benchmark`."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pase.errors import PaseError


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is lacking, write tables and page; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pase_adapters.benchmark",
        description="Train reference renderers on one person with several kinds of speech features, render held-out "
        "clips and measure lips and sync. Stopped at any moment, the same command goes on; started twice, two "
        "processes share the work.",
    )
    parser.add_argument("plan", type=Path, help="YAML file, such as configs/benchmark/grid.yaml")
    parser.add_argument("--output", type=Path, required=True, help="folder for everything that is made")
    parser.add_argument("--most", type=int, metavar="N", help="at most so many trainings now (default: all)")
    parser.add_argument("--face-model", type=Path, metavar="FILE", help="MediaPipe's face_landmarker.task")
    options = parser.parse_args(arguments)
    from pase.evaluation.rendered.evaluate import told_landmarks
    from pase.video.face_model import find_model
    from pase.video.speaker import find_speaker
    from pase_adapters.benchmark.plan import read_plan
    from pase_adapters.benchmark.report import write_report
    from pase_adapters.benchmark.running import Bench

    try:
        plan = read_plan(options.plan)
        model = find_model(options.face_model)
        find = partial(find_speaker, model=model)
        bench = Bench(plan, options.output, find, lambda line: print(line, flush=True), told_landmarks(model))
        failed = bench.run(options.most)
        print(write_report(bench))
    except PaseError as error:
        print(f"benchmark: error: {error}", file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
