"""Runs the own modules of RAD-NeRF, ER-NeRF or SyncTalk on a CPU and saves what they see; started in a checkout.

Replaced are their four compiled CUDA extensions, by empty modules, and the window of RAD-NeRF's graphical interface:
nothing that is run here calls them.

Usage: python nerf_family_probe.py JOB.json OUT.npz. The job has the name of the renderer's package, command lines of
main.py in `loads` (parsed, loaded, and seen by the networks unless the width is left to a launcher) and in `fails`
(loading is expected to raise).
"""

import json
import runpy
import sys
import types
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

for compiled in ("_raymarching_face", "_gridencoder", "_shencoder", "_freqencoder"):
    sys.modules[compiled] = types.ModuleType(compiled)
sys.modules["nerf.gui"] = types.ModuleType("nerf.gui")
sys.modules["nerf.gui"].NeRFGUI = None
sys.path.insert(0, str(Path.cwd()))
torch.cuda.is_available = lambda: False


class OptionsParsed(Exception):  # noqa: N818
    """Raised in place of building the network, once main.py has read its command line."""


def parse_by_main(network, arguments):
    """The options that main.py itself makes of a command line."""

    def stop(options):
        raise OptionsParsed(options)

    genuine, network.NeRFNetwork = network.NeRFNetwork, stop
    sys.argv = ["main.py", *arguments]
    try:
        runpy.run_path("main.py", run_name="__main__")
    except OptionsParsed as found:
        return found.args[0]
    finally:
        network.NeRFNetwork = genuine
    raise RuntimeError("main.py built no network")


def open_like_main(provider, options):
    """The loader that main.py opens first for these options."""
    split = "train" if options.test_train or not options.test else "test"
    dataset = provider.NeRFDataset(options, device=torch.device("cpu"), type=split)
    if options.test:
        dataset.training, dataset.num_rays = False, -1
    return dataset


def listen(network, options, windows):
    """Codes of windows in single and half precision, and the weights that made them."""
    torch.manual_seed(0)
    net = network.NeRFNetwork(options).eval()
    with torch.no_grad():
        codes = torch.cat([net.encode_audio(window) for window in windows])
        parts = ("audio_net.", "audio_att_net.")
        weights = {f"weight/{k}": v.clone() for k, v in net.state_dict().items() if k.startswith(parts)}
        net.half()  # with -O, training runs the audio networks in half precision
        half = torch.cat([net.encode_audio(window.half()) for window in windows]).float()
    return {"codes": codes, "half": half, **weights}


def edges(network, utils, options):
    """What the networks make of 20 columns, of the first 16 of them, and of three rows."""
    torch.manual_seed(0)
    net = network.NeRFNetwork(options).eval()
    rows = torch.randn(12, net.audio_in_dim, 20)
    with torch.no_grad():
        seen = {f"edge/{w}": net.encode_audio(utils.get_audio_features(rows[..., :w], 2, 6)) for w in (1, 2, 16, 20)}
    try:
        net.encode_audio(utils.get_audio_features(rows[:3], 2, 0))
    except RuntimeError as error:
        seen["edge/three rows"] = np.array(str(error))
    return seen


def main(job, out):
    job = json.loads(Path(job).read_text())
    network, provider, utils = (import_module(f"{job['package']}.{name}") for name in ("network", "provider", "utils"))
    seen = {}
    for name, (arguments, heard) in job["loads"].items():
        options = parse_by_main(network, arguments)
        dataset = open_like_main(provider, options)
        windows = [dataset.collate([index])["auds"] for index in range(len(dataset.dataloader()))]
        found = {"windows": torch.stack(windows), **(listen(network, options, windows) if heard else {})}
        seen |= {f"{name}/{key}": value.numpy() for key, value in found.items()}
    for name, arguments in job["fails"].items():
        try:
            open_like_main(provider, parse_by_main(network, arguments))
        except (OSError, UnboundLocalError) as error:
            seen[f"{name}/error"] = np.array(f"{type(error).__name__}: {error}")
    first = parse_by_main(network, next(iter(job["loads"].values()))[0])
    np.savez(out, **seen, **edges(network, utils, first))


if __name__ == "__main__":
    main(*sys.argv[1:])
