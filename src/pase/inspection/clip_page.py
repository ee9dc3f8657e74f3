"""One HTML page about one clip of a prepared corpus."""

from difflib import get_close_matches
from pathlib import Path

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.files import write_text
from pase.inspection.clip_figure import DrawnClip, draw_part, spans_of
from pase.inspection.corpus_figures import quality_name
from pase.inspection.corpus_page import check_output
from pase.inspection.player import make_player
from pase.inspection.tables import read_remarks
from pase.inspection.words import place_words
from pase.phonemes.words import WordInterval
from pase.report.page import Card, Picture, Section, render

FOLDER = "inspect"

_LONGEST = 30.0  # seconds that are drawn and played
_SUGGESTIONS = 5


def inspect_clip(location: Path | str, clip_id: str, output: Path | None = None) -> Path:
    """Write the page of a clip.

    Args:
        location: Folder or address of a prepared corpus.
        clip_id: The clip, as `manifest.jsonl` names it.
        output: The HTML file; None: named like the clip, below `FOLDER` in the corpus's folder.

    Returns:
        The file.

    Raises:
        InputError: Not a prepared corpus, no such clip, its shard is damaged, or the output cannot be written.
    """
    corpus = Corpus.open(location)
    record = find_record(corpus, clip_id)
    path = check_output(output, corpus, f"{FOLDER}/{clip_id}.html")
    clip = corpus.read(record)
    video = clip_id.rpartition("--")[0]  # remarks name a video, whose clips are numbered where there are several
    remarks = [row.remark for row in read_remarks(corpus.folder) if row.clip in (clip_id, video)]
    lead = f"“{record.text}”" if record.text else "No transcript."
    write_text(path, render(f"Clip {clip_id}", lead, _cards(record), _sections(corpus, clip, remarks)))
    return path


def find_record(corpus: Corpus, clip_id: str) -> ClipRecord:
    """The record of a clip.

    Raises:
        InputError: There is no such clip; the message names those with similar ids.
    """
    ids = {record.clip_id: record for record in corpus.records}
    if clip_id in ids:
        return ids[clip_id]
    parts = [name for name in ids if clip_id and clip_id.lower() in name.lower()]
    near = (parts or get_close_matches(clip_id, ids, n=_SUGGESTIONS, cutoff=0.5))[:_SUGGESTIONS]
    hint = f"Near it: {', '.join(near)}." if near else "Its manifest.jsonl names them all."
    raise InputError(f"{corpus.folder} has no clip {clip_id!r} among its {len(ids)}. {hint}")


def _cards(record: ClipRecord) -> list[Card]:
    cards = [Card("seconds", f"{record.duration:.2f}", f"{record.frames:,} frames, {record.samples:,} samples")]
    if record.phones is None:
        cards.append(Card("phones", "none", "no transcript, or no alignment was wanted"))
    else:
        cards.append(Card("phones", f"{len(record.phones.intervals):,}", "silences included"))
    if record.offset is not None:
        done = "sound was moved" if record.offset.corrected else "left as it was"
        note = f"positive: sound lags; {record.offset.method}, confidence {record.offset.confidence:.1f}; {done}"
        cards.append(Card("A/V offset", f"{1000 * record.offset.seconds:+.0f} ms", note))
    return cards


def _sections(corpus: Corpus, clip: Clip, remarks: list[str]) -> list[Section]:
    record = clip.record
    cut = f"Only the first {_LONGEST:.0f} s are shown." if record.duration > _LONGEST else ""
    note = "The red line is the moment that is seen; phones pass it as they are heard." if record.phones else ""
    player = make_player(clip, _LONGEST, note)
    facts = [
        ("source", record.source),
        ("starts there at", f"{record.source_start:.2f} s"),
        ("speaker", record.speaker),
        ("split", record.split),
        ("modality", record.modality),
        ("corpus", f"{corpus.folder}, shards/{record.shard}"),
        *((quality_name(name), f"{value:.3g}") for name, value in sorted(record.quality.items())),
        *(("remark", remark) for remark in remarks),
    ]
    names = {"audio-video": "Sound and lips", "audio": "Sound", "video": "Lips"}
    return [
        Section(f"{names[record.modality]} in time", note=cut, pictures=_pictures(clip)),
        Section("To play", players=[player]),
        Section("Facts", facts=facts),
    ]


def _pictures(clip: Clip) -> list[Picture]:
    record = clip.record
    words: tuple[WordInterval, ...] = ()
    if record.phones is not None and record.text:
        words = place_words(record.text.split(), record.phones)
    drawn = DrawnClip.of(clip, words)
    shown = [name for name, present in (("words", drawn.words), ("phones coloured by viseme", drawn.phones)) if present]
    shown += ["spectrogram (0 to 8 kHz)", "sound"] if record.heard else []
    shown += ["lip crops", "lip gap"] if record.seen else []
    where = " Its phones are not known."
    if drawn.phones:
        where = " Lips should close where the curve is shaded: /p b m/." if record.seen else ""
    caption = f"From above: {', '.join(shown)}.{where}"
    spans = spans_of(record.duration, _LONGEST)
    return [
        Picture(
            draw_part(drawn, span),
            alt=f"{', '.join(shown)} of clip {record.clip_id} from {span[0]:.1f} to {span[1]:.1f} s".capitalize(),
            caption=caption if number == len(spans) else "",
        )
        for number, span in enumerate(spans, start=1)
    ]
