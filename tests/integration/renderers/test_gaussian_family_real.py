"""The 3D Gaussian splatting renderers' own scripts, readers and audio networks on files that pase-adapt writes.

Skipped where PASE_RENDERERS_DIR names no checkouts. The windows and codes that the renderers make are compared with the
rebuilt ones of test_gaussian_family.py, and every printed command is parsed by the script that it starts.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from tests.integration.renderers import gaussian_rebuilt as rebuilt
from tests.integration.renderers.contract import (
    FRAMES,
    TRAINING,
    check_windows,
    checkout_or_skip,
    index_track,
    list_frames,
    make_subject,
    run_probe,
    words_after,
    write,
)

from pase_adapters.renderers import egstalker, gaussian_talker, gstalk, instag, talking_gaussian
from pase_adapters.spec import RendererSpec, Slot


@dataclasses.dataclass(frozen=True)
class Renderer:
    """A renderer's specification, rebuilding and checkout.

    Attributes:
        spec: The specification.
        reader: Its rebuilt reader.
        folder: Name of the checkout.
        kind: Which of the probe's readers and networks.
        place: Where the subject has to lie, from the folder that the scripts run in.
        person: Name, in the code of its pre-training, of one subject that is looked for there.
        grows: See `AudioNets`.
    """

    spec: RendererSpec
    reader: rebuilt.Reader
    folder: str
    kind: str = "talking-gaussian"
    place: str = "data/grey head"
    person: str = ""
    grows: bool = False


RENDERERS = [
    Renderer(talking_gaussian.SPEC, rebuilt.TALKING_GAUSSIAN, "TalkingGaussian"),
    Renderer(instag.SPEC, rebuilt.INSTAG, "InsTaG", person="macron", grows=True),
    Renderer(gstalk.SPEC, rebuilt.INSTAG, "GSTalk", person="pretrain/Obama1", grows=True),
    Renderer(gaussian_talker.SPEC, rebuilt.GAUSSIAN_TALKER, "GaussianTalker", "gaussian-talker"),
    Renderer(egstalker.SPEC, rebuilt.GAUSSIAN_TALKER, "EGSTalker", "gaussian-talker", place="datasets/Obama"),
]
STEPS = {"pretrain": "pretrain", "train": "train", "render": "test", "synthesize": "test"}
"""What a script does, by a part of its name."""

DRIVING = {"short": 5, "long": 60}
"""Rows of other recordings."""

VALIDATION = FRAMES - 16
"""First frame of the validation list: longer than the family's, so that a recording can be shorter than it."""

UNITS = (1, 4, 5, 6, 7, 25, 45)


