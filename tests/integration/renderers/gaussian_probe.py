"""Runs the 3D Gaussian splatting renderers' own code on a CPU and saves what it sees, for test_gaussian_family_real.py.

Started in a folder of links to a checkout, so that what the scripts write beside themselves never gets into it. What
is compiled for CUDA, or needed by nothing that is run here, is replaced by empty stand-ins; the options, the readers
and the audio networks are the renderer's own.

Usage: python gaussian_probe.py JOB.json OUT.npz. JOB.json holds `kind`, `launch` and `cases`: {name: {words, person}}.
"""

import argparse
import builtins
import importlib
import inspect
import json
import runpy
import sys
import types
from pathlib import Path

import numpy as np
import torch
import torchvision

missing = set()
"""Names that the renderer's code uses and does not have, supplied here."""

KEPT = 24
"""Features that the subject's recording has; what a slot is wider is padding."""


def stand_in(name, **attributes):
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    sys.modules[name] = module


class Encoder(torch.nn.Module):
    """A spatial encoding that is built and never called."""

    def __init__(self, **options):
        super().__init__()
        self.output_dim = options.get("num_levels", 4)


class Settings:
    """mmcv's reading of a file of settings, which is Python."""

    @staticmethod
    def fromfile(path):
        return {name: value for name, value in runpy.run_path(path).items() if name.endswith("Params")}


rasterizer = {"GaussianRasterizationSettings": None, "GaussianRasterizer": None}
stand_in("simple_knn")
stand_in("simple_knn._C", distCUDA2=None)
stand_in("diff_gauss", **rasterizer)
stand_in("diff_gaussian_rasterization", **rasterizer)
stand_in("gridencoder", GridEncoder=Encoder)
stand_in("shencoder", SHEncoder=Encoder)
stand_in("open3d")
stand_in("tkinter", W=None)
stand_in("librosa")
stand_in("mmcv", Config=Settings)
torch.cuda.is_available = lambda: False
torchvision.models.vgg16 = lambda weights: types.SimpleNamespace(features=torch.nn.Sequential(torch.nn.Identity()))
sys.path[:0] = [str(Path.cwd()), str(Path.cwd() / "scene" / "KAN")]  # EGSTalker ships `ikan` there

import arguments  # noqa: E402
import utils.general_utils  # noqa: E402

utils.general_utils.safe_state = lambda quiet: None  # picks a CUDA device


class OptionsParsed(Exception):  # noqa: N818
    """Raised in place of training or rendering, once the script has read its command line."""


def parse_by_script(words):
    """The options of the data, and all options, that a script makes of a command line."""
    genuine = arguments.ModelParams.extract

    def stop(self, options):
        raise OptionsParsed(genuine(self, options), options)

    arguments.ModelParams.extract = stop
    sys.argv = words
    try:
        runpy.run_path(words[0], run_name="__main__")
    except OptionsParsed as found:
        return found.args
    finally:
        arguments.ModelParams.extract = genuine
    raise RuntimeError(f"{words[0]} read no options")


def save_options(options):
    """Leave the options of a run beside its checkpoints, as training does: the other scripts read them."""
    run = Path(options.model_path)
    run.mkdir(parents=True, exist_ok=True)
    (run / "cfg_args").write_text(str(argparse.Namespace(**vars(options))))


def read_talking_gaussian(data, options, person):
    """Windows by split, from the reader that the script's own `Scene` calls."""
    scene = "scene" if person is None else "scene_pretrain"
    readers = importlib.import_module(f"{scene}.dataset_readers")
    data.source_path = str(Path(data.source_path) / (person or ""))
    more = {name: getattr(data, name) for name in ("preload",) if hasattr(data, name)}
    found = readers.sceneLoadTypeCallbacks["Blender"](data.source_path, False, data.eval, args=data, **more)
    return {
        split: [camera.talking_dict["auds"] for camera in cameras]
        for split, cameras in (("train", found.train_cameras), ("val", found.test_cameras))
    }


def read_gaussian_talker(data, options, person):
    from scene.talking_dataset_readers import sceneLoadTypeCallbacks2

    found = sceneLoadTypeCallbacks2["ER-NeRF"](
        data.source_path, False, data.eval, custom_aud=getattr(options, "custom_aud", None)
    )
    splits = {"train": found.train_cameras, "val": found.test_cameras, "custom": found.custom_cameras or []}
    return {split: [camera.aud_f for camera in cameras] for split, cameras in splits.items()}


