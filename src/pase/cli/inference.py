"""Commands that put a trained encoder to use."""

import argparse
from pathlib import Path

from pase.cli.command import AddCommand
from pase.errors import InputError


def add_commands(command: AddCommand) -> None:
    """Add them to the parser."""
    exports = "turn a Lightning checkpoint into a folder for use, or such a folder into ONNX"
    _add_export(command("export", _export, exports))
    _add_encode(command("encode", _encode, "features of a sound or video file, as .npy"))


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="a .ckpt file below the run's checkpoints/; --onnx: a folder")
    parser.add_argument("output", type=Path, help="folder to write; --onnx: file")
    parser.add_argument("--onnx", action="store_true", help="write the audio encoder as a graph for onnxruntime")
    parser.add_argument("--width", type=int, help="--onnx: features projected to this width (default: as they are)")


def _export(options: argparse.Namespace) -> None:
    if options.onnx:
        from pase.inference.onnx_export import export_onnx

        done = export_onnx(options.checkpoint, options.output, options.width)
        print(f"{done.path}: model {done.model_id}, width {done.width}, differs from torch by {done.error:.1g} at most")
        return
    from pase.training.export import export

    if options.width is not None:
        raise InputError("--width goes with --onnx: a checkpoint folder holds features of every width")
    print(f"{options.output}: model {export(options.checkpoint, options.output, {}).model_id}")


def _add_encode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audio", type=Path, help="any sound or video file")
    parser.add_argument("output", type=Path, help="the .npy file to write, float32, one row per time")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint folder (default: the one in the package)")
    parser.add_argument("--rate", type=float, help="rows per second, e.g. 25 (default: the encoder's own states)")
    parser.add_argument("--width", type=int, help="features projected to this width, e.g. 29, 32, 44 (default: all)")


def _encode(options: argparse.Namespace) -> None:
    from pase.inference.encoder import PASE

    encoder = PASE.from_pretrained(options.checkpoint, options.width)
    rows, width = encoder.encode_to_file(options.audio, options.output, options.rate)
    print(f"{options.output}: {rows} rows of {width}, {options.rate or encoder.rate:g} per second")
