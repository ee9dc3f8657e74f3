"""ER-NeRF (ICCV 2023); facts and how they were checked: docs/renderer-facts.md.

Its loader tells the inputs apart by `--asr_model`, and its audio network takes any row of 1 to 16 columns. Sixteen are
what its wav2vec and DeepSpeech scripts write and what its real-time path feeds.
"""

from pase_adapters.renderers.family import (
    ASR_SCRIPT,
    HEAD_CHECKPOINT,
    PREPARED,
    ROWS_OF_16,
    SMALL_SPLIT,
    SPLITS,
    add_sound,
    nerf_slots,
)
from pase_adapters.spec import Command, Launch, Need, RendererSpec
from pase_adapters.streaming.hook import ER_NERF

_MAIN = "{python} main.py {data} --workspace {workspace}"

SPEC = RendererSpec(
    name="er-nerf",
    description="ER-NeRF (ICCV 2023): one NeRF head per person, trained on 1-5 minutes of 25 fps video",
    project_url="https://github.com/Fictionarry/ER-NeRF",
    commit="0cf72d8fb598d321de86b445bcd363cc2f6346a5",
    licence="MIT; its 3D face model (Basel Face Model 2009) has terms of its own",
    slots=nerf_slots(ROWS_OF_16, "esperanto", "any", "pase", "deepspeech", "hubert"),
    frame_lists=SPLITS,
    needs=(*PREPARED, Need("au.csv", "OpenFace's FeatureExtraction on the video, as the renderer's README says")),
    training_commands=(
        Command("train the head", f"{_MAIN} -O --iters 100000 {{switch}}"),
        Command("fine-tune the lips", f"{_MAIN} -O --iters 125000 --finetune_lips --patch_size 32 {{switch}}"),
        Command("train the torso", f"{_MAIN}_torso -O --torso --head_ckpt {HEAD_CHECKPOINT} --iters 200000 {{switch}}"),
        Command("test the head", f"{_MAIN} -O --test {{switch}}"),
        Command("test head and torso", f"{_MAIN}_torso -O --torso --test {{switch}}"),
    ),
    driving_commands=(
        Command("speak this recording", f"{_MAIN}_torso -O --torso --test --test_train --aud {{features}} {{switch}}"),
        add_sound("{workspace}_torso"),
    ),
    launch=Launch("nerf_triplane.network"),
    audio_layer="audio_net.encoder_conv.0.weight",
    proven="rebuilt loader and networks; its own main.py, loader and networks on a CPU",
    limits=(SMALL_SPLIT, "more than 10,000 training frames need a larger --ind_num"),
    stream=ER_NERF,
    hazards=ASR_SCRIPT,
)
