"""How fast `pase prepare` is, beside decoding, landmarks and alignment called bare on the same videos.

Both run in this process, one video after the other, and are measured in processor time, in turns: bare, prepared, bare,
... The least of each counts, because anything else is somebody else's work.

    python -m pase.benchmarks.prepare SOURCE --recipe grid [--videos 12] [--runs 3]
"""

import argparse
import shlex
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pase.audio.waveform import load_audio
from pase.corpus.clip import FRAME_RATE
from pase.errors import PaseError
from pase.execution.base import unless_failed
from pase.execution.local import LocalExecutor
from pase.phonemes.aligners.grid_align import read_grid_align
from pase.phonemes.aligners.pocketsphinx import PocketSphinxAligner
from pase.phonemes.words import words_of
from pase.preparation.options import PrepareOptions
from pase.preparation.pipeline import stages_of
from pase.preparation.stage import StageTask
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo, discover
from pase.recipes.catalogue import recipe_of
from pase.recipes.transcripts import read_transcript
from pase.video.face_model import find_model
from pase.video.faces import FaceLandmarker
from pase.video.reading import iter_frames


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor seconds of some parts, by their names."""

    parts: dict[str, float]

    @property
    def total(self) -> float:
        """All parts together."""
        return sum(self.parts.values())


def bare(videos: Sequence[SourceVideo], model: Path) -> Costs:
    """Decode, find landmarks, align: nothing else, and nothing is kept."""
    aligner = PocketSphinxAligner()
    spent = {"decode": 0.0, "landmarks": 0.0, "align": 0.0}
    for video in videos:
        with _timed(spent, "decode"):
            waveform = load_audio(video.video)
            pictures = list(iter_frames(video.video, FRAME_RATE))
        with _timed(spent, "landmarks"):
            _landmarks(pictures, model)
        words = _words(video)
        if words:
            with _timed(spent, "align"):
                aligner.align_waveform(waveform, words)
    return Costs(spent)


def prepared(videos: Sequence[SourceVideo], options: PrepareOptions) -> Costs:
    """All stages of a preparation, one after the other."""
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, LocalExecutor(0) as executor:
        work = WorkFolder(Path(folder))
        alive = list(videos)
        for stage in stages_of(options):
            ready = stage.prepared()
            task = StageTask.of(ready, work)
            began = time.process_time()
            outcomes = [
                o
                for _, result in executor.run(task, ((v,) for v in alive))
                for o in unless_failed(result, f"the stage {stage.name} failed")
            ]
            spent[stage.name] = time.process_time() - began
            going = {outcome.name for outcome in outcomes if outcome.alive}
            alive = [video for video in alive if video.name in going]
    return Costs(spent)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with videos")
    parser.add_argument("--recipe", default="folder")
    parser.add_argument("--videos", type=int, default=12, help="evenly spread over the source (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args(arguments)
    try:
        listing = discover(given.source, recipe_of(given.recipe)).videos
        places = np.unique(np.linspace(0, len(listing) - 1, min(given.videos, len(listing))).astype(int))
        videos = [listing[place] for place in places]
        options = PrepareOptions(recipe=given.recipe, jobs=0)
        pairs = [(bare(videos, find_model()), prepared(videos, options)) for _ in range(given.runs)]
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    seconds = sum(len(load_audio(video.video)) for video in videos) / 16_000
    own = sys.argv[1:] if arguments is None else list(arguments)
    command = shlex.join(["python", "-m", "pase.benchmarks.prepare", *own])
    print("\n".join(table([pair[0] for pair in pairs], [pair[1] for pair in pairs], seconds, command)))
    return 0


def table(calls: Sequence[Costs], stages: Sequence[Costs], seconds: float, command: str) -> Iterable[str]:
    """The lines of the result as Markdown: costs of the bare calls, costs of the stages, and their ratio."""
    least = [min(costs, key=lambda cost: cost.total) for costs in (calls, stages)]
    yield f"`{command}`: {seconds:.0f} s of video; processor seconds per second of video, least of {len(calls)} runs"
    yield ""
    yield "| | bare | prepared |"
    yield "| --- | ---: | ---: |"
    for name, spent in least[0].parts.items():
        yield f"| {name} | {spent / seconds:.3f} | |"
    for name, spent in least[1].parts.items():
        yield f"| stage {name} | | {spent / seconds:.3f} |"
    yield f"| together | {least[0].total / seconds:.3f} | {least[1].total / seconds:.3f} |"
    yield f"| ratio | 1 | {least[1].total / least[0].total:.2f} |"


@contextmanager
def _timed(spent: dict[str, float], name: str) -> Iterator[None]:
    began = time.process_time()
    yield
    spent[name] += time.process_time() - began


def _landmarks(pictures: Sequence[Any], model: Path) -> None:
    with FaceLandmarker(model) as landmarker:
        for number, picture in enumerate(pictures):
            landmarker.locate(picture, number * 1000 // FRAME_RATE)


def _words(video: SourceVideo) -> tuple[str, ...]:
    if video.given is not None and video.given.suffix == ".align":
        return tuple(word.word for word in read_grid_align(video.given))
    if video.transcript is not None:
        return read_transcript(video.transcript, video.transcript_format)
    return words_of(video.text)


if __name__ == "__main__":
    sys.exit(main())