def build_talking_gaussian(data, options):
    """Every network of the renderer that hears: state dicts as they go into its checkpoints, and how they encode."""
    nets = importlib.import_module("scene.motion_net")
    names = ("MotionNetwork", "MouthMotionNetwork", "PersonalizedMotionNetwork")
    built = {name: construct(getattr(nets, name), data).eval() for name in names if hasattr(nets, name)}
    return {name: (net.state_dict(), net.encode_audio) for name, net in built.items()}


def construct(cls, data):
    """A network; one that lacks the width of its hidden layers gets it supplied, as a missing import is."""
    try:
        return cls(args=data)
    except AttributeError:
        missing.add("hidden_dim")
        cls.hidden_dim = 32
        return cls(args=data)


def build_gaussian_talker(data, options):
    from scene.deformation import deform_network

    net = deform_network(options).eval()
    heard = net.deformation_net
    return {"deform": (net.state_dict(), lambda rows: heard.audio_att_net(heard.audio_net(rows)[None]))}


KINDS = {
    "talking-gaussian": (read_talking_gaussian, build_talking_gaussian),
    "gaussian-talker": (read_gaussian_talker, build_gaussian_talker),
}


def widen(launch):
    """Build the audio networks with another width, in the class and by the argument that the launch names."""
    cls = getattr(importlib.import_module(launch["module"]), launch["cls"])
    construct = cls.__init__

    def widened(*given, **named):
        call = inspect.signature(construct).bind(*given, **named)
        call.arguments[launch["width_argument"]] = launch["width"]
        construct(*call.args, **call.kwargs)

    cls.__init__ = widened


def import_renderer():
    """Import what every script imports; where a name is missing there, note which, supply it and go on."""
    try:
        importlib.import_module("gaussian_renderer")
    except NameError as error:
        missing.add(error.name)
        setattr(builtins, error.name, None)
        importlib.import_module("gaussian_renderer")
    if Path("gaussian_renderer/network_gui.py").exists():
        importlib.import_module("gaussian_renderer.network_gui").init = lambda address, port: None  # opens a port


def save_windows(windows, name, seen):
    """Keep how many rows each window has, and the features of those that are whole; the padding has to be zero."""
    whole = torch.stack([window for window in windows if len(window) == 8] or [torch.zeros(8, KEPT, 16)])
    if whole[:, :, KEPT:].any():
        raise RuntimeError(f"{name}: the padding is not zero")
    seen[f"{name}/rows"] = np.array([len(window) for window in windows])
    seen[f"{name}/width"] = np.array(whole.shape[2])
    seen[f"{name}/windows"] = whole[:, :, :KEPT].numpy()


def refuses(encode, window):
    """Whether the networks stop at a window of too few rows."""
    try:
        encode(window)
    except RuntimeError:
        return True
    return False


def probe(case, read, build, seen, name):
    data, options = parse_by_script(case["words"])
    save_options(data)
    seen[f"{name}/source"] = np.array(data.source_path)
    windows = read(data, options, case.get("person"))
    for split, found in windows.items():
        save_windows(found, f"{name}/{split}", seen)
    torch.manual_seed(0)
    for net, (weights, encode) in build(data, options).items():
        with torch.no_grad():
            codes = [encode(window) for found in windows.values() for window in found if len(window) == 8]
        seen[f"{name}/{net}/codes"] = torch.cat(codes).numpy()
        seen[f"{name}/{net}/refused"] = np.array(
            sum(refuses(encode, window) for found in windows.values() for window in found if len(window) < 8)
        )
        for key, value in weights.items():
            if "audio_net." in key or "audio_att_net." in key:
                seen[f"{name}/{net}/weight/{key}"] = value.numpy().copy()


def main(job, out):
    job, seen = json.loads(Path(job).read_text()), {}
    read, build = KINDS[job["kind"]]
    if job["launch"]:
        widen(job["launch"])
    import_renderer()
    for name, case in job["cases"].items():
        probe(case, read, build, seen, name)
    seen["missing"] = np.array(sorted(missing))
    np.savez(out, **seen)


if __name__ == "__main__":
    main(*sys.argv[1:])
