"""One rendered video against its reference: every measure, and what was seen of both."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pase.audio.waveform import Waveform, load_audio
from pase.corpus.clip import CROP_SIZE, FRAME_RATE, labels_of_frames
from pase.errors import InputError, UnusableClipError
from pase.evaluation.closures import SpokenGap, closure_sums
from pase.evaluation.judge.judging import judge_mouths
from pase.evaluation.judge.store import LoadedJudge
from pase.evaluation.rendered.metrics import (
    Points,
    aperture,
    faceless_share,
    found_in_both,
    mouth_distance,
    mouth_jitter,
    mouth_width,
    score_following,
)
from pase.evaluation.rendered.pictures import PictureDistance, picture_scores
from pase.evaluation.rendered.score import Score
from pase.evaluation.silence import silent_frames
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.textgrid import read_textgrid
from pase.video.lip_crop import FaceTrack, track_face
from pase.video.media import open_media, video_track
from pase.video.speaker import Speaker, find_speaker, speaker_mouths

TOLERANCE = 1
"""Frames by which two videos of one length may differ."""


@dataclass(frozen=True)
class VideoScores:
    """A rendered video beside its reference.

    Attributes:
        rendered: The file.
        reference: The file.
        frames: Frames compared, at 25 a second.
        faceless: Frames without a face in the rendered video and in the reference; they count in no measure of lips.
        size: Width and height of the pictures.
        landmarks: What found the lip points, with the hash of its model.
        judges: What judged the sync, each with the hash of its file, and how the mouths were cut out for it.
        codec: Of the rendered video, with its own frame rate.
        scores: The measures.
    """

    rendered: str
    reference: str
    frames: int
    faceless: tuple[int, int]
    size: tuple[int, int]
    landmarks: str
    judges: tuple[str, ...]
    codec: str
    scores: tuple[Score, ...]


def evaluate_video(
    rendered: Path,
    reference: Path,
    model: Path,
    phones: Path | None = None,
    judge: LoadedJudge | None = None,
    audio: Path | None = None,
    lpips: PictureDistance | None = None,
) -> VideoScores:
    """Measure a rendered video.

    Args:
        rendered: Video of the whole face.
        reference: What it should be: same person, same speech, same size, same beginning.
        model: The file that `pase.video.face_model.find_model` gives.
        phones: TextGrid of what is spoken, for closures and silence; None leaves these out.
        judge: For LSE-C and LSE-D; None leaves these out.
        audio: What is spoken, for the judge; None takes the rendered video's own sound.
        lpips: What `open_lpips` gives; None leaves LPIPS out.

    Raises:
        InputError: The videos differ in size or length, show no face, or the TextGrid or the sound cannot be used.
        UnusableClipError: A video cannot be read.
        MissingExtraError: MediaPipe is absent.
    """
    own, other = Watched(rendered, find_speaker(rendered, model)), Watched(reference, find_speaker(reference, model))
    track = None
    if phones is not None:
        track = read_textgrid(phones, len(own.speaker.points) / FRAME_RATE).phones
        if track is None:
            raise InputError(f"{phones} has words and no phones: closures and silence need a tier 'phones'")
    frames, scores = score_video(own, other, track, lpips)
    if judge is not None:
        sound = load_audio(audio or rendered)
        scores += [*sync_of(own, judge, sound), *sync_of(other, judge, sound, ", reference")]
    return VideoScores(
        str(rendered),
        str(reference),
        frames,
        (own.speaker.missing, other.speaker.missing),
        own.speaker.size,
        told_landmarks(model),
        () if judge is None else (told_judge(judge),),
        told_codec(rendered),
        tuple(scores),
    )


@dataclass(frozen=True)
class Watched:
    """A video, and where its speaker is."""

    video: Path
    speaker: Speaker


def score_video(
    own: Watched, other: Watched, phones: PhoneTrack | None, lpips: PictureDistance | None = None
) -> tuple[int, list[Score]]:
    """Lips and pictures of a rendered video against its reference, and closures and silence where phones are known.

    Lips are compared in frames where both show a face; the share of the rendered frames without one is among them.

    Returns:
        How many frames were compared, and the measures.

    Raises:
        InputError: They differ in size or length, or no frame shows a face in both.
        UnusableClipError: A video cannot be read.
    """
    frames = _common(own.video, own.speaker, other.video, other.speaker)
    points, wanted = own.speaker.lips[:frames], other.speaker.lips[:frames]
    spoken = [] if phones is None else _spoken(points, wanted, phones)
    pictures = picture_scores(own.video, other.video, frames, _mouth(other.speaker), lpips)
    return frames, [*_lips(points, wanted), *pictures, *spoken, faceless_share(points)]


def _mouth(speaker: Speaker) -> FaceTrack | None:
    """Where the mouth is; None where the face is lost for too long to tell in every frame."""
    try:
        return track_face(speaker.points)
    except UnusableClipError:
        return None


def sync_of(watched: Watched, judge: LoadedJudge, sound: Waveform, name: str = "") -> list[Score]:
    """LSE-C, LSE-D and offset of a video by a judge; NaN, with the reason, where it cannot be judged.

    It cannot where the video is too short, or its face lost for too long, too small or at the edge of the pictures.

    Args:
        watched: The video.
        judge: The judge.
        sound: What is spoken, 16 kHz.
        name: Behind the names of the measures.
    """
    units = {"LSE-C": "of the judge, higher is better", "LSE-D": "of the judge, lower is better", "offset": "frames"}
    try:
        judged = judge_mouths(judge.model, speaker_mouths(watched.video, watched.speaker, CROP_SIZE), sound)
    except InputError as error:
        return [Score(f"{own}{name}", math.nan, unit, 0, f"{watched.video}: {error}") for own, unit in units.items()]
    values = (judged.confidence, judged.distance, judged.offset)
    frames = len(watched.speaker.points)
    return [
        Score(f"{own}{name}", value, unit, frames) for (own, unit), value in zip(units.items(), values, strict=True)
    ]


def told_landmarks(model: Path) -> str:
    """What finds lip points, with the hash of its model."""
    return f"MediaPipe FaceLandmarker {hashlib.sha256(model.read_bytes()).hexdigest()[:16]}"


def told_judge(judge: LoadedJudge) -> str:
    """What judges sync, with the hash of its file, and what it looks at."""
    return f"{judge.identity}, stabilised mouths of {CROP_SIZE} pixels"


def told_codec(video: Path) -> str:
    """A video's codec and frame rate."""
    with open_media(video) as container:
        track = video_track(video, container)
        return f"{track.codec_context.name}, {float(track.average_rate or 0):g} frames a second"


