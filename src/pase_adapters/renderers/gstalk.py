"""GSTalk, a descendant of InsTaG with one audio network for the whole head; facts: docs/renderer-facts.md."""

from pase_adapters.hazards import Hazards
from pase_adapters.renderers.family import SPLITS
from pase_adapters.renderers.gaussian_family import (
    ACTION_UNITS,
    AUDIO_LAYER,
    BASEL,
    TEETH_MASKS,
    sound_command,
    talking_gaussian_slots,
)
from pase_adapters.spec import Command, Launch, Need, RendererSpec

_PRETRAINED = "output/pretrain_pase"
_WHERE = "-s {data} -m output/{workspace} {switch}"
_FACE = "--type face --init_num 2000 --densify_grad_threshold 0.0005"

SPEC = RendererSpec(
    name="gstalk",
    description="GSTalk: 3D Gaussians of a person from 5 seconds of 25 fps video, on a pre-trained base",
    project_url="https://github.com/Zai-Jun/GSTalk",
    commit="13ef30c1948758385cb6b1d0bd4d9c8c913ed62a",
    licence=f"none given; parts come from 3D Gaussian Splatting, which is for research only; {BASEL}",
    slots=talking_gaussian_slots(deepspeech="aud.npy"),
    frame_lists=SPLITS,
    needs=(
        ACTION_UNITS,
        TEETH_MASKS,
        Need("sapiens/normal/sapiens_*/*.npy", "data_utils/sapiens/run.sh, as InsTaG's README says"),
        Need("sapiens/depth/sapiens_*/*.npy", "data_utils/sapiens/run.sh, as InsTaG's README says"),
    ),
    training_commands=(
        Command(
            "once for all subjects: pre-train on five others in data, with PASE features of their own",
            f"{{python}} pretrain.py {_FACE} -s data -m {_PRETRAINED} {{switch}} --iterations 50000",
        ),
        Command(
            "train the head",
            f"{{python}} train.py {_FACE} {_WHERE} --pretrain_path {_PRETRAINED}/chkpnt_ema_face_latest.pth "
            "--iterations 14000 --sh_degree 1 --N_views 125",
        ),
        Command("test", f"{{python}} synthesize_fuse.py {_WHERE} --eval --dilate"),
    ),
    driving_commands=(
        Command(
            "speak this recording",
            f"{{python}} synthesize_fuse.py {_WHERE} --dilate --use_train --audio {{features}}",
        ),
        sound_command("output/{workspace}/train/ours_None/renders/out.mp4"),
    ),
    launch=Launch("scene.motion_net", subject_option="-s"),
    audio_layer=AUDIO_LAYER,
    proven="rebuilt reader and networks; its own options, reader and networks on a CPU, two missing names supplied",
    limits=(
        "as published no script runs: gaussian_renderer/__init__.py uses MouthMotionNetwork without importing it, "
        "PersonalizedMotionNetwork in scene/motion_net.py a hidden_dim that it does not set; mend both by hand",
        "needs a pre-training with the same features and slot: other weights are for other features",
        "pre-training looks for pretrain/Obama1, pretrain/4, pretrain/Shaheen, pretrain/3 and 5: the names are in its "
        "code",
        "pre-training reads DeepSpeech's slot from aud_ds.npy, all other commands from aud.npy: copy the file",
        "the last frame of a subject's lists is left out, unless --N_views asks for fewer",
        "frames beyond the last row are dropped from training with no more than a printed line",
        "pictures are held in memory, once more each time that a long recording repeats the poses",
    ),
    hazards=Hazards(own_windows=()),
)
