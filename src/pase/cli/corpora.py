"""Commands that make corpora and look at them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pase.cli.command import AddCommand
from pase.errors import InputError


def add_commands(command: AddCommand, given: Sequence[str]) -> None:
    """Add them to the parser; the arguments of `prepare` know the recipes, which takes imports, and wait for it."""
    _add_synthesize(command("synthesize", _synthesize, "write talking faces, or speech alone, with exact phone times"))
    prepare = command("prepare", _prepare, "turn talking-face videos into a phoneme-aligned corpus")
    if given[:1] == ["prepare"]:
        _add_prepare(prepare)
    _add_inspect(command("inspect", _inspect, "write a page to look at a prepared corpus, or at one of its clips"))


def _add_synthesize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", type=Path, help="folder to write to")
    parser.add_argument("--clips", type=int, default=100, help="number of clips (default: %(default)s)")
    parser.add_argument("--speakers", type=int, help="default: 4 with faces, a fifth of the clips without")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same clips (default: %(default)s)")
    parser.add_argument(
        "--kind", choices=("faces", "speech"), default="faces", help="videos, or sound alone (default: %(default)s)"
    )
    parser.add_argument("--landmarks", action="store_true", help="faces: also write the renderer's own face landmarks")
    parser.add_argument(
        "--engines", nargs="+", metavar="NAME", help="speech: of espeak, flite, festival (default: those installed)"
    )


def _synthesize(options: argparse.Namespace) -> None:
    if options.kind == "speech":
        _synthesize_speech(options)
        return
    from pase.corpus.synthetic import synthesize

    if options.engines is not None:
        raise InputError("--engines goes with --kind speech: faces speak with espeak alone")
    speakers = 4 if options.speakers is None else options.speakers
    synthesize(options.output, options.clips, speakers, options.seed, options.landmarks)
    print(f"{options.clips} clips of {speakers} speakers in {options.output}")


def _synthesize_speech(options: argparse.Namespace) -> None:
    from pase.corpus.synthetic.voices import synthesize_speech

    if options.landmarks:
        raise InputError("--landmarks goes with --kind faces: speech alone has none")
    engines = synthesize_speech(options.output, options.clips, options.speakers, options.seed, options.engines)
    print(f"{options.clips} clips by {', '.join(engine.name for engine in engines)} in {options.output}")


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    from pase.preparation.arguments import add_arguments

    add_arguments(parser)


def _prepare(options: argparse.Namespace) -> None:
    from pase.preparation.arguments import options_from
    from pase.preparation.prepare import prepare

    print(prepare(options.source, options.output, options_from(options)))


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", help="folder or address of a prepared corpus")
    parser.add_argument("--clip", metavar="CLIP_ID", help="look at this clip instead of the whole corpus")
    parser.add_argument("--output", type=Path, help="HTML file to write (default: inspect.html in the corpus)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of clips to show (default: %(default)s)")


def _inspect(options: argparse.Namespace) -> None:
    if options.clip is not None:
        from pase.inspection.clip_page import inspect_clip

        print(inspect_clip(options.corpus, options.clip, options.output))
    else:
        from pase.inspection.corpus_page import inspect_corpus

        print(inspect_corpus(options.corpus, options.output, options.seed))