def _common(rendered: Path, own: Speaker, reference: Path, other: Speaker) -> int:
    if own.size != other.size:
        raise InputError(
            f"{rendered} has pictures of {own.size[0]} x {own.size[1]}, {reference} of {other.size[0]} x "
            f"{other.size[1]}: both must have one size. Scale one of them first (ffmpeg -vf scale)."
        )
    lengths = len(own.lips), len(other.lips)
    if abs(lengths[0] - lengths[1]) > TOLERANCE:
        raise InputError(
            f"{rendered} has {lengths[0]} frames at {FRAME_RATE} a second, {reference} has {lengths[1]}: at most "
            f"{TOLERANCE} may differ. Cut the reference to what was rendered."
        )
    if not found_in_both(own.lips[: min(lengths)], other.lips[: min(lengths)]).any():
        raise InputError(f"no frame shows a face in both {rendered} and {reference}: lips cannot be compared")
    return min(lengths)


def _lips(points: Points, reference: Points) -> list[Score]:
    found = found_in_both(points, reference)
    distance = float(mouth_distance(points, reference)[found].mean())
    width = float(mouth_width(reference)[found].mean())
    count = int(found.sum())
    return [
        Score("LMD", distance, "pixels", count),
        Score("LMD, relative", distance / width, "mouth widths", count),
        *score_following(points, reference),
    ]


def _spoken(points: Points, reference: Points, phones: PhoneTrack) -> list[Score]:
    labels = labels_of_frames(phones, len(points))
    silent = silent_frames(labels)
    gaps = SpokenGap.normalised(phones, aperture(reference), aperture(points))
    sums = closure_sums(gaps, labels)
    scores = [
        Score("closures, recall", _quotient(sums["recall"]), "of those in the reference", sums["recall"][1]),
        Score("closures, precision", _quotient(sums["precision"]), "of the rendered ones", sums["precision"][1]),
    ]
    for name, own in (("jitter in silence", points), ("jitter in silence, reference", reference)):
        moved = mouth_jitter(own, silent)
        scores.append(Score(name, float(moved.mean()) if len(moved) else math.nan, "mouth widths", len(moved)))
    return scores


def _quotient(counts: Sequence[int]) -> float:
    return counts[0] / counts[1] if counts[1] else math.nan
