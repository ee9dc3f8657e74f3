"""Runs the own dataset, training options and network of a 2-D renderer on a CPU; started by test_flat_family.py.

Usage: python flat_family_probe.py TASK.json OUT.npz, in the renderer's checkout. Nothing of it is replaced.
"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import torch


def options_of(script, arguments):
    """The options that a training script makes of a command line."""
    sys.argv = [f"{script}.py", *arguments]
    module = importlib.import_module(script)
    return vars(getattr(module, "parse_args", getattr(module, "get_args", None))())


def main(task_file, out):
    task = json.loads(Path(task_file).read_text())
    sys.path.insert(0, str(Path.cwd()))
    options = options_of(task["script"], task["arguments"])
    dataset = importlib.import_module(task["dataset"]).MyDataset(options["dataset_dir"], options["asr"])
    items = [dataset[index] for index in range(len(dataset))]
    torch.manual_seed(0)
    net = importlib.import_module(task["net"]).Model(6, options["asr"]).eval()
    torch.save({"model": net.state_dict()}, task["weights"])
    with torch.no_grad():
        pictures = torch.cat([net(item[0][None], item[2][None]) for item in items[:3]])
    windows = torch.stack([item[2] for item in items])
    np.savez(out, windows=windows.numpy(), pictures=pictures.numpy(), save_dir=options["save_dir"])


if __name__ == "__main__":
    main(*sys.argv[1:])
