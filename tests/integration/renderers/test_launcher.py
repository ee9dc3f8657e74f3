"""`pase-adapt run`: renderers' own scripts with another width, from the command to the exit status.

The first half launches a made-up renderer that has what the launcher must cope with: a network package, a class that
names itself in `super`, checkpoints that bear their width. The second half launches the renderers themselves, where
PASE_RENDERERS_DIR names a folder with their checkouts: nothing of them is changed, and what is compiled for CUDA is
replaced by empty modules, so that their scripts run to the place where CUDA begins.
"""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.integration.renderers.contract import checkout_or_skip, list_frames, make_subject

from pase.files import write_json
from pase_adapters.feature_file import Origin, note_path

HERE = Path(__file__).parent
ORIGIN = Origin("made-up", "any", "0123456789abcdef", "f" * 64, 25.0, gated=False)
FROM_FILE = "PASE checkpoint 0123456789abcdef"

SPEC = """
from dataclasses import replace
from pase_adapters.renderers.er_nerf import SPEC
from pase_adapters.spec import Launch
SPEC = replace(SPEC, name="made-up", launch=Launch("net.model"))
"""

MODEL = """
import torch

class AudioNet(torch.nn.Module):
    def __init__(self, dim_in=29, dim_aud=64):
        super(AudioNet, self).__init__()
        self.encoder_conv = torch.nn.Sequential(torch.nn.Conv1d(dim_in, dim_aud, 3, stride=2, padding=1))

class Head(torch.nn.Module):
    def __init__(self):
        super(Head, self).__init__()
        self.audio_net = AudioNet(1024, dim_aud=32)
"""

MAIN = """
import os
import sys
import numpy
import torch
from net.model import Head

subject, checkpoint, *features = sys.argv[1:]
rows = numpy.load(features[0] if features else os.path.join(subject, "aud.npy"))
head = Head()
if os.path.exists(checkpoint):
    head.load_state_dict(torch.load(checkpoint, weights_only=True))
    print("loaded")
codes = head.audio_net.encoder_conv(torch.from_numpy(rows).transpose(1, 2))
torch.save(head.state_dict(), checkpoint)
print("codes", tuple(codes.shape))
"""

LOOK = """
import json, os, sys
main = sys.modules["__main__"]
print(json.dumps([__name__, main.__dict__ is globals(), sys.argv, os.getcwd(), sys.path[0]]))
"""


