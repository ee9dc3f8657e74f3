"""Which stages a preparation has, by its options."""

from pase.phonemes.aligners.base import Aligner
from pase.phonemes.aligners.given import GivenAligner
from pase.phonemes.aligners.mfa.aligner import MfaAligner
from pase.phonemes.aligners.pocketsphinx import PocketSphinxAligner
from pase.phonemes.aligners.unaligned import NoAligner
from pase.phonemes.transcription import Transcriber
from pase.preparation.options import STAGE_NAMES, PrepareOptions
from pase.preparation.stage import Stage
from pase.preparation.stages.clips import ClipStage
from pase.preparation.stages.crop import CropStage
from pase.preparation.stages.landmarks import LandmarkStage
from pase.preparation.stages.normalise import NormaliseStage
from pase.preparation.stages.offset import OffsetStage
from pase.preparation.stages.phones import PhoneStage
from pase.preparation.stages.probe import ProbeStage
from pase.preparation.stages.quality import QualityStage
from pase.preparation.stages.tracks import TrackStage
from pase.preparation.stages.transcribe import TranscribeStage


def stages_of(options: PrepareOptions) -> tuple[Stage, ...]:
    """The stages in the order of `STAGE_NAMES` up to ``options.until``, not yet prepared; shards come after them."""
    stages: list[Stage] = [
        ProbeStage(options.keeps_silent),
        NormaliseStage(options.keeps_silent),
        LandmarkStage(options.landmarks == "sidecar", options.face_model),
        TrackStage(options.min_seconds, options.max_seconds),
        CropStage(),
    ]
    if options.asr_model is not None:
        stages.append(TranscribeStage(Transcriber(options.asr_model)))
    stages += [
        PhoneStage(aligner_of(options), options.asr_model is not None, options.keep_unaligned),
        OffsetStage(options.sync_model),
        QualityStage(options.limits, options.keeps_silent),
        ClipStage(options.correct_offset),
    ]
    wanted = STAGE_NAMES[: STAGE_NAMES.index(options.until) + 1] if options.until else STAGE_NAMES
    return tuple(stage for stage in stages if stage.name in wanted)


def aligner_of(options: PrepareOptions) -> Aligner:
    """The aligner that the user wants; phones that came with a video are taken first."""
    if options.aligner == "none":
        return NoAligner()
    if options.aligner == "given":
        return GivenAligner()
    if options.aligner == "mfa":
        mfa = options.mfa
        return GivenAligner(MfaAligner(mfa.dictionary, mfa.acoustic_model, mfa.program))
    return GivenAligner(PocketSphinxAligner())
