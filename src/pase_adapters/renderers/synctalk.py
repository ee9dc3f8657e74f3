"""SyncTalk (CVPR 2024); facts and how they were checked: docs/renderer-facts.md.

Its own audio-visual encoder (`ave`) is computed from the sound inside the renderer and has no file. All other inputs
are ER-NeRF's.
"""

from pase_adapters.renderers.family import ASR_SCRIPT, PREPARED, ROWS_OF_16, SMALL_SPLIT, SPLITS, add_sound, nerf_slots
from pase_adapters.spec import Command, Launch, Need, RendererSpec
from pase_adapters.streaming.hook import ER_NERF

_MAIN = "{python} main.py {data} --workspace {workspace}"

SPEC = RendererSpec(
    name="synctalk",
    description="SyncTalk (CVPR 2024): one NeRF head per person, trained on 4-5 minutes of 25 fps video",
    project_url="https://github.com/ZiqiaoPeng/SyncTalk",
    commit="d2427a3d7301234ca417ef7660aaf5a24e5d89b0",
    licence="CC BY-NC 4.0: not for commercial use; its 3D face model (Basel Face Model 2009) has terms of its own",
    slots=nerf_slots(ROWS_OF_16, "esperanto", "any", "pase", "deepspeech", "hubert"),
    frame_lists=SPLITS,
    needs=(
        *PREPARED,
        Need("ori_imgs/*.jpg", "the renderer's preprocessing; --portrait pastes the face into them"),
        Need("parsing/*_face.png", "the renderer's preprocessing; --portrait cuts the face out by them"),
        Need("bs.npy", "the renderer's preprocessing; or give every command --au45 and the subject OpenFace's au.csv"),
    ),
    training_commands=(
        Command("train the head", f"{_MAIN} -O --iters 60000 {{switch}}"),
        Command("fine-tune the lips", f"{_MAIN} -O --iters 100000 --finetune_lips --patch_size 64 {{switch}}"),
        Command("test the head", f"{_MAIN} -O --test --portrait {{switch}}"),
    ),
    driving_commands=(
        Command("speak this recording", f"{_MAIN} -O --test --test_train --portrait --aud {{features}} {{switch}}"),
        add_sound("{workspace}"),
    ),
    launch=Launch("nerf_triplane.network"),
    audio_layer="audio_net.encoder_conv.0.weight",
    proven="rebuilt loader and networks; its own main.py, loader and networks on a CPU",
    limits=(
        SMALL_SPLIT,
        "more than 20,000 training frames need a larger --ind_num",
        "a --aud that cannot be read ends it by UnboundLocalError: aud_features",
        "its own encoder (--asr_model ave) takes sound, not features",
    ),
    stream=ER_NERF,
    hazards=ASR_SCRIPT,
)