def features(path: Path, width: int) -> Path:
    """Features of noise as `pase-adapt` leaves them: 44 rows of 16 columns, and a note."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.random.default_rng(0).normal(size=(44, 16, width)).astype(np.float32))
    write_json(note_path(path), dataclasses.asdict(ORIGIN))
    return path


def command(*arguments: str | Path) -> list[str]:
    code = "from pase_adapters.cli.main import main; raise SystemExit(main())"
    return [sys.executable, "-c", code, "run", *map(str, arguments)]


def environment(spec: str, *folders: Path) -> dict[str, str]:
    path = os.pathsep.join(map(str, folders))
    made = {"PASE_ADAPTERS": spec, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": ""}
    return {**os.environ, **made}


@dataclasses.dataclass(frozen=True)
class Launcher:
    """Runs `pase-adapt run` of one renderer."""

    name: str
    checkout: Path
    env: dict[str, str]
    python: str = sys.executable

    def command(self, *arguments: str | Path) -> list[str]:
        where = ("--renderer", self.name, "--checkout", self.checkout, "--python", self.python)
        return command(*where, *arguments)

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), env=self.env, capture_output=True, text=True, timeout=300, check=False
        )


# A made-up renderer ---------------------------------------------------------------------------------------------------


@pytest.fixture
def launch(tmp_path: Path) -> Launcher:
    checkout = tmp_path / "check out"
    files = {"net/__init__.py": "", "net/model.py": MODEL, "main.py": MAIN, "look.py": LOOK}
    for name, text in files.items():
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "made_up_spec.py").write_text(SPEC)
    return Launcher("made-up", checkout, environment("made_up_spec:SPEC", tmp_path))


def script(launch: Launcher, text: str, name: str = "script.py") -> str:
    (launch.checkout / name).write_text(text)
    return name


def test_train_resume_and_test(launch: Launcher, tmp_path: Path) -> None:
    own = features(launch.checkout / "data/obama/aud.npy", 48)
    novel = features(tmp_path / "novel.npy", 48)
    checkpoint = tmp_path / "head.pth"
    runs = [launch("--", "main.py", "data/obama", checkpoint, *more) for more in ([], [], [novel])]
    line = f"pase-adapt: AudioNet of net.model takes 48 features a frame instead of 1024: by {own}, {FROM_FILE}\n"
    for number, done in enumerate(runs):
        assert done.returncode == 0, done.stderr
        loaded = "loaded\n" if number else ""
        assert done.stdout == f"{line}{loaded}codes (44, 32, 8)\n"
        assert done.stderr.count("pase-adapt: warning: made-up needs an NVIDIA GPU with CUDA") == 1
        assert done.stderr.count("\n") == 1
    other = launch("--width", "47", "--", "main.py", "data/obama", checkpoint)
    assert other.returncode == 1
    assert "size mismatch for audio_net.encoder_conv.0.weight" in other.stderr


def test_script_finds_what_python_gives_it(launch: Launcher, tmp_path: Path) -> None:
    words = ["look.py", "data/a b", "--", "--width", "3", "-O"]
    done = launch("--width", "48", "--", *words)
    genuine = subprocess.run(
        [sys.executable, *words], cwd=launch.checkout, env=launch.env, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(genuine.stdout)
    assert done.stdout.count("\n") == 1


def test_width_that_was_not_used_is_told(launch: Launcher) -> None:
    done = launch("--width", "48", "--", "look.py")
    assert done.returncode == 0
    assert "look.py under" in done.stderr
    assert "never built AudioNet of net.model: the width 48 was not used" in done.stderr


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("raise SystemExit('stopped')", 1, "stopped"),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM); input()", -signal.SIGTERM, ""),
    ],
)
def test_exit_status_passes_through(launch: Launcher, text: str, status: int, told: str) -> None:
    done = launch("--width", "48", "--", script(launch, text))
    assert done.returncode == status
    assert told in done.stderr


@pytest.mark.parametrize(
    ("text", "sent", "status"),
    [
        (  # a background job of a shell is born deaf to Ctrl-C
            "import signal, time; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "print('ready', flush=True); time.sleep(60)",
            signal.SIGINT,
            -signal.SIGINT,
        ),
        (
            "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); "
            "print('ready', flush=True); time.sleep(60)",
            signal.SIGTERM,
            5,
        ),
    ],
)
def test_signals_reach_the_script(launch: Launcher, text: str, sent: signal.Signals, status: int) -> None:
    words = launch.command("--width", "48", "--", script(launch, text))
    with subprocess.Popen(words, env=launch.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        _, told = process.communicate(timeout=30)
    assert process.returncode == status
    assert ("KeyboardInterrupt" in told) == (sent == signal.SIGINT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class SpeechNet: pass", "found: no such class"),
        ("class AudioNet:\n    def __init__(self, width): pass", "found: its arguments are width"),
    ],
)
def test_another_commit_is_refused_before_anything_is_built(launch: Launcher, text: str, expected: str) -> None:
    (launch.checkout / "net/model.py").write_text(text)
    done = launch("--width", "48", "--", script(launch, "import net.model\nprint('built')"))
    assert done.returncode == 1
    assert done.stdout == ""
    line = "pase-adapt: error: expected the class AudioNet with the argument dim_in in .*model.py, "
    assert re.fullmatch(f"{line}{expected}.*a checkout of made-up.*\n", done.stderr)


# The renderers themselves ---------------------------------------------------------------------------------------------


def real(name: str, checkout: str, file: str, folder: Path) -> Launcher:
    """A launcher of a renderer's checkout, with `folder` before the packages of its Python."""
    where = checkout_or_skip(checkout, file)
    spec = f"pase_adapters.renderers.{name.replace('-', '_')}:SPEC"
    python = os.environ.get("PASE_RENDERERS_PYTHON", sys.executable)
    return Launcher(name, where, environment(spec, folder), python)


NERFS = {
    "er-nerf": ("ER-NeRF", "nerf_triplane/network.py", ()),
    "rad-nerf": ("RAD-NeRF", "nerf/network.py", ()),
    "synctalk": ("SyncTalk", "nerf_triplane/network.py", ("--au45",)),
}


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """Modules in the place of those that are compiled for CUDA, show windows, hear microphones or download weights."""
    folder = tmp_path / "stand-ins"
    (folder / "dearpygui").mkdir(parents=True)
    compiled = ("_raymarching_face", "_gridencoder", "_shencoder", "_freqencoder")
    for name in (*compiled, "dearpygui/__init__", "dearpygui/dearpygui", "pyaudio", "resampy", "soundfile"):
        (folder / f"{name}.py").touch()
    (folder / "transformers.py").write_text("AutoModelForCTC = AutoProcessor = None\n")
    meter = "class LandmarksType: _2D = TWO_D = None\ndef FaceAlignment(*_, **__): return None\n"
    (folder / "face_alignment.py").write_text(meter)
    shutil.copy(HERE / "launcher_lpips.py", folder / "lpips.py")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", NERFS)
