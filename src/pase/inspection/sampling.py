"""What is seen in a sample of clips: lip crops at phones, and how closed lips are. Each clip is decoded once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from pase.corpus.clip import ClipRecord
from pase.corpus.codec import decode_points
from pase.corpus.store import Corpus
from pase.evaluation.closures import normalise_gap
from pase.inspection.crops import crop_with_landmarks
from pase.inspection.selection import PER_PHONE, Moment, choose_frames, choose_moments, spread_over_speakers
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import BILABIALS
from pase.video.landmarks import lip_gap

CLIPS = 200
"""Clips at most in which lips are measured."""

UNLABELLED = "lips"
"""Stands for the phone of crops from clips whose phones are not known."""

_FRAMES_UNLABELLED = 24


@dataclass(frozen=True, slots=True)
class SampledCrop:
    """A lip crop on the contact sheet.

    Attributes:
        moment: Where it comes from.
        image: The crop with its landmarks.
    """

    moment: Moment
    image: Image


@dataclass(frozen=True)
class Sample:
    """What was seen in some clips.

    Attributes:
        crops: Lip crops at the middle of each phone; under `UNLABELLED` alone where no clip with lips has phones.
        gaps: Phones and normalised lip gap, shape ``(T,)``, of clips with bilabials.
        clips: Clips that were decoded.
    """

    crops: Mapping[str, Sequence[SampledCrop]]
    gaps: Sequence[tuple[PhoneTrack, NDArray[np.float64]]]
    clips: int


def look_at_lips(corpus: Corpus, seed: int, clips: int = CLIPS, per_phone: int = PER_PHONE) -> Sample:
    """Draw clips and look at their lips.

    Args:
        corpus: The corpus.
        seed: The same one draws the same clips and frames.
        clips: In how many clips at most the lip gap is measured.
        per_phone: How many crops of each phone.

    Raises:
        InputError: A shard is missing or damaged.
    """
    order = spread_over_speakers([record for record in corpus.records if record.seen], seed)
    moments = choose_moments(order, seed, per_phone) or {UNLABELLED: choose_frames(order, seed, _FRAMES_UNLABELLED)}
    measured = [record for record in order if _has_bilabials(record)][:clips]
    wanted: dict[str, list[tuple[str, Moment]]] = {record.clip_id: [] for record in measured}
    for phone, own in moments.items():
        for moment in own:
            wanted.setdefault(moment.record.clip_id, []).append((phone, moment))
    crops: dict[str, list[SampledCrop]] = {phone: [] for phone in moments}
    gaps: list[tuple[PhoneTrack, NDArray[np.float64]]] = []
    # In the order of the corpus, so that shards are read from beginning to end.
    for record in (record for record in corpus.records if record.clip_id in wanted):
        if wanted[record.clip_id]:
            clip = corpus.read(record)
            points = clip.lip_points
            for phone, moment in wanted[record.clip_id]:
                image = crop_with_landmarks(clip.lips[moment.frame], points[moment.frame])
                crops[phone].append(SampledCrop(moment, image))
        else:  # its pictures are not needed, and take most of the time
            points = decode_points(corpus.encoded(record).points)
        if record.phones is not None and _has_bilabials(record):
            gap = lip_gap(points)
            gaps.append((record.phones, normalise_gap(gap, gap)))
    return Sample(crops, gaps, len(wanted))


def _has_bilabials(record: ClipRecord) -> bool:
    return record.phones is not None and any(interval.phone in BILABIALS for interval in record.phones.intervals)