def make_head(folder: Path, *, blank: str) -> Path:
    """A subject with all that these renderers open; `blank` stands before the names of action units in au.csv."""
    make_subject(folder)
    for name in ("parsing", "teeth_mask", "sapiens/normal/sapiens_0.3b", "sapiens/depth/sapiens_0.3b"):
        (folder / name).mkdir(parents=True)
    for frame in range(FRAMES):
        Image.new("RGB", (32, 32), (0, 0, 255)).save(folder / "parsing" / f"{frame}.png")
        np.save(folder / "teeth_mask" / f"{frame}.npy", np.zeros((32, 32), dtype=bool))
        np.save(folder / "sapiens/normal/sapiens_0.3b" / f"{frame}.npy", np.zeros((32, 32, 3), dtype=np.float32))
        np.save(folder / "sapiens/depth/sapiens_0.3b" / f"{frame}.npy", np.zeros((32, 32), dtype=np.float32))
    lines = [",".join(["frame", *(f"{blank}AU{unit:02}_r" for unit in UNITS)])]
    lines += [",".join([str(frame), *("0.3" for _ in UNITS)]) for frame in range(FRAMES)]
    (folder / "au.csv").write_text("\n".join(lines))
    pose = {"euler": torch.zeros(FRAMES, 3), "trans": torch.zeros(FRAMES, 3), "vertices": torch.zeros(FRAMES, 9, 3)}
    torch.save({**pose, "focal": torch.tensor([40.0])}, folder / "track_params.pt")
    return folder


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a renderer's code made of the files of one slot.

    Attributes:
        renderer: The renderer.
        slot: The slot.
        subject: Its folder.
        arrays: By `case/source`, `case/split/rows|width|windows` and `case/network/codes|weight/...`.
    """

    renderer: Renderer
    slot: Slot
    subject: Path
    arrays: dict[str, NDArray[np.float32]]

    @property
    def training(self) -> list[str]:
        return [case for case in self.cases if "train" in case]

    @property
    def cases(self) -> list[str]:
        return sorted({name.split("/")[0] for name in self.arrays if "/" in name})

    @property
    def nets(self) -> list[str]:
        return sorted({name.removesuffix("/codes") for name in self.arrays if name.endswith("/codes")})

    def windows(self, name: str) -> NDArray[np.float32]:
        """Whole windows of a split, with their padding."""
        found = self.arrays[f"{name}/windows"]
        padded = np.zeros((*found.shape[:2], int(self.arrays[f"{name}/width"]), found.shape[3]), np.float32)
        padded[:, :, : found.shape[2]] = found
        return padded


def look(renderer: Renderer, slot: Slot, folder: Path) -> Seen:
    """Run the probe on all printed commands, and on recordings that are too short and too long."""
    assert renderer.spec.launch
    checkout = checkout_or_skip(renderer.folder, renderer.spec.launch.file)
    run = folder / "run"
    run.mkdir()
    for entry in checkout.iterdir():
        if entry.name not in {"data", "datasets", "output"}:
            (run / entry.name).symlink_to(entry)
    subject = make_head(run / renderer.place, blank="" if renderer.spec is egstalker.SPEC else " ")
    list_frames(subject / "transforms_val.json", range(VALIDATION, FRAMES))
    write(subject, renderer.spec, slot, index_track(FRAMES), FRAMES)
    cases: dict[str, dict[str, object]] = {}
    values = {"data": str(subject), "workspace": "trial_pase", "audio": "speech.wav"}
    for index, command in enumerate(c for c in renderer.spec.training_commands if "{python}" in c.line):
        words = words_after(command, slot, features="", **values)
        kind = next(kind for part, kind in STEPS.items() if part in words[0])
        cases[f"{kind} {index}"] = {"words": words}
        if kind == "pretrain":
            cases[f"{kind} {index}"]["person"] = renderer.person
            person = run / words[words.index("-s") + 1] / renderer.person
            person.parent.mkdir(parents=True, exist_ok=True)
            if not person.exists():
                person.symlink_to(subject, target_is_directory=True)
            if slot.name == "deepspeech":  # the one slot that pre-training reads from another file
                (subject / "aud_ds.npy").write_bytes((subject / slot.training_file).read_bytes())
    for name, rows in DRIVING.items():
        features = write(folder / f"{name}.npy", renderer.spec, slot, index_track(rows), rows)
        words = words_after(renderer.spec.driving_commands[0], slot, features=str(features), **values)
        cases[name] = {"words": words}
    launch = {**dataclasses.asdict(renderer.spec.launch), "width": 24} if slot.launched else None
    job = {"kind": renderer.kind, "launch": launch, "cases": cases}
    arrays = run_probe(Path(__file__).with_name("gaussian_probe.py"), run, job, folder)
    return Seen(renderer, slot, subject, arrays)


@pytest.fixture(
    params=[pytest.param((r, s), id=f"{r.spec.name}-{s.name}") for r in RENDERERS for s in r.spec.slots], scope="module"
)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    renderer, slot = request.param
    return look(renderer, slot, tmp_path_factory.mktemp(f"{renderer.spec.name}-{slot.name}"))


pytestmark = pytest.mark.slow


def test_every_training_command_sees_the_right_windows(seen: Seen) -> None:
    assert seen.training
    for case in seen.training:
        windows = seen.windows(f"{case}/train")
        whole = len(windows) - (0 if seen.renderer.reader.by_number else 3)  # the last three of a split end in zeros
        assert len(windows) >= TRAINING - 1
        check_windows(windows[:whole], range(whole), seen.slot.layout, total=FRAMES)


def test_only_gstalk_lacks_names_in_its_code(seen: Seen) -> None:
    """Its scripts stop at them unless the user supplies them, as its limits say."""
    missing = seen.arrays["missing"].tolist()
    assert missing == (["MouthMotionNetwork", "hidden_dim"] if seen.renderer.spec is gstalk.SPEC else [])
    assert all(name in " ".join(seen.renderer.spec.limits) for name in missing)


def test_commands_name_the_subject(seen: Seen) -> None:
    for case in seen.cases:
        source = Path(str(seen.arrays[f"{case}/source"]))
        assert seen.subject in (source, (source / seen.renderer.person).resolve())


def test_windows_are_those_of_the_rebuilt_reader(seen: Seen) -> None:
    for case in [case for case in seen.cases if case not in DRIVING]:
        reader = rebuilt.TALKING_GAUSSIAN if case.startswith("pretrain") else seen.renderer.reader
        alone = case.startswith("test") and reader.by_number  # with --eval only the validation list is read
        for split in ("train", "val"):
            windows = seen.windows(f"{case}/{split}")
            asked = TRAINING if len(windows) == TRAINING else None  # by --N_views
            expected = reader.train(seen.subject, seen.slot, "val" if alone else split, first=asked)
            np.testing.assert_array_equal(windows, torch.stack(expected).numpy())


@pytest.mark.parametrize(("case", "rows"), DRIVING.items())
def test_driving_windows_are_those_of_the_rebuilt_reader(seen: Seen, case: str, rows: int) -> None:
    reader = seen.renderer.reader
    split = "train" if reader.by_number else "custom"
    expected = reader.drive(seen.subject, seen.subject.parents[2] / f"{case}.npy")
    assert seen.arrays[f"{case}/{split}/rows"].tolist() == [len(window) for window in expected]
    windows = seen.windows(f"{case}/{split}")
    np.testing.assert_array_equal(windows, torch.stack([window for window in expected if len(window) == 8]).numpy())
    check_windows(windows, range(len(windows)), seen.slot.layout, total=rows)


def test_windows_beyond_the_end_of_a_short_recording_stop_gaussian_talker(seen: Seen) -> None:
    short = [net for net in seen.nets if net.startswith("short/")]
    expected = 0 if seen.renderer.reader.by_number else FRAMES - VALIDATION - DRIVING["short"] - 1
    assert short
    assert all(seen.arrays[f"{net}/refused"] == expected for net in short)


def test_first_layers_have_the_name_and_the_width_of_the_specification(seen: Seen) -> None:
    spec, width = seen.renderer.spec, seen.slot.layout.fitted(24).width
    for net in seen.nets:
        first = [name for name in seen.arrays if name.startswith(f"{net}/weight/") and name.endswith(spec.audio_layer)]
        assert len(first) == 1
        assert seen.arrays[first[0]].shape[1:] == (width, 3)


def test_networks_agree_with_the_rebuilt_ones(seen: Seen) -> None:
    width = seen.slot.layout.fitted(24).width
    assert width
    for net in seen.nets:
        weights = [torch.from_numpy(value) for name, value in seen.arrays.items() if name.startswith(f"{net}/weight/")]
        nets = rebuilt.AudioNets(width, grows=seen.renderer.grows)
        nets.load_state_dict(dict(zip(nets.state_dict(), weights, strict=True)))  # both in the order of the signal
        case, splits = net.split("/")[0], ("train", "val", "custom")
        heard = [
            seen.windows(f"{case}/{split}") for split in splits if 8 in seen.arrays.get(f"{case}/{split}/rows", [])
        ]
        with torch.no_grad():
            codes = torch.cat([nets(torch.from_numpy(window)) for windows in heard for window in windows]).numpy()
        assert np.isfinite(codes).all()
        np.testing.assert_allclose(seen.arrays[f"{net}/codes"], codes, rtol=1e-4, atol=1e-5)