def test_real_main_trains_resumes_and_tests(name: str, stand_ins: Path, tmp_path: Path) -> None:
    checkout, file, switches = NERFS[name]
    launch = real(name, checkout, file, stand_ins)
    subject = make_subject(tmp_path / "obama")
    own, novel = features(subject / "aud.npy", 48), features(tmp_path / "novel.npy", 48)
    where = ("main.py", subject, "--workspace", tmp_path / "trial", "-O", "--asr_model", "pase", *switches)
    line = f"pase-adapt: AudioNet of .* takes 48 features a frame instead of 32: by {re.escape(str(own))}, {FROM_FILE}"

    train = launch("--", *where)
    resume = launch("--", *where)
    test = launch("--", *where, "--test", "--test_train", "--aud", novel)
    for done in (train, resume, test):
        assert re.search(line, done.stdout), done.stderr[-3000:]
        assert "conv0 (32, 48, 3)" in done.stdout, done.stderr[-3000:]
        assert f"pase-adapt: warning: {name} needs an NVIDIA GPU with CUDA" in done.stderr
        assert done.returncode == 1  # where CUDA begins
    assert "[INFO] loaded model." not in train.stdout
    assert "[INFO] loaded model." in resume.stdout
    assert "[INFO] loaded model." in test.stdout


GAUSSIANS = {
    "talking-gaussian": ("TalkingGaussian", "scene.motion_net", "", ("MotionNetwork", "MouthMotionNetwork")),
    "instag": (
        "InsTaG",
        "scene.motion_net",
        "",
        ("MotionNetwork", "MouthMotionNetwork", "PersonalizedMotionNetwork"),
    ),
    "gstalk": ("GSTalk", "scene.motion_net", "", ("MotionNetwork",)),
    "gaussian-talker": ("GaussianTalker", "scene.deformation", "ModelHiddenParams", ("Deformation",)),
    "egstalker": ("EGSTalker", "scene.deformation", "ModelHiddenParams", ("Deformation",)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GAUSSIANS)
def test_real_gaussian_networks_are_built(name: str, tmp_path: Path) -> None:
    checkout, module, options, classes = GAUSSIANS[name]
    launch = real(name, checkout, f"{module.replace('.', '/')}.py", tmp_path)
    done = launch("--width", "48", "--", HERE / "launcher_probe.py", module, options, *classes)
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.findall(r"^built (\w+) 48$", done.stdout, re.MULTILINE) == list(classes)
    assert done.stdout.count("takes 48 features a frame") == 1


@pytest.mark.slow
def test_real_ad_nerf_trains_and_resumes(tmp_path: Path) -> None:
    """Its script runs whole on a CPU: two steps of training, then one more from its own checkpoint."""
    launch = real("ad-nerf", "AD-NeRF", "NeRFs/HeadNeRF/run_nerf.py", tmp_path)
    default = "import torch\ntorch.set_default_tensor_type = lambda kind: None  # CUDA's, set without asking\n"
    (tmp_path / "natsort.py").write_text(f"{default}natsorted = sorted\n")
    subject = make_subject(tmp_path / "obama")
    (subject / "gt_imgs").rename(subject / "head_imgs")
    for split, frames in (("train", range(40)), ("val", range(40, 44))):
        list_frames(subject / f"transforms_{split}.json", frames, face_rect=[8, 8, 16, 16])
    features(subject / "aud.npy", 48)
    small = ("--N_rand", "32", "--N_samples", "4", "--N_importance", "4", "--i_weights", "1")
    where = ("NeRFs/HeadNeRF/run_nerf.py", "--datadir", subject, "--basedir", tmp_path, "--expname", "head", *small)
    for steps, starts in ((2, "000001_head.tar"), (3, "000003_head.tar")):
        done = launch("--", *where, "--N_iters", str(steps))
        assert done.returncode == 0, done.stderr[-3000:]
        assert "AudioNet of run_nerf_helpers takes 48 features a frame instead of 29" in done.stdout
        assert (tmp_path / "head" / starts).is_file()
