"""Ultralight-Digital-Human: a small 2-D renderer; facts and how they were checked: docs/renderer-facts.md.

It has no layer for features: 16 steps of 1024 become 16 pictures of 32 x 32. Nothing but this size fits.
"""

from pase_adapters.spec import Command, Need, RendererSpec, RowLayout, Slot

ROWS_OF_2 = RowLayout(
    rows_per_second=25,
    columns_per_second=50,
    columns=2,
    first_column=0,
    width=1024,
    min_rows=4,  # an end of 4 rows is filled with zeros shaped like the rows at hand
)

PICTURES = "full_body_img/*.jpg"

NEEDS = (Need("landmarks/*.lms", "data_utils/process.py of the renderer on the video"),)

HUBERT = Slot("hubert", ROWS_OF_2, "aud_hu.npy", "{stem}_hu.npy", "--asr hubert")

TRAIN = Command("train", "{python} train.py --dataset_dir {data} --save_dir {workspace} {switch}")

SPEC = RendererSpec(
    name="ultralight",
    description="Ultralight-Digital-Human: one small 2-D U-Net per person, from 3-5 minutes of 25 fps video",
    project_url="https://github.com/anliyuan/Ultralight-Digital-Human",
    commit="5aa8b5a8aae4b003b7de5750abeac5343a7b38e0",
    licence="its README says Apache-2.0, but there is no licence file",
    slots=(HUBERT,),
    pictures=PICTURES,
    needs=NEEDS,
    training_commands=(TRAIN,),
    driving_commands=(
        Command(
            "speak this recording",
            "{python} inference.py --dataset {data} --audio_feat {features} --audio_wav {audio} "
            "--save_path {workspace}/talking.mp4 --checkpoint {workspace}/last.pth {switch}",
        ),
    ),
    proven="rebuilt loader; its own dataset and U-Net on a CPU",
    limits=("fewer than 4 rows stop it", "its real-time script takes WeNet only; livetalking serves its models"),
)
