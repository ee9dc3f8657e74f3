"""Runs AD-NeRF's own modules on a CPU and saves what they see; started in a checkout.

The head's script trains for real, its networks made small by its own options. The torso's script, which is bound to a
GPU, is only asked for its command line and its loaders. Nothing is replaced; the audio networks are listened to.

Usage: python ad_nerf_probe.py JOB.json OUT.npz. The job holds arguments of the head's script in `head` and of the
torso's in `torso` and `speech`, and subjects for the head's own test in `head tests`.
"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

torch.cuda.is_available = lambda: False
OWN = ("load_audface", "run_nerf_helpers", "run_nerf")


def script(part):
    """The modules of the head's or of the torso's script, which have the same names."""
    for name in OWN:
        sys.modules.pop(name, None)
    sys.path[0] = str(Path("NeRFs") / part)
    return [importlib.import_module(name) for name in OWN]


def train_head(arguments):
    """What the audio networks see and say in a real training of the head, and their weights in its checkpoint."""
    _, _, run = script("HeadNeRF")
    heard = {"windows": [], "rows": [], "codes": []}

    class AudioNet(run.AudioNet):
        def forward(self, x):
            heard["windows"].append(x.clone())
            heard["weights"] = {key: value.clone() for key, value in self.state_dict().items()}
            heard["rows"].append(super().forward(x).detach().clone())
            return heard["rows"][-1]

    class AudioAttNet(run.AudioAttNet):
        def forward(self, x):
            heard["attention"] = {key: value.clone() for key, value in self.state_dict().items()}
            heard["codes"].append(super().forward(x).detach().clone())
            return heard["codes"][-1]

    run.AudioNet, run.AudioAttNet = AudioNet, AudioAttNet
    sys.argv = ["run_nerf.py", *arguments]
    run.train()
    return heard


def main(job, out):
    job = json.loads(Path(job).read_text())
    heard = train_head(job["head"])
    seen = {f"head/{name}": torch.stack(heard[name]).numpy() for name in ("windows", "rows", "codes")}
    for part in ("weights", "attention"):
        seen |= {f"head/{part}/{key}": value.numpy() for key, value in heard[part].items()}
    load, _, _ = script("HeadNeRF")
    for name, folder in job["head tests"].items():
        try:
            load.load_audface_data(folder, 1, "transforms_train.json", "aud.npy")
        except (KeyError, IndexError) as error:
            seen[f"head test {name}/error"] = np.array(f"{type(error).__name__}: {error}")
    load, _, run = script("TorsoNeRF")
    sys.argv = ["run_nerf.py"]
    options = run.config_parser().parse_args(job["torso"])
    seen["torso/rows"] = load.load_audface_data(options.datadir, options.testskip)[2]
    seen["torso/expname"] = np.array(options.expname)
    for name, arguments in job["speech"].items():
        options = run.config_parser().parse_args(arguments)
        assert options.with_test == 1
        found = load.load_test_data(
            options.datadir, options.aud_file, options.test_pose_file, options.testskip, options.test_size,
            options.aud_start,
        )  # fmt: skip
        seen[f"{name}/poses"], seen[f"{name}/rows"] = found[0], found[1]
    np.savez(out, **seen)


if __name__ == "__main__":
    main(*sys.argv[1:])
