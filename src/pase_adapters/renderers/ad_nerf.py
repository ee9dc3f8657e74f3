"""AD-NeRF (ICCV 2021); facts and how they were checked: docs/renderer-facts.md.

The width 29 of its first layer is written into the network, which `pase-adapt run` replaces. A config file in the
subject's folder tells where everything is; the printed commands say it again, so that a run never goes on from one that
was trained on other features.
"""

from dataclasses import replace

from pase_adapters.hazards import DrivingFrames, Hazards
from pase_adapters.renderers.family import ROWS_OF_16, SPLITS
from pase_adapters.spec import Command, Launch, Need, RendererSpec, RowLayout, Slot

_HEAD = (
    "{python} NeRFs/HeadNeRF/run_nerf.py --config {data}/HeadNeRF_config.txt --datadir {data} --basedir {data}/logs "
    "--expname {workspace}_head"
)
_TORSO = "{python} NeRFs/TorsoNeRF/run_nerf.py --config {data}/%s --datadir {data} --basedir {data}/logs --expname "
_TRAIN_TORSO = _TORSO % "TorsoNeRF_config.txt" + "{workspace}_com"
# Its own test config takes the poses of the validation split, 1 in 11, and so speaks no longer than they last.
_SPEAK = _TORSO % "TorsoNeRFTest_config.txt" + "{workspace}_com --test_pose_file transforms_train.json --aud_file"
_MADE = "the renderer's preprocessing, process_data.sh"


def _slot(name: str, layout: RowLayout) -> Slot:
    return Slot(name, layout, "aud.npy", "{stem}_pase.npy")


SPEC = RendererSpec(
    name="ad-nerf",
    description="AD-NeRF (ICCV 2021): one NeRF head and torso per person, trained on 3-5 minutes of 25 fps video",
    project_url="https://github.com/YudongGuo/AD-NeRF",
    commit="9fdcd7e1352aa74e26baa8e60c862f9fbd7933bf",
    licence="MIT; its 3D face model (Basel Face Model 2009) has terms of its own",
    slots=(_slot("deepspeech", replace(ROWS_OF_16, width=29)), _slot("any", replace(ROWS_OF_16, width=None))),
    frame_lists=SPLITS,
    needs=tuple(
        Need(file, _MADE)
        for file in (
            "head_imgs/*.jpg",
            "com_imgs/*.jpg",
            "bc.jpg",
            "HeadNeRF_config.txt",
            "TorsoNeRF_config.txt",
            "TorsoNeRFTest_config.txt",
        )
    ),
    training_commands=(
        Command("train the head", _HEAD),
        Command(
            "hand the head to the run of the torso",
            "mkdir -p {data}/logs/{workspace}_com && "
            'cp "$(ls {data}/logs/{workspace}_head/*_head.tar | tail -n 1)" {data}/logs/{workspace}_com/',
        ),
        Command("train the torso", _TRAIN_TORSO),
        Command("speak the subject's own sound, 12 s of it", f"{_SPEAK} {{data}}/aud.npy --test_size 300"),
    ),
    driving_commands=(
        Command("speak this recording", f"{_SPEAK} {{features}}"),
        Command(
            "add the sound, which the renderer leaves out",
            "ffmpeg -i {data}/logs/{workspace}_com/test_aud_rst/result.avi -i {audio} -map 0:v -map 1:a -shortest "
            "talking.mp4",
        ),
    ),
    launch=Launch("run_nerf_helpers", width_argument="", first_layer="encoder_conv.0", subject_option="--datadir"),
    audio_layer="encoder_conv.0.weight",
    proven="rebuilt loader and networks; its own options, loaders and some steps of training the head, on a CPU",
    limits=(
        "fewer than 4 training frames stop it",
        "speech is cut off where the training video's poses end",
        "the head's own test mode wants keys that its preprocessing does not write: test by the torso's script",
        "its preprocessing writes DeepSpeech features to the same aud.npy: keep a copy, then use --force",
    ),
    hazards=Hazards(driving_frames=DrivingFrames("transforms_train.json"), own_windows=("transforms_train.json",)),
)
