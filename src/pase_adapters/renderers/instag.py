"""InsTaG (CVPR 2025); facts and how they were checked: docs/renderer-facts.md.

A subject is trained from a few seconds of video, on top of networks that were trained on other people before. Those
hear the same features, so PASE needs a pre-training of its own: the weights that the authors give away do not fit.
"""

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
_FEW = "--sh_degree 1 --N_views 250"
_OTHERS = f"-s data/pretrain -m {_PRETRAINED} {{switch}} --iterations 30000"

SPEC = RendererSpec(
    name="instag",
    description="InsTaG (CVPR 2025): 3D Gaussians of a person from 10 seconds of 25 fps video, on a pre-trained base",
    project_url="https://github.com/Fictionarry/InsTaG",
    commit="42f68f80806a430afca3092b773902c9a2860a62",
    licence=f"none given; parts come from 3D Gaussian Splatting, which is for research only; {BASEL}",
    slots=talking_gaussian_slots(deepspeech="aud.npy"),
    frame_lists=SPLITS,
    needs=(
        ACTION_UNITS,
        TEETH_MASKS,
        Need("sapiens/normal/sapiens_*/*.npy", "data_utils/sapiens/run.sh; only for training on a few seconds"),
        Need("sapiens/depth/sapiens_*/*.npy", "data_utils/sapiens/run.sh; only for training on a few seconds"),
    ),
    training_commands=(
        Command(
            "once for all subjects: pre-train faces on five others in data/pretrain, with PASE features of their own",
            f"{{python}} pretrain_face.py --type face {_OTHERS} --init_num 2000 --densify_grad_threshold 0.0005 "
            "--share_audio_net",
        ),
        Command(
            "and their mouths",
            f"{{python}} pretrain_mouth.py --type mouth {_OTHERS} --init_num 5000",
        ),
        Command(
            "train the face",
            f"{{python}} train_face.py --type face {_WHERE} --init_num 2000 --densify_grad_threshold 0.0005 "
            f"--pretrain_path {_PRETRAINED}/chkpnt_ema_face_latest.pth --iterations 10000 {_FEW}",
        ),
        Command(
            "train the mouth",
            f"{{python}} train_mouth.py --type mouth {_WHERE} --init_num 5000 "
            f"--pretrain_path {_PRETRAINED}/chkpnt_ema_mouth_latest.pth --iterations 10000 {_FEW}",
        ),
        Command("join both", f"{{python}} train_fuse_con.py {_WHERE} --opacity_lr 0.001 --iterations 2000 {_FEW}"),
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
    proven="rebuilt reader and networks; its own scripts' options, reader and networks on a CPU",
    limits=(
        "needs a pre-training with the same features and slot: the authors' weights are for other features",
        "pre-training looks in data/pretrain for macron, shaheen, may, jaein and obama1: the names are in its code",
        "pre-training reads DeepSpeech's slot from aud_ds.npy, all other commands from aud.npy: copy the file",
        "the last frame of a subject's lists is left out, unless --N_views asks for fewer",
        "frames beyond the last row are dropped from training with no more than a printed line",
        "pictures are held in memory, once more each time that a long recording repeats the poses",
        "the test of its own extractor AVE takes a .wav only, so that there is no slot for it",
    ),
    hazards=Hazards(own_windows=()),
)
