"""What renderers of the two 3D Gaussian splatting families have in common: TalkingGaussian's and GaussianTalker's."""

from dataclasses import replace

from pase_adapters.hazards import DrivingFrames, Hazards
from pase_adapters.renderers.family import ROWS_OF_16, nerf_slots
from pase_adapters.spec import Command, Need, Slot

AUDIO_LAYER = "audio_net.encoder_conv.0.weight"

ACTION_UNITS = Need("au.csv", "OpenFace's FeatureExtraction on the video, as the renderer's README says")
TEETH_MASKS = Need("teeth_mask/*.npy", "data_utils/easyportrait/create_teeth_mask.py, as the renderer's README says")
TRACKING = Need("track_params.pt", "the renderer's data_utils/process.py")

ONLY_VALIDATION_FRAMES = Hazards(
    driving_frames=DrivingFrames(
        "transforms_val.json", short="the frames of the batch in which the recording ends are left out without a word"
    )
)
"""GaussianTalker's: more than one frame past the recording's rows a window is too small, and the error is swallowed."""

GAUSSIAN_TALKER_LIMITS = (
    "another recording is cut off after as many frames as the validation list has, 1 in 11 of the video",
    "a shorter recording loses the whole batch in which it ends, without a word: lengthen it, or --batch 1",
    "a split of fewer than 4 frames stops it; the first 4 frames of the validation list hear zeros as their past",
    "its preprocessing leaves DeepSpeech features in aud_ds.npy: --force replaces them",
    "blanks in paths break its call of ffmpeg, after which it deletes the pictures",
    "needs Python's tkinter (python3-tk), which it imports for nothing",
)

BASEL = "its 3D face model (Basel Face Model 2009) has terms of its own"


def talking_gaussian_slots(deepspeech: str = "aud_ds.npy") -> tuple[Slot, ...]:
    """Slots of TalkingGaussian and its descendants, which know three extractors and stop at any other name.

    So features of any width are read under HuBERT's name, and only the launcher changes the width.

    Args:
        deepspeech: Name of the training file of DeepSpeech features, which differs among them.
    """
    slots = nerf_slots(ROWS_OF_16, "esperanto", "deepspeech", "hubert", option="--audio_extractor")
    esperanto, narrow, hubert = slots
    return esperanto, _of_any_width(hubert), replace(narrow, training_file=deepspeech), hubert


def gaussian_talker_slots() -> tuple[Slot, ...]:
    """Slots of GaussianTalker and its descendants: one file, whose width of 29 is a literal in the code."""
    (deepspeech,) = nerf_slots(ROWS_OF_16, "deepspeech")
    narrow = replace(deepspeech, switch="")
    return narrow, _of_any_width(narrow)


def _of_any_width(slot: Slot) -> Slot:
    """The same file with features of any width, for the launcher."""
    return replace(slot, name="any", layout=replace(ROWS_OF_16, width=None), driving_file="{stem}_pase.npy")


def sound_command(video: str) -> Command:
    """Adds the recording to a video that the renderer leaves silent.

    Args:
        video: Where the renderer puts it; may hold the fields of a command.
    """
    return Command(
        "add the sound, which the renderer leaves out",
        f"ffmpeg -i {video} -i {{audio}} -c:v copy -map 0:v -map 1:a -shortest talking.mp4",
    )
