"""TalkingGaussian (ECCV 2024); facts and how they were checked: docs/renderer-facts.md.

Its face and its mouth have an audio network each, of one class, both fed from the same file.
"""

from pase_adapters.hazards import DrivingFrames, Hazards
from pase_adapters.renderers.family import SPLITS
from pase_adapters.renderers.gaussian_family import (
    ACTION_UNITS,
    AUDIO_LAYER,
    BASEL,
    TEETH_MASKS,
    sound_command,
    talking_gaussian_slots,
)
from pase_adapters.spec import Command, Launch, RendererSpec

_WHERE = "-s {data} -m output/{workspace} {switch}"

SPEC = RendererSpec(
    name="talking-gaussian",
    description="TalkingGaussian (ECCV 2024): 3D Gaussians of face and mouth, trained on 1-5 minutes of 25 fps video",
    project_url="https://github.com/Fictionarry/TalkingGaussian",
    commit="9bd34f732e30cd94c0a9a087a125d2dda228e258",
    licence=f"none given; parts come from 3D Gaussian Splatting, which is for research only; {BASEL}",
    slots=talking_gaussian_slots(),
    frame_lists=SPLITS,
    needs=(ACTION_UNITS, TEETH_MASKS),
    training_commands=(
        Command("train the mouth", f"{{python}} train_mouth.py {_WHERE}"),
        Command("train the face", f"{{python}} train_face.py {_WHERE} --init_num 2000 --densify_grad_threshold 0.0005"),
        Command("join both", f"{{python}} train_fuse.py {_WHERE} --opacity_lr 0.001"),
        Command("test", f"{{python}} synthesize_fuse.py {_WHERE} --eval"),
    ),
    driving_commands=(
        Command(
            "speak this recording, as long as the training video lasts",
            f"{{python}} synthesize_fuse.py {_WHERE} --use_train --audio {{features}}",
        ),
        sound_command("output/{workspace}/train/ours_None/renders/out.mp4"),
    ),
    launch=Launch("scene.motion_net", subject_option="-s"),
    audio_layer=AUDIO_LAYER,
    proven="rebuilt reader and networks; its own scripts' options, reader and networks on a CPU",
    limits=(
        "another recording is cut off after as many frames as the training list has",
        "frames beyond the last row are dropped from training with no more than a printed line",
        "the slot's option belongs on every command: without it DeepSpeech features are looked for, or their width",
        "au.csv must have the action units 1, 4, 5, 6, 7, 25 and 45",
        "all pictures are held in memory, about 32 GB for 5,000 frames",
    ),
    hazards=Hazards(driving_frames=DrivingFrames("transforms_train.json"), own_windows=()),
)
