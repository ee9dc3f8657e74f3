"""Runs the real-time path of a renderer with PASE in it and saves the windows that it gives, with the sound it played.

Started by test_streaming.py, in the renderer's own Python where that is real code: no PASE here, and no GPU. What only
draws or plays is replaced by empty modules.

Usage: python streaming_probe.py TASK.json OUT.npz
"""

import importlib
import json
import queue
import runpy
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


def stub(name, **content):
    module = types.ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module


@dataclass
class AudioFrameData:
    data: np.ndarray
    type: int = 0
    userdata: dict = field(default_factory=dict)


def stub_all():
    models = ("AutoModelForCTC", "AutoProcessor", "Wav2Vec2Processor", "HubertModel")
    stub("transformers", **dict.fromkeys(models))
    stub("pyaudio", PyAudio=lambda: None)
    stub("resampy")
    stub("basereal", BaseReal=object)
    stub("avatars.base_avatar", BaseAvatar=object, AudioFrameData=AudioFrameData)
    stub("registry", register=lambda *_: lambda cls: cls)
    stub("ernerf")
    stub("ernerf.nerf_triplane")
    stub("ernerf.nerf_triplane.provider", NeRFDataset_Test=None)
    stub("ernerf.nerf_triplane.utils")
    stub("ernerf.nerf_triplane.network", NeRFNetwork=None)


def place(text):
    module, name = text.split(":")
    return getattr(importlib.import_module(module), name)


def chunks_of(path):
    return np.load(path).reshape(-1, 320)


def samples_of(taken):
    if isinstance(taken, tuple):
        taken = taken[0]
    return taken if isinstance(taken, np.ndarray) else taken.data


def drain(output):
    """The sound that was played, and that would be next."""
    played = []
    while True:
        try:
            played.append(samples_of(output.get(timeout=0.2)))
        except queue.Empty:
            return np.concatenate(played)


def run_file(asr_class, opt, task):
    ring = asr_class(opt)
    ring.warm_up()
    windows = []
    for _ in range(task["frames"]):
        ring.run_step()
        ring.run_step()
        windows.append(ring.get_next_feat().numpy().copy())
    return {"windows": np.stack(windows)}


def run_served(asr_class, opt, task):
    """Two sessions of one server, by turns, which hear different sounds."""
    models = [place(loader).from_pretrained("model").to("cpu") for loader in task["loaders"][:2]]
    rings = [asr_class(opt, None, *models) for _ in range(2)]
    for ring in rings:
        ring.warm_up()
    sounds = [chunks_of(task["sound"]), chunks_of(task["sound"])[::-1].copy()]
    windows = [[], []]
    for frame in range(task["frames"]):
        for session, ring in enumerate(rings):
            for chunk in sounds[session][2 * frame : 2 * frame + 2]:
                ring.put_audio_frame(chunk)
            ring.run_step()
            ring.run_step()
            windows[session].append(ring.get_next_feat().numpy().copy())
    found = {f"windows{session}": np.stack(some) for session, some in enumerate(windows)}
    return {**found, **{f"played{session}": drain(ring.output_queue) for session, ring in enumerate(rings)}}


def run_batches(asr_class, opt, task):
    """Speech, silence for some batches, which are left out, and speech again."""
    asr = asr_class(opt, None, place(task["loaders"][0])(), [4, 4])
    asr.warm_up()
    sound = chunks_of(task["sound"])
    half = len(sound) // 2
    windows = []
    for step in range(task["steps"]):
        if step in (0, task["steps"] // 2):
            for chunk in sound[:half] if step == 0 else sound[half:]:
                asr.put_audio_frame(chunk, {})
        asr.run_step()
        windows += [np.asarray(window) for window in asr.get_next_feat(True, 5)]
    silent = np.array([window.shape != (16, 1024) for window in windows])
    kept = [np.zeros((16, 1024), np.float32) if window.shape != (16, 1024) else window for window in windows]
    return {"windows": np.stack(kept), "silent": silent, "played": drain(asr.output_queue)}


def main(task_file, out):
    task = json.loads(Path(task_file).read_text())
    stub_all()
    sys.path[:0] = task["path"]
    runpy.run_path(task["run"])["prepare"](task["orders"])
    runner = {"file": run_file, "served": run_served, "batches": run_batches}[task["runner"]]
    asr_class = place(task["asr"])
    found = {}
    for name, options in task["cases"].items():
        try:
            case = runner(asr_class, types.SimpleNamespace(**options), task)
        except RuntimeError as error:  # PASE refuses it
            case = {"error": f"{type(error).__name__}: {error}"}
        found.update({f"{name}/{key}": value for key, value in case.items()})
    np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
