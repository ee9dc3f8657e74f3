"""ER-NeRF (ICCV 2023), through its HuBERT input; facts and how they were checked: docs/renderers.md.

Its HuBERT branch is the only one wide enough for a speech encoder (1024), and its audio network takes any row of 1 to
16 columns. Sixteen columns are what its wav2vec and DeepSpeech scripts write and what its real-time path feeds.
"""

from pase_adapters.spec import Command, RendererSpec, RowLayout

_MAIN = "python main.py {data} --workspace {workspace}"
_SWITCH = "--asr_model hubert"
_HEAD_CHECKPOINT = '"$(ls {workspace}/checkpoints/ngp_ep*.pth | tail -n 1)"'

SPEC = RendererSpec(
    name="er-nerf",
    description="ER-NeRF (ICCV 2023): one NeRF head per person, trained on 1-5 minutes of 25 fps video",
    project_url="https://github.com/Fictionarry/ER-NeRF",
    licence="MIT; its 3D face model (Basel Face Model 2009) has terms of its own",
    layout=RowLayout(
        rows_per_second=25,
        columns_per_second=50,
        columns=16,
        first_column=-8,
        width=1024,
        min_rows=4,  # its attention over 8 rows raises on 3: an end is padded by at most as many rows as there are
    ),
    training_file="aud_hu.npy",
    driving_file="{stem}_hu.npy",
    frame_lists=("transforms_train.json", "transforms_val.json"),
    training_commands=(
        Command("train the head", f"{_MAIN} -O --iters 100000 {_SWITCH}"),
        Command("fine-tune the lips", f"{_MAIN} -O --iters 125000 --finetune_lips --patch_size 32 {_SWITCH}"),
        Command("train the torso", f"{_MAIN}_torso -O --torso --head_ckpt {_HEAD_CHECKPOINT} --iters 200000 {_SWITCH}"),
        Command("test the head", f"{_MAIN} -O --test {_SWITCH}"),
        Command("test head and torso", f"{_MAIN}_torso -O --torso --test {_SWITCH}"),
    ),
    driving_commands=(
        Command("speak this recording", f"{_MAIN}_torso -O --torso --test --test_train --aud {{features}} {_SWITCH}"),
        Command(
            "add the sound, which the renderer leaves out",
            'ffmpeg -i "$(ls -t {workspace}_torso/results/ngp_ep*.mp4 | grep -v depth | head -n 1)" -i {audio} '
            "-c:v copy -map 0:v -map 1:a -shortest talking.mp4",
        ),
    ),
)
