"""Runs ER-NeRF's own modules on a CPU and saves what they see; started by test_adapt_er_nerf.py in the checkout.

Only ER-NeRF's four compiled CUDA extensions are replaced, by empty modules: nothing that is run here calls them.

Usage: python adapt_er_nerf_probe.py JOB.json OUT.npz, where JOB.json holds {name: arguments of main.py}.
"""

import json
import runpy
import sys
import types
from pathlib import Path

import numpy as np
import torch

for compiled in ("_raymarching_face", "_gridencoder", "_shencoder", "_freqencoder"):
    sys.modules[compiled] = types.ModuleType(compiled)
sys.path.insert(0, str(Path.cwd()))
torch.cuda.is_available = lambda: False

import nerf_triplane.network as network  # noqa: E402
from nerf_triplane.provider import NeRFDataset  # noqa: E402


class OptionsParsed(Exception):  # noqa: N818
    """Raised in place of building the network, once main.py has read its command line."""


def parse_by_main(arguments):
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


def open_like_main(options):
    """The loader that main.py opens first for these options."""
    split = "train" if options.test_train or not options.test else "test"
    dataset = NeRFDataset(options, device=torch.device("cpu"), type=split)
    if options.test:
        dataset.training, dataset.num_rays = False, -1
    return dataset


def main(job, out):
    seen = {}
    for name, arguments in json.loads(Path(job).read_text()).items():
        options = parse_by_main(arguments)
        dataset = open_like_main(options)
        torch.manual_seed(0)
        net = network.NeRFNetwork(options).eval()
        frames = dataset.dataloader()
        windows = [dataset.collate([index])["auds"] for index in range(len(frames))]
        with torch.no_grad():
            codes = torch.cat([net.encode_audio(window) for window in windows])
            seen |= {
                f"{name}/weight/{key}": value.numpy().copy()
                for key, value in net.state_dict().items()
                if key.startswith(("audio_net.", "audio_att_net."))
            }
            net.half()  # with -O, training runs the audio networks in half precision
            half = torch.cat([net.encode_audio(window.half()) for window in windows])
        seen[f"{name}/windows"] = torch.stack(windows).numpy()
        seen[f"{name}/codes"] = codes.numpy()
        seen[f"{name}/half"] = half.float().numpy()
    np.savez(out, **seen)


if __name__ == "__main__":
    main(*sys.argv[1:])
