"""One HTML page about a prepared corpus: what it holds, what was lost, and whether lips and phones agree."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pase.corpus.clip import SPLITS, ClipRecord, Modality
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.files import make_folder, write_text
from pase.inspection import corpus_sections as sections
from pase.inspection.sampling import look_at_lips
from pase.inspection.selection import spread_over_speakers
from pase.inspection.statistics import hours
from pase.inspection.tables import Quarantined, read_quarantine, read_remarks
from pase.report.page import Card, Section, render

NAME = "inspect.html"

_EXAMPLES = 4  # clips to play


def inspect_corpus(location: Path | str, output: Path | None = None, seed: int = 0) -> Path:
    """Write the page of a corpus.

    Statistics rest on all clips; what needs pictures is drawn from a sample of them, and says so.

    Args:
        location: Folder or address of a prepared corpus.
        output: The HTML file; None: `NAME` in the corpus's folder.
        seed: Of the sample; the same one gives the same page.

    Returns:
        The file.

    Raises:
        InputError: Not a prepared corpus, without clips, damaged, a negative seed, or the output cannot be written.
    """
    if seed < 0:
        raise InputError(f"the seed must not be negative: {seed}")
    corpus = Corpus.open(location)
    if not corpus.records:
        raise InputError(f"{corpus.folder} holds no clips: its manifest.jsonl is empty")
    path = check_output(output, corpus, NAME)
    lost = read_quarantine(corpus.folder)
    lead = f"{corpus.folder} · prepared with the recipe “{corpus.settings.get('recipe') or 'not stated'}”"
    title = f"PASE corpus {str(corpus.folder).rstrip('/').rpartition('/')[2]}"
    write_text(path, render(title, lead, make_cards(corpus.records, lost), _sections(corpus, lost, seed)))
    return path


def check_output(output: Path | None, corpus: Corpus, name: str) -> Path:
    """The file to write, proven to be possible before time is spent on what goes into it.

    Args:
        output: What the user asked for, if anything.
        corpus: In whose folder the page lies otherwise.
        name: The page's file there.

    Raises:
        InputError: It is a folder, its folder cannot be written to, or the corpus is at an address and has no folder.
    """
    if output is None:
        if not isinstance(corpus.folder, Path):
            raise InputError(f"{corpus.folder} is an address: name the HTML file to write with --output")
        output = corpus.folder / name
    if output.is_dir():
        raise InputError(f"the output {output} is a folder; name the HTML file to write, e.g. {output / NAME}")
    make_folder(output.parent)
    return output


def make_cards(records: Sequence[ClipRecord], lost: Sequence[Quarantined]) -> list[Card]:
    """The numbers at the top of the page."""
    length = hours(records)
    splits = Counter(record.split for record in records)
    people: Counter[str] = Counter()
    for record in records:
        people[record.speaker] += record.frames
    labelled = sum(record.phones is not None for record in records)
    most, frames = people.most_common(1)[0]
    share = frames / people.total()
    return [
        Card("hours" if length >= 1 else "minutes", f"{length if length >= 1 else length * 60:.1f}", _kinds(records)),
        Card("clips", f"{len(records):,}", ", ".join(f"{splits[name]:,} {name}" for name in SPLITS if splits[name])),
        Card(
            "speakers" if len(people) > 1 else "speaker",
            f"{len(people):,}",
            f"{most} speaks {_percent(share)}" if len(people) > 1 else most,
        ),
        Card(
            "kept",
            _percent(len(records) / (len(records) + len(lost))),
            f"{len(lost):,} clip{'s' * (len(lost) != 1)} in quarantine",
        ),
        Card("with phones", _percent(labelled / len(records)), f"{labelled:,} of {len(records):,} clips"),
    ]


def _sections(corpus: Corpus, lost: Sequence[Quarantined], seed: int) -> list[Section]:
    records = corpus.records
    seen = [record for record in records if record.seen]
    sample = look_at_lips(corpus, seed)
    examples = [corpus.read(record) for record in spread_over_speakers(records, seed)[:_EXAMPLES]]
    return [
        *([sections.contact_sheet(sample, len(seen))] if seen else []),
        *([sections.synchrony(records, sample, seed)] if any(record.heard for record in seen) else []),
        sections.examples(examples),
        *sections.phone_durations(records),
        *sections.quality(records),
        sections.quarantine(lost),
        *sections.remarks(read_remarks(corpus.folder)),
        sections.people_and_lengths(records),
        Section("How it was prepared", facts=_settings(corpus)),
    ]


def _kinds(records: Sequence[ClipRecord]) -> str:
    """What the clips have, where not all of them have sound and lips."""
    names: dict[Modality, str] = {
        "audio-video": "with sound and lips",
        "audio": "of sound alone",
        "video": "of lips alone",
    }
    counts = Counter(record.modality for record in records)
    if counts.keys() == {"audio-video"}:
        return "of talking face"
    return "clips: " + ", ".join(f"{counts[kind]:,} {name}" for kind, name in names.items() if counts[kind])


def _settings(corpus: Corpus) -> list[tuple[str, str]]:
    own = corpus.settings.get("settings")
    rows = {**{key: value for key, value in corpus.settings.items() if key != "settings"}, **(own or {})}
    return [(key.replace("_", " "), _plain_value(value)) for key, value in sorted(rows.items())]


def _plain_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _percent(share: float) -> str:
    shown = f"{100 * share:.1f}"
    # 99.96 % is not all of them
    return f"{'99.9' if share < 1 and shown == '100.0' else shown.removesuffix('.0')}\N{NO-BREAK SPACE}%"
