"""A stand-in for the program `mfa` 3.4.3, run by tests as a program of its own; uses the standard library alone.

It does what was seen of the real one, without any acoustics: the words of an utterance share its time evenly between
0.2 s of silence at both ends. These words in a transcript have a meaning:

- ``unfit``: the utterance cannot be aligned, so that no TextGrid is written.
- ``nonsense``: it is aligned with a score as of a wrong text.
- ``swapped``: the TextGrid holds other words.

Environment: ``STAND_IN_VERSION``; ``STAND_IN_JOURNAL``, a folder in which each run leaves what it was given;
``STAND_IN_BROKEN`` (``kalpy``: its Kaldi part is missing; ``full``: the disk is full; ``model``: the acoustic model
cannot be used; ``hang``: never ends, nor does its child; ``killed``).
"""

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
import wave
import zipfile
from pathlib import Path

SILENCE = 0.2


def main() -> int:
    broken = os.environ.get("STAND_IN_BROKEN", "")
    if broken == "kalpy":
        print("Traceback (most recent call last):\nModuleNotFoundError: No module named '_kalpy'")
        return 1
    version = os.environ.get("STAND_IN_VERSION", "3.4.3")
    if sys.argv[1] == "version":
        print(version)
        return 0
    parser = argparse.ArgumentParser()
    hugging_face = int(version.split(".")[0]) >= 4
    for name in ("command", "corpus", *(["model"] if hugging_face else ["dictionary", "model"]), "output"):
        parser.add_argument(name)
    parser.add_argument("--dialect")
    parser.add_argument("--temporary_directory", default=os.environ["MFA_ROOT_DIR"])
    parser.add_argument("--num_jobs", type=int, default=3)
    parser.add_argument("--output_format", default="long_textgrid")
    for flag in ("clean", "final_clean", "no_tokenization"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    if broken == "hang":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        Path(os.environ["STAND_IN_JOURNAL"], "child").write_text(str(child.pid))
        time.sleep(3600)
    if broken == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if hugging_face:
        options.dictionary = f"{options.model}/dictionary/{options.dialect}.dict"
        options.model = f"{options.model}/acoustic"
    return align(options, broken)


def align(options: argparse.Namespace, broken: str) -> int:
    root, corpus = Path(os.environ["MFA_ROOT_DIR"]), Path(options.corpus)
    for kind, path in (("Corpus directory", corpus), ("Dictionary", options.dictionary), ("Model", options.model)):
        if not Path(path).exists():
            return refuse(f"{kind} {path} does not exist.")
    if str(corpus).startswith(str(root)):
        return refuse("Corpus directories must be outside of MFA's temporary directory to prevent data loss.")
    keep_journal(options, root)
    if broken == "full":
        return fail("OSError", "[Errno 28] No space left on device: 'feats.ark'")
    model = unpack(Path(options.model), root)
    if model is None or broken == "model":
        return fail("kalpy.exceptions.AcousticModelError", f"Could not find final.mdl in {root}/extracted_models.")
    work = Path(options.temporary_directory) / corpus.name
    if options.clean:
        shutil.rmtree(work, ignore_errors=True)
    if (work / "done.json").is_file():
        print(" INFO     Alignment already done, skipping.")
        results = json.loads((work / "done.json").read_text())
    else:
        try:
            results = [utterance(sound, read_dictionary(Path(options.dictionary))) for sound in sounds(corpus)]
        except (wave.Error, EOFError):
            return fail("soundfile.LibsndfileError", "Error opening a sound: Format not recognised.")
        if not results:
            return fail("CorpusError", "There were no files found")
        if all(result["words"] is None for result in results):
            return fail("NoAlignmentsError", "There were no successful alignments; try --beam 100 --retry_beam 400")
        work.mkdir(parents=True, exist_ok=True)
        (work / "done.json").write_text(json.dumps(results))
    export(results, Path(options.output))
    shutil.rmtree(model)
    return 0


def refuse(text: str) -> int:
    print(f"╭─ Error ──────╮\n│ Invalid value: {text} │\n╰──────────────╯")
    return 2


def fail(error: str, text: str) -> int:
    print(f"Exception ignored in atexit callback:\nTraceback (most recent call last):\n{error}: {error}:\n\n{text}")
    return 1


def keep_journal(options: argparse.Namespace, root: Path) -> None:
    folder = os.environ.get("STAND_IN_JOURNAL")
    if folder:
        seen = {
            **vars(options),
            "root": str(root),
            "dictionary_lines": Path(options.dictionary).read_text(encoding="utf-8").splitlines(),
            "files": sorted(path.relative_to(options.corpus).as_posix() for path in sounds(Path(options.corpus))),
            "output_was_there": Path(options.output).exists(),
            "python_path": os.environ.get("PYTHONPATH"),
        }
        Path(folder, f"{uuid.uuid4().hex}.json").write_text(json.dumps(seen))


def unpack(source: Path, root: Path) -> Path | None:
    """Deleted and unpacked again by each run; None where another run did so in the meantime."""
    folder = root / "extracted_models" / "acoustic" / f"{source.stem}_acoustic"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mine = folder / uuid.uuid4().hex
    mine.touch()
    if source.is_dir():
        names = [path.name for path in source.iterdir()]
    else:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
    time.sleep(0.2)
    return folder if mine.exists() and any(name.endswith("final.mdl") for name in names) else None


def sounds(corpus: Path) -> list[Path]:
    return sorted(corpus.rglob("*.wav"))


def read_dictionary(path: Path) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *columns = line.split()
        known.setdefault(word, [column for column in columns if not column.replace(".", "").isdecimal()])
    return known


def utterance(sound: Path, known: dict[str, list[str]]) -> dict[str, object]:
    with wave.open(str(sound)) as file:
        duration = file.getnframes() / file.getframerate()
    text = sound.with_suffix(".lab")
    words = text.read_text(encoding="utf-8").split() if text.is_file() else []
    failed = not words or "unfit" in words or duration < 0.3
    found: dict[str, object] = {"speaker": sound.parent.name, "stem": sound.stem, "duration": duration, "words": None}
    if not failed:
        said = ["other" if word == "swapped" else word for word in words]
        found["words"] = [(word, phones_of(word, known)) for word in said]
        found["score"] = -122.4 if "nonsense" in words else -49.5
    return found


def phones_of(word: str, known: dict[str, list[str]]) -> list[str]:
    stem, mark, tail = word.rpartition("'")
    if word not in known and mark and stem in known and f"'{tail}" in known:
        return known[stem] + known[f"'{tail}"]
    return known.get(word, ["spn"])


def export(results: list[dict[str, object]], output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    with (output / "alignment_analysis.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "begin", "end", "speaker", "overall_log_likelihood", "speech_log_likelihood"])
        for result in results:
            score = result.get("score", "")
            table.writerow([result["stem"], 0.0, result["duration"], result["speaker"], score, score])
            if result["words"] is not None:
                path = output / str(result["speaker"]) / f"{result['stem']}.TextGrid"
                path.parent.mkdir(exist_ok=True)
                path.write_text(textgrid(result["words"], float(str(result["duration"]))), encoding="utf-8")


def textgrid(words: object, duration: float) -> str:
    assert isinstance(words, list)
    count = sum(len(phones) for _, phones in words)
    length = (duration - 2 * SILENCE) / count
    word_tier, phone_tier, clock = [(0.0, SILENCE, "")], [(0.0, SILENCE, "")], SILENCE
    for word, phones in words:
        start = clock
        for phone in phones:
            phone_tier.append((clock, clock + length, phone))
            clock += length
        word_tier.append((start, clock, word))
    tiers = [("words", [*word_tier, (clock, duration, "")]), ("phones", [*phone_tier, (clock, duration, "")])]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {duration}"]
    lines += ["tiers? <exists>", "size = 2", "item []:"]
    for number, (name, entries) in enumerate(tiers, start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += ["        xmin = 0", f"        xmax = {duration}", f"        intervals: size = {len(entries)}"]
        for place, (start, end, label) in enumerate(entries, start=1):
            lines += [f"        intervals [{place}]:", f"            xmin = {start}", f"            xmax = {end}"]
            lines += [f'            text = "{label}"']
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
