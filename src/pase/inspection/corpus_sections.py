"""The parts of a corpus's page: each turns numbers or crops into a titled section with its words."""

from collections.abc import Sequence

import numpy as np

from pase.corpus.clip import FRAME_RATE, Clip, ClipRecord
from pase.inspection import corpus_figures as figures
from pase.inspection.bilabials import measure_bilabials
from pase.inspection.crops import strip_of
from pase.inspection.player import make_player
from pase.inspection.sampling import UNLABELLED, Sample, SampledCrop
from pase.inspection.selection import PER_PHONE
from pase.inspection.statistics import (
    clip_seconds,
    phone_seconds,
    quality_values,
    speaker_hours,
    summarise_offsets,
)
from pase.inspection.tables import Quarantined, Remark, count_reasons, count_remark_kinds
from pase.phonemes.inventory import PHONES, VISEMES
from pase.report.page import Picture, Player, Section, Strip
from pase.report.style import MUTED, VISEME_COLOURS

_EXAMPLE_SECONDS = 10.0
_EXAMPLE_CLIPS = 3  # named for each reason
_REMARK_KINDS = 20


def contact_sheet(sample: Sample, clips: int) -> Section:
    """Lip crops by phone, phones of a viseme together."""
    title = "What lips look like"
    seen = f"Seen in a sample of {sample.clips:,} of {clips:,} clips." if sample.clips < clips else ""
    if UNLABELLED in sample.crops:
        crops = sample.crops[UNLABELLED]
        rows = [crops[first : first + PER_PHONE] for first in range(0, len(crops), PER_PHONE)]
        strips = [_strip(f"frames by chance, {number}", "", MUTED, row) for number, row in enumerate(rows, start=1)]
        return Section(title, note=f"The middle of lip crops with the lip landmarks. {seen}", strips=strips)
    strips = [
        _strip(phone, name, colour, sample.crops[phone])
        for (name, phones), colour in zip(VISEMES.items(), VISEME_COLOURS, strict=True)
        for phone in phones
        if phone in sample.crops
    ]
    absent = [phone for phone in PHONES if phone not in sample.crops]
    note = (
        "The middle of the lip crop half way through a phone, with the lip landmarks as lines. Lips "
        "should be closed in P, B and M, the lower one at the teeth in F and V, both rounded in W, UW and OW. "
        f"{seen}{' Never spoken: ' + ', '.join(absent) + '.' if absent else ''}"
    )
    return Section(title, note=note, strips=strips)


def synchrony(records: Sequence[ClipRecord], sample: Sample, seed: int) -> Section:
    """Whether sound and picture agree: the bilabial test, and the offsets that were measured."""
    pictures = []
    curve = measure_bilabials(sample.gaps, seed)
    if curve is not None:
        caption = (
            f"{curve.finding()} Lip gap at the middle of {curve.tokens:,} /p b m/ in {curve.clips:,} clips (0: as "
            "closed as in its clip, 1: as open), the video moved by some frames; shaded: 95 % interval. In sync, the "
            "curve has a sharp minimum at 0."
        )
        alt = f"Mean lip gap at bilabials against the shift of the video, lowest at {curve.closed_at:+d} frames"
        pictures.append(Picture(figures.draw_bilabials(curve), alt=alt, caption=caption))
    offsets = summarise_offsets(records)
    if offsets is not None:
        milliseconds = offsets.seconds * 1000
        within = np.mean(np.abs(milliseconds) <= 1000 / FRAME_RATE)
        how = ", ".join(f"{number:,} by the {method} test" for method, number in offsets.methods)
        caption = (
            f"Offset in the source of {len(milliseconds):,} clips ({how}): median {np.median(milliseconds):+.0f} ms, "
            f"{100 * within:.0f} % within one frame; the sound of {offsets.corrected.sum():,} clips was moved."
        )
        alt = f"Histogram of offsets between sound and picture, median {np.median(milliseconds):+.0f} milliseconds"
        pictures.append(Picture(figures.draw_offsets(offsets), alt=alt, caption=caption))
    notes = []
    if curve is None:
        notes.append("No clip has a /p/, /b/ or /m/ in its phones, so whether lips close there cannot be tested.")
    if offsets is None:
        notes.append("The offset between sound and picture was not measured clip by clip.")
    return Section("Do sound and picture agree?", note=" ".join(notes), pictures=pictures)


def examples(clips: Sequence[Clip]) -> Section:
    """A few clips to play."""
    players = [_example(clip) for clip in clips]
    note = "Drawn by chance. The red line is the moment that is seen; phones pass it as they are heard."
    return Section("Clips to play", note=note, players=players)


