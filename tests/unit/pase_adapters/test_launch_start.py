"""What the launcher checks before a renderer is started, and the command that it becomes."""

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pase.errors import InputError
from pase_adapters.cli import run as command
from pase_adapters.cli.main import main
from pase_adapters.launch.start import Start, find_python
from pase_adapters.launch.width import Width
from pase_adapters.renderer_side import run
from pase_adapters.renderer_side.orders import Orders, Widening
from pase_adapters.spec import RendererSpec

HERE = Path(sys.executable)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "check out"
    (folder / "nerf_triplane").mkdir(parents=True)
    (folder / "nerf_triplane" / "network.py").touch()
    (folder / "main.py").touch()
    return folder


def begin(
    spec: RendererSpec, checkout: Path, python: Path, words: tuple[str, ...], slot: str = "any", **more: Path
) -> Start:
    return Start(spec, spec.slot(slot), checkout, python, words, **more)


@pytest.fixture
def make_program(tmp_path: Path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return make


def test_orders_for_the_renderers_python(spec: RendererSpec, checkout: Path) -> None:
    start = begin(spec, checkout, HERE, ("main.py", "data/a b", "-O"))
    python, script, orders, *words = start.command(Width(256, "a file"))
    assert (python, script, words) == (sys.executable, run.__file__, ["main.py", "data/a b", "-O"])
    widening = Widening("er-nerf", "nerf_triplane.network", "AudioNet", "dim_in", "", 256, "a file")
    assert Orders.from_json(orders).widening == widening


def test_asking_for_help_needs_no_width(spec: RendererSpec, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, words: started.append(words))
    monkeypatch.chdir(checkout)
    assert begin(spec, checkout, HERE, ("main.py", "-h")).asks_for_help
    command.run(["--renderer", "er-nerf", "--python", sys.executable, "--", "main.py", "--help"])
    assert started == [[sys.executable, "main.py", "--help"]]


def test_module_beside_the_script(spec: RendererSpec, tmp_path: Path) -> None:
    launch = dataclasses.replace(spec.launch, module="helpers")  # type: ignore[type-var]
    (tmp_path / "head").mkdir()
    for name in ("helpers.py", "run.py"):
        (tmp_path / "head" / name).touch()
    begin(dataclasses.replace(spec, launch=launch), tmp_path, HERE, ("head/run.py",))


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ("nerf_triplane/network.py", "has no nerf_triplane/network.py. Expected a checkout of er-nerf"),
        ("main.py", "has no main.py. Expected"),
    ],
)
def test_another_folder_is_refused(spec: RendererSpec, checkout: Path, gone: str, expected: str) -> None:
    (checkout / gone).unlink()
    with pytest.raises(InputError, match=expected):
        begin(spec, checkout, HERE, ("main.py",))


def test_absent_checkout_is_refused(spec: RendererSpec, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no nerf_triplane/network.py and no main.py"):
        begin(spec, tmp_path / "nowhere", HERE, ("main.py",))


def test_renderer_that_needs_no_launcher_is_refused(spec: RendererSpec, checkout: Path) -> None:
    with pytest.raises(InputError, match="er-nerf needs no launcher for its slot hubert"):
        begin(dataclasses.replace(spec, stream=None), checkout, HERE, ("main.py",), "hubert")


@pytest.mark.parametrize(("slot", "width"), [("hubert", 1024), ("any", None)])
def test_pase_comes_into_the_real_time_path(
    spec: RendererSpec, checkout: Path, tmp_path: Path, slot: str, width: int | None
) -> None:
    """A worker of this Python and of the checkpoint given, with features as wide as the slot's."""
    (checkout / "nerf_triplane" / "asr.py").touch()
    start = begin(spec, checkout, HERE, ("main.py", "--asr"), slot, checkpoint=tmp_path / "mine")
    made = Orders.from_json(start.command(Width(128, "a file") if slot == "any" else None)[2])
    assert (made.widening and made.widening.width) == (128 if slot == "any" else None)
    assert made.hearing is not None
    assert made.hearing.asr == "nerf_triplane.asr:ASR"
    python, *rest = made.hearing.worker
    assert python == sys.executable
    given = ["--checkpoint", str(tmp_path / "mine"), *(["--width", str(width)] if width else [])]
    assert rest[-len(given) :] == given


def test_a_server_is_known_by_its_real_time_path(spec: RendererSpec, checkout: Path) -> None:
    server = dataclasses.replace(spec, name="server", launch=None, slots=(spec.slot("hubert"),))
    with pytest.raises(InputError, match=r"has no nerf_triplane/asr\.py"):
        begin(server, checkout, HERE, ("main.py",), "hubert")


def test_old_interpreter_is_refused(spec: RendererSpec, checkout: Path, make_program: Callable[[str], Path]) -> None:
    begin(spec, checkout, make_program("echo 3 7"), ("main.py",))
    for version in ("3 6", "2 7"):
        with pytest.raises(InputError, match=rf"is Python {version.replace(' ', '.')}, the launcher needs 3\.7"):
            begin(spec, checkout, make_program(f"echo {version}"), ("main.py",))


@pytest.mark.parametrize("text", ["exit 3", "echo hello", "exit 0"])
def test_no_interpreter_is_refused(
    spec: RendererSpec, checkout: Path, make_program: Callable[[str], Path], text: str
) -> None:
    program = make_program(text)
    if text == "exit 0":
        program.write_bytes(b"\x00not a program")
    with pytest.raises(InputError, match="does not answer as a Python interpreter"):
        begin(spec, checkout, program, ("main.py",))


def test_interpreter_is_found_where_a_shell_would(
    make_program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_program("exit 0")
    linked = program.with_name("linked")
    linked.symlink_to(program)
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_python("linked") == linked  # a virtual environment is known by its link
    monkeypatch.chdir(program.parent)
    assert find_python("./python") == program
    with pytest.raises(InputError, match="the interpreter nothing is not there"):
        find_python("nothing")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--renderer", "er-nrf", "--", "main.py"], "Did you mean er-nerf"),
        (["--renderer", "er-nerf", "main.py"], "unrecognized arguments: main.py"),
        (["--renderer", "er-nerf"], "expected -- and behind it the renderer's command"),
        (["--renderer", "er-nerf", "--"], "expected -- and behind it the renderer's command"),
        (["--renderer", "er-nerf", "--python", "nothing", "--", "main.py"], "interpreter nothing"),
        (["--renderer", "er-nerf", "--checkout", "nowhere", "--", "main.py"], "no nerf_triplane/network.py"),
        (["--renderer", "er-nerf", "--width", "0", "--", "main.py"], "expected at least 1"),
        (["--renderer", "er-nerf", "--features", "no.npy", "--", "main.py"], "no.npy cannot be read"),
        (["--renderer", "er-nerf", "--features", "no.npy", "--width", "3", "--", "main.py"], "not allowed with"),
        (["--renderer", "er-nerf", "--", "main.py", "data/nobody"], "has no aud.npy"),
        (["--", "main.py"], "required: --renderer"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    expected: str,
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("started"))
    monkeypatch.chdir(checkout)
    try:
        status = main(["run", *arguments])
    except SystemExit as wrong_usage:
        status = wrong_usage.code
        assert status == 2
    else:
        assert status == 1
    assert expected in capsys.readouterr().err
