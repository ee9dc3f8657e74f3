"""Builds networks of a 3DGS renderer and prints the inputs of their first layers; run by test_launcher.py's launcher.

Usage: launcher_probe.py MODULE OPTIONS CLASS..., in the checkout; OPTIONS is a class of the renderer's
module `arguments`, or empty for --audio_extractor hubert alone.
"""

import importlib
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from unittest.mock import MagicMock

ABSENT = (
    *("diff_gaussian_rasterization", "diff_gauss", "simple_knn", "simple_knn._C", "_gridencoder", "_shencoder"),
    *("plyfile", "open3d", "open3d.t", "open3d.t.geometry", "easydict", "torch_cluster", "librosa", "librosa.filters"),
    *("ikan", "ikan.TaylorKAN"),
)
"""Compiled for CUDA, or large; the networks that are built here call none of them."""

sys.path.insert(0, str(Path.cwd()))
sys.modules.update((name, MagicMock()) for name in ABSENT)
sys.modules["ikan.TaylorKAN"].TaylorKANLinear = importlib.import_module("torch").nn.Linear


def main(module, options, *classes):
    args = Namespace(audio_extractor="hubert", type="face")
    if options:
        args = getattr(importlib.import_module("arguments"), options)(ArgumentParser())
        args.only_infer = False
    for name in classes:
        net = getattr(importlib.import_module(module), name)(args=args)
        print("built", name, net.audio_net.encoder_conv[0].weight.shape[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
