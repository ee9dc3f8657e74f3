"""Runs GeneFace's own modules on a CPU and saves what they see; started in a checkout.

Replaced are its compiled CUDA extensions, by empty modules, its 3D face model, which has terms of its own, by made-up
points, and moving to a GPU, by staying.

Usage: python geneface_probe.py JOB.json OUT.npz. The job has a folder to work in, which holds data/processed/videos/ID,
and the arguments of the printed commands: `bake`, `head`, `torso`.
"""

import importlib
import json
import os
import sys
import types
from pathlib import Path

import numpy as np
import torch

for compiled in ("_raymarching_face", "_gridencoder", "_shencoder", "_freqencoder"):
    sys.modules[compiled] = types.ModuleType(compiled)
checkout = Path.cwd()
sys.path.insert(0, str(checkout))
torch.cuda.is_available = lambda: False
torch.Tensor.cuda = lambda tensor, *_, **__: tensor


class Face3DHelper:
    """Points of a face that is made up."""

    def reconstruct_idexp_lm3d(self, identity, expression):
        return (expression.float() @ torch.ones(64, 204)).view(-1, 68, 3)


sys.modules["data_util.face3d_helper"] = types.ModuleType("data_util.face3d_helper")
sys.modules["data_util.face3d_helper"].Face3DHelper = Face3DHelper


def parse(settings, arguments):
    """What tasks/run.py makes of its command line."""
    sys.argv = ["run.py", *arguments]
    return dict(settings.set_hparams(print_hparams=False))


def main(job, out):
    job = json.loads(Path(job).read_text())
    os.chdir(job["folder"])
    Path("egs").symlink_to(checkout / "egs")
    sys.argv = ["binarizer.py", *job["bake"]]
    binarizer = importlib.import_module("data_gen.nerf.binarizer")
    binarizer.Binarizer().parse(binarizer.hparams["video_id"])

    settings = importlib.import_module("utils.commons.hparams")
    torso = parse(settings, job["torso"])
    head = parse(settings, job["head"])
    seen = {
        "head_model_dir": np.array(torso["head_model_dir"]),
        "work_dir": np.array(head["work_dir"]),
        "cond_type": np.array(head["cond_type"]),
        "settings": np.array(sorted(head)),
    }
    data = importlib.import_module("tasks.radnerfs.dataset_utils")
    radnerf = importlib.import_module("modules.radnerfs.radnerf")
    torch.manual_seed(0)
    net = radnerf.RADNeRF(settings.hparams).eval()
    for split in ("train", "val"):
        dataset = data.RADNeRFDataset(split, training=split == "train")
        windows = [dataset[index]["cond_wins"].float() for index in range(len(dataset))]
        seen[f"{split}/windows"] = torch.stack(windows).numpy()
        with torch.no_grad():
            seen[f"{split}/codes"] = torch.stack([net.cal_cond_feat(window) for window in windows]).numpy()
    parts = ("cond_prenet.", "cond_att_net.")
    seen |= {f"weight/{key}": value.numpy() for key, value in net.state_dict().items() if key.startswith(parts)}
    np.savez(out, **seen)


if __name__ == "__main__":
    main(*sys.argv[1:])
