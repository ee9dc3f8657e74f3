"""Finding MFA's models and dictionaries."""

import json
import zipfile
from pathlib import Path

import pytest

from pase.errors import InputError
from pase.phonemes.aligners.mfa.models import digest, find_acoustic_model, find_dictionary


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where MFA keeps what it has downloaded, with one model and one dictionary."""
    monkeypatch.setenv("MFA_ROOT_DIR", str(tmp_path / "root"))
    folder = tmp_path / "root" / "pretrained_models"
    write_model(folder / "acoustic" / "english_us_arpa.zip", "")
    (folder / "dictionary").mkdir()
    (folder / "dictionary" / "english_us_arpa.dict").write_text("a\tAH0\n")
    return folder


def write_model(path: Path, below: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{below}meta.json", json.dumps({"phones": ["AH0", "B"]}))
        archive.writestr(f"{below}final.mdl", b"Gaussians")


def test_names_are_those_of_the_users_downloads(kept: Path) -> None:
    model = find_acoustic_model("english_us_arpa")
    assert model.path == kept / "acoustic" / "english_us_arpa.zip"
    assert model.phones == {"AH0", "B"}
    assert find_dictionary("english_us_arpa", "english_us_arpa") == kept / "dictionary" / "english_us_arpa.dict"


def test_paths_are_taken_too(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "mine.zip", "mine/")
    monkeypatch.chdir(tmp_path)
    assert find_acoustic_model("mine.zip").path == tmp_path / "mine.zip"
    assert find_acoustic_model("mine.zip").phones == {"AH0", "B"}


def test_unknown_names_list_what_there_is(kept: Path) -> None:
    with pytest.raises(InputError, match=r"english_us_arpa.*mfa model download acoustic english_mfa"):
        find_acoustic_model("english_mfa")


def test_without_downloads_nothing_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_ROOT_DIR", str(tmp_path))
    with pytest.raises(InputError, match="there is none"):
        find_dictionary("english_us_arpa", "english_us_arpa")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.zip"
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InputError, match=r"cut\.zip is no acoustic model"):
        find_acoustic_model(str(path))


def test_a_list_of_dictionaries_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "several.yaml"
    path.write_text("default: english_us_arpa\n")
    with pytest.raises(InputError, match="one dictionary"):
        find_dictionary(str(path), "any")


def test_folder_as_hugging_face_has_it(tmp_path: Path) -> None:
    for name, text in (("acoustic/meta.json", '{"phones": ["a"]}'), ("dictionary/english_uk_mfa.dict", "a\ta\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    model = find_acoustic_model(str(tmp_path))
    assert (model.path, model.phones) == (tmp_path / "acoustic", {"a"})
    assert find_dictionary("english_uk_mfa", str(tmp_path)) == tmp_path / "dictionary" / "english_uk_mfa.dict"


@pytest.mark.parametrize("below", ["", "english_us_arpa/"])
def test_unpacking_gives_the_files_themselves(tmp_path: Path, below: str) -> None:
    write_model(tmp_path / "model.zip", below)
    model = find_acoustic_model(str(tmp_path / "model.zip"))
    model.unpack(tmp_path / "acoustic")
    assert (tmp_path / "acoustic" / "final.mdl").read_bytes() == b"Gaussians"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acoustic", "model.zip"]


def test_digest_follows_content(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "a"
    file.parent.mkdir()
    file.write_text("one")
    before = digest(file), digest(file.parent)
    file.write_text("two")
    assert before[0] != digest(file)
    assert before[1] != digest(file.parent)
