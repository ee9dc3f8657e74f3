"""RAD-NeRF (2022), from which the family descends; facts and how they were checked: docs/renderer-facts.md.

It knows no HuBERT: its widest input takes 44 features, into which wider ones are projected. `pase-adapt run` gives it
an input of any width.
"""

from pase_adapters.hazards import Hazards, RealTimePath
from pase_adapters.renderers.family import (
    HEAD_CHECKPOINT,
    PREPARED,
    ROWS_OF_16,
    SMALL_SPLIT,
    SPLITS,
    add_sound,
    nerf_slots,
)
from pase_adapters.spec import Command, Launch, RendererSpec
from pase_adapters.streaming.hook import RAD_NERF

_MAIN = "{python} main.py {data} --workspace {workspace}"

SPEC = RendererSpec(
    name="rad-nerf",
    description="RAD-NeRF (2022): one NeRF head per person, trained on 1-5 minutes of 25 fps video",
    project_url="https://github.com/ashawkey/RAD-NeRF",
    commit="0de5ed259592592294677ad6cf7605f478a0de57",
    licence="MIT; its 3D face model (Basel Face Model 2009) has terms of its own",
    slots=nerf_slots(ROWS_OF_16, "esperanto", "any", "pase", "deepspeech"),
    frame_lists=SPLITS,
    needs=PREPARED,
    training_commands=(
        Command("train the head", f"{_MAIN} -O --iters 200000 {{switch}}"),
        Command("fine-tune the lips", f"{_MAIN} -O --iters 250000 --finetune_lips {{switch}}"),
        Command("train the torso", f"{_MAIN}_torso -O --torso --head_ckpt {HEAD_CHECKPOINT} --iters 200000 {{switch}}"),
        Command("test the head", f"{_MAIN} -O --test {{switch}}"),
        Command("test head and torso", f"{_MAIN}_torso -O --torso --test {{switch}}"),
    ),
    driving_commands=(
        Command("speak this recording", f"{_MAIN}_torso -O --torso --test --test_train --aud {{features}} {{switch}}"),
        add_sound("{workspace}_torso"),
    ),
    launch=Launch("nerf.network"),
    audio_layer="audio_net.encoder_conv.0.weight",
    proven="rebuilt loader and networks; its own main.py, loader and networks on a CPU",
    limits=(
        SMALL_SPLIT,
        "more than 10,000 training frames need a larger --ind_num",
        "every test smooths the lips in time, which cannot be switched off",
    ),
    stream=RAD_NERF,
    hazards=Hazards(real_time=RealTimePath()),
)
