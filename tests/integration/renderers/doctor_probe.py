"""Lets ER-NeRF's own trainer save checkpoints of its own network, on a CPU; started in a checkout.

Replaced are its compiled encoders, which do not take sound.

Usage: python doctor_probe.py JOB.json OUT.npz. The job has, by values of --asr_model, folders to save to.
"""

import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path.cwd()))


class Nothing(torch.nn.Module):
    """In place of the compiled encoders, which hold no sound."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()
        self.output_dim = 16


for package, encoder in (
    ("raymarching", ""),
    ("gridencoder", "GridEncoder"),
    ("shencoder", "SHEncoder"),
    ("freqencoder", "FreqEncoder"),
):
    sys.modules[package] = types.ModuleType(package)
    setattr(sys.modules[package], encoder or "unused", Nothing)

from nerf_triplane.network import NeRFNetwork  # noqa: E402
from nerf_triplane.utils import Trainer  # noqa: E402
from torch_ema import ExponentialMovingAverage  # noqa: E402


class Options:
    """What the network asks for; what is not named is 0."""

    att, bound, min_near, density_thresh, cuda_ray = 2, 1, 0.05, 10, True
    ind_dim, ind_num, ind_dim_torso, torso_shrink = 4, 10, 8, 0.8

    def __init__(self, asr_model: str) -> None:
        self.asr_model = asr_model

    def __getattr__(self, _: str) -> int:
        return 0


def main(job_file: str, out: str) -> None:
    for asr_model, folder in json.loads(Path(job_file).read_text()).items():
        save(NeRFNetwork(Options(asr_model)), folder)
    np.savez(out)


def save(model: NeRFNetwork, folder: str) -> None:
    optimizer = torch.optim.AdamW(model.get_params(5e-3, 5e-3), betas=(0.9, 0.99))
    trainer = types.SimpleNamespace(
        name="ngp",
        epoch=3,
        global_step=10,
        model=model,
        optimizer=optimizer,
        stats={"loss": [0.5], "valid_loss": [0.5], "results": [np.float64(0.25)], "checkpoints": []},
        lr_scheduler=torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step),
        scaler=torch.amp.GradScaler("cpu", enabled=False),
        ema=ExponentialMovingAverage(model.parameters(), decay=0.95),
        ckpt_path=folder,
        best_path=f"{folder}/ngp.pth",
        max_keep_ckpt=2,
    )
    Trainer.save_checkpoint(trainer, full=True)
    Trainer.save_checkpoint(trainer, best=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
