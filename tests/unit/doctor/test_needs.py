import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pase.doctor import constraints as writing
from pase.doctor import needs as reading
from pase.doctor.constraints import constraints, to_text
from pase.doctor.needs import CONSTRAINTS, parse_constraints, read_needs
from pase.errors import InputError, MissingExtraError

ROOT = Path(__file__).parents[3]

METADATA = """\
Metadata-Version: 2.4
Name: pase-av
Version: 0.1.0
Requires-Python: >=3.11
Classifier: Programming Language :: Python :: 3.11
Classifier: Programming Language :: Python :: 3.12
Classifier: Topic :: Multimedia
Provides-Extra: faces
Provides-Extra: all
Provides-Extra: dev
Requires-Dist: torch<2.15,>=2.11
Requires-Dist: only-elsewhere; sys_platform == "nowhere"
Requires-Dist: mediapipe>=0.10.14; extra == "faces"
Requires-Dist: mediapipe>=0.10.14; extra == "all"
Requires-Dist: pytest; extra == "dev"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another installation of PASE is the only one."""
    (tmp_path / "pase_av-0.1.0.dist-info").mkdir()
    (tmp_path / "pase_av-0.1.0.dist-info" / "METADATA").write_text(METADATA)
    monkeypatch.setattr("sys.path", [str(tmp_path)])


@pytest.mark.usefixtures("installed")
def test_needs_are_the_metadata() -> None:
    needs = read_needs()
    assert str(needs.python) == ">=3.11"
    assert needs.tested_pythons == ("3.11", "3.12")
    assert [str(requirement) for requirement in needs.core] == ["torch<2.15,>=2.11"]
    assert {name: [item.name for item in items] for name, items in needs.extras.items()} == {"faces": ["mediapipe"]}


def test_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(MissingExtraError, match="pase-av is not installed"):
        read_needs()


@pytest.mark.usefixtures("installed")
def test_copy_of_the_wheel_is_used_before_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "src" / "pase" / "doctor" / "needs.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(reading, "__file__", str(module))
    assert read_needs().tested == {}
    (tmp_path / CONSTRAINTS).write_text("torch==2.14.0\n")
    assert read_needs().tested == {"torch": Version("2.14.0")}
    module.with_name(CONSTRAINTS).write_text("torch==2.13.0\n")
    assert read_needs().tested == {"torch": Version("2.13.0")}


def test_constraints_are_read() -> None:
    text = "# made by hand\n\nPy_YAML==6.0.3  # a comment\ntorch==2.14.1\n"
    assert parse_constraints(text) == {"py-yaml": Version("6.0.3"), "torch": Version("2.14.1")}
    with pytest.raises(InputError, match=r"'-e \.'"):
        parse_constraints("-e .\n")


def test_wheel_carries_the_constraints() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["force-include"] == {CONSTRAINTS: f"pase/doctor/{CONSTRAINTS}"}


def test_constraints_of_the_project_hold_what_it_needs_within_its_bounds() -> None:
    text = (ROOT / CONSTRAINTS).read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    tested = parse_constraints(text)
    assert lines == [f"{name}=={version}" for name, version in tested.items()]
    assert list(tested) == sorted(tested)
    assert not [version for version in tested.values() if version.local]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    named = [Requirement(project["name"] + "[all]"), *map(Requirement, [*project["dependencies"], *optional["dev"]])]
    extras = {extra for item in map(Requirement, optional["all"]) for extra in item.extras}
    named += [Requirement(text) for extra in extras for text in optional[extra]]
    wrong = [
        str(requirement)
        for requirement in named[1:]
        if not requirement.specifier.contains(tested.get(canonicalize_name(requirement.name), Version("0")))
    ]
    assert not wrong, "run 'make constraints'"


PROJECT = """\
[project]
name = "pase-av"
dependencies = ["torch>=2"]
[project.optional-dependencies]
faces = ["Media_Pipe"]
other = ["never"]
all = ["pase-av[faces]"]
dev = ["moto[server]>=5"]
"""

PACKAGES = {
    "torch": ("2.14.1+cu130", ["numpy", "windows-only; sys_platform == 'nowhere'"]),
    "numpy": ("2.4.6", []),
    "media-pipe": ("1.2.2", ["numpy", "opencv; extra == 'cv'"]),
    "moto": ("5.2.5", ["flask; extra == 'server'", "docker; extra == 'all'"]),
    "flask": ("3.1.3", []),
}


def test_constraints_are_the_closure(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    found = constraints(tmp_path / "pyproject.toml", PACKAGES.__getitem__)
    assert found == {"flask": "3.1.3", "media-pipe": "1.2.2", "moto": "5.2.5", "numpy": "2.4.6", "torch": "2.14.1"}
    assert list(found) == sorted(found)
    assert parse_constraints(to_text(found)).keys() == found.keys()


def test_constraints_of_an_incomplete_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    monkeypatch.setattr(
        writing.metadata,
        "distribution",
        lambda name: (_ for _ in ()).throw(reading.metadata.PackageNotFoundError(name)),
    )
    with pytest.raises(InputError, match="is needed and not installed: make install"):
        constraints(tmp_path / "pyproject.toml")
