"""`pase-adapt subject`, `train` and `render`: the reference renderers, which need no checkout of anything."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

_SUBJECT_EPILOG = """\
next:
  pase-adapt --renderer er-nerf --audio data/me/aud.wav --data-dir data/me
  pase-adapt train data/me --renderer reference-nerf --output runs/me
"""

_RENDER_EPILOG = """\
example, for a recording that the person has never spoken:
  pase-adapt --renderer er-nerf --audio hello.wav --driving --output out --data-dir data/me
  pase-adapt render runs/me --subject data/me --features out/hello_eo.npy --audio hello.wav --output hello.mp4
"""


def run_subject(arguments: Sequence[str]) -> int:
    """Make footage of videos; return the exit status."""
    parser = _parser(
        "subject", "Find the mouth of a person in videos: what a reference renderer learns from.", _SUBJECT_EPILOG
    )
    parser.add_argument(
        "videos", metavar="VIDEO", type=Path, nargs="+", help="one person who looks at the camera, with sound"
    )
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="new folder for the subject")
    parser.add_argument("--size", metavar="PIXELS", type=_size, default=64, help="side of the mouths, 32 to 256 (64)")
    parser.add_argument(
        "--like",
        metavar="DIR",
        type=Path,
        help="subject of the same person that a renderer is trained on: for videos that only lend their pictures",
    )
    parser.add_argument("--face-model", metavar="FILE", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument(
        "--landmarks",
        choices=("mediapipe", "sidecar"),
        default="mediapipe",
        help="mediapipe: find the face; sidecar: read VIDEO's .landmarks.npz instead",
    )
    options = parser.parse_args(arguments)
    from pase.video.face_model import find_model
    from pase.video.speaker import find_speaker, speaker_from_sidecar
    from pase_adapters.reference.footage import Footage, make_footage

    sidecar = options.landmarks == "sidecar"
    find = speaker_from_sidecar if sidecar else partial(find_speaker, model=find_model(options.face_model))
    like = None if options.like is None else Footage.open(options.like)
    footage = make_footage(options.videos, options.output, options.size, find, like)
    print(f"{options.output}: {len(footage)} frames ({len(footage) / 25:.1f} s), mouths of {footage.size} pixels")
    print("\nNext, features for reference-nerf or for reference-3dgs:")
    for renderer in ("er-nerf", "gaussian-talker"):
        print(f"  pase-adapt --renderer {renderer} --audio {footage.sound} --data-dir {options.output}")
    return 0


def run_train(arguments: Sequence[str]) -> int:
    """Train a reference renderer; return the exit status."""
    parser = _parser(
        "train", "Train a reference renderer on a subject. Run it again to go on where it was stopped.", ""
    )
    parser.add_argument("subject", metavar="SUBJECT", type=Path, help="folder that 'pase-adapt subject' made")
    parser.add_argument("--renderer", metavar="NAME", required=True, help="reference-nerf or reference-3dgs")
    parser.add_argument(
        "--features",
        metavar="FILE",
        type=Path,
        help="feature file (default: the one that pase-adapt wrote into SUBJECT for er-nerf or gaussian-talker)",
    )
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="folder for the trained renderer")
    parser.add_argument("--steps", type=int, help="of the optimiser (default: what takes minutes without a GPU)")
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates (1)")
    parser.add_argument("--seed", type=int, default=0)
    _add_device(parser)
    options = parser.parse_args(arguments)
    from pase_adapters.reference.features import Features
    from pase_adapters.reference.footage import Footage
    from pase_adapters.reference.training import Training, settings_for
    from pase_adapters.registry import load_registry

    settings = settings_for(options.renderer)
    steps = settings.steps if options.steps is None else options.steps
    settings = replace(settings, steps=steps, rate=options.rate, seed=options.seed)
    file = load_registry().get(settings.features_of).slot(None).training_file
    features = Features.open(options.features or options.subject / file)
    training = Training(Footage.open(options.subject), features, settings, options.output, options.device)
    training.run()
    print(f"{options.output}: trained {settings.steps} steps; PSNR of frames kept from training {training.psnr:.2f} dB")
    return 0


def run_render(arguments: Sequence[str]) -> int:
    """Render a video; return the exit status."""
    parser = _parser(
        "render", "Let a trained reference renderer speak a recording: an mp4 with its sound.", _RENDER_EPILOG
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder that 'pase-adapt train' wrote")
    parser.add_argument(
        "--subject", metavar="DIR", type=Path, required=True, help="the pictures that the mouths are put into"
    )
    parser.add_argument("--features", metavar="FILE", type=Path, required=True, help="features of the recording")
    parser.add_argument("--audio", metavar="FILE", type=Path, required=True, help="the recording")
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="the mp4 to write")
    _add_device(parser)
    options = parser.parse_args(arguments)
    from pase_adapters.reference.device import pick_device
    from pase_adapters.reference.features import Features
    from pase_adapters.reference.footage import Footage
    from pase_adapters.reference.rendering import render
    from pase_adapters.reference.store import load_model

    model = load_model(options.model)[0].to(pick_device(options.device))
    features = Features.open(options.features)
    frames = render(model, features, options.audio, Footage.open(options.subject), options.output)
    print(f"{options.output}: {frames} frames")
    return 0


def _parser(command: str, description: str, epilog: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"pase-adapt {command}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto (a GPU where there is one), cpu, cuda, cuda:1 (auto)")


def _size(text: str) -> int:
    size = int(text)
    if not 32 <= size <= 256:
        raise argparse.ArgumentTypeError(f"must be from 32 to 256, not {size}")
    return size