def phone_durations(records: Sequence[ClipRecord]) -> list[Section]:
    """How long phones last; nothing without phones."""
    seconds = phone_seconds(records)
    if not seconds:
        return []
    spoken = sum(len(own) for own in seconds.values())
    caption = (
        f"{spoken:,} phones of all clips. Boxes hold the middle half, whiskers 90 %, the line is the median. Boxes at "
        "the shortest length that an aligner knows (30 ms for many) speak of forced alignments that do not fit."
    )
    alt = "Box plot of the length of each phone in milliseconds, by viseme"
    picture = Picture(figures.draw_phone_durations(seconds), alt=alt, caption=caption)
    return [Section("How long phones last", pictures=[picture])]


def quality(records: Sequence[ClipRecord]) -> list[Section]:
    """Distributions of the quality measures; nothing where none were taken."""
    values = quality_values(records)
    if not values:
        return []
    caption = "One value for each clip; red: the median."
    alt = f"Histograms of {', '.join(name.replace('_', ' ') for name in values)}"
    return [Section("Picture and sound", pictures=[Picture(figures.draw_quality(values), alt=alt, caption=caption)])]


def quarantine(lost: Sequence[Quarantined]) -> Section:
    """What was lost and why."""
    title = "What was left out"
    if not lost:
        return Section(title, note="No clip was quarantined.")
    counts = count_reasons(lost)
    listed = ", ".join(f"{len(count.clips)} {count.label}" for count in counts[: figures.REASONS])
    picture = Picture(
        figures.draw_reasons(counts),
        alt=f"Bars of quarantined clips by reason: {listed}",
        caption="Clips by the reason why they were not kept. quarantine.tsv in the corpus names them all.",
    )
    rows = [("Reason", "Clip", "Detail")]
    for count in counts:
        for place, row in enumerate(count.clips[:_EXAMPLE_CLIPS]):
            rows.append((f"{count.label} ({len(count.clips)})" if place == 0 else "", row.clip, row.detail))
    return Section(title, pictures=[picture], table=rows, table_of_words=True)


def remarks(rows: Sequence[Remark]) -> list[Section]:
    """Repairs and doubts by kind; nothing where there are none."""
    if not rows:
        return []
    kinds = count_remark_kinds(rows)
    more = f" {len(kinds) - _REMARK_KINDS} rarer kinds are not shown." if len(kinds) > _REMARK_KINDS else ""
    note = f"{len(rows):,} remarks on clips that were kept; remarks.tsv in the corpus has them all.{more}"
    table = [("Clips", "For example", "Remark")]
    table += [(f"{number:,}", example.clip, kind) for kind, number, example in kinds[:_REMARK_KINDS]]
    return [Section("Repairs and doubts", note=note, table=table, table_of_words=True)]


def people_and_lengths(records: Sequence[ClipRecord]) -> Section:
    """Hours of speakers, and lengths of clips."""
    speakers, seconds = speaker_hours(records), clip_seconds(records)
    shown = min(len(speakers), figures.SPEAKERS)
    which = f"The {shown} of {len(speakers):,} speakers with most" if shown < len(speakers) else "Length by speaker"
    listed = ", ".join(f"{name} {60 * own:.1f} minutes" for name, own in speakers[:5])
    people = Picture(figures.draw_speakers(speakers), alt=f"Bars of length by speaker: {listed}", caption=f"{which}.")
    lengths = Picture(
        figures.draw_clip_lengths(seconds),
        alt=f"Histogram of clip lengths, median {np.median(seconds):.1f} seconds",
        caption=f"Clips last {seconds.min():.2f} to {seconds.max():.2f} s, their median is {np.median(seconds):.2f} s.",
    )
    return Section("Who speaks, and for how long", pictures=[people, lengths] if len(speakers) > 1 else [lengths])


def _strip(label: str, viseme: str, colour: str, crops: Sequence[SampledCrop]) -> Strip:
    names = ", ".join(crop.moment.record.clip_id for crop in crops)
    alt = f"Lip crops with landmarks, {label}, from clips {names}"
    return Strip(label, viseme, colour, strip_of([crop.image for crop in crops]), alt)


def _example(clip: Clip) -> Player:
    record = clip.record
    text = f"“{record.text}”" if record.text else "no transcript"
    cut = f", its first {_EXAMPLE_SECONDS:.0f} s" if record.duration > _EXAMPLE_SECONDS else ""
    return make_player(clip, _EXAMPLE_SECONDS, f"{text}, {record.speaker}, {record.duration:.1f} s{cut}")
