"""SyncTalk_2D, which descends from Ultralight-Digital-Human; facts and how they were checked: docs/renderer-facts.md.

A frame takes 16 rows, i - 8 ... i + 7, with the AVE switch one moment each, with the HuBERT switch two.
"""

from dataclasses import replace

from pase_adapters.renderers.ultralight import NEEDS, PICTURES, ROWS_OF_2
from pase_adapters.spec import Command, RendererSpec, RowLayout, Slot

_FEWEST = 8
"""Rows: an end of 8 rows is filled with zeros shaped like the rows at hand."""

_AVE = RowLayout(
    rows_per_second=25,
    columns_per_second=25,
    columns=1,
    first_column=0,
    width=512,
    min_rows=_FEWEST,
    flat=True,
)

SPEC = RendererSpec(
    name="synctalk-2d",
    description="SyncTalk_2D: one 2-D U-Net per person at 328 pixels, from 5 minutes of 25 fps video",
    project_url="https://github.com/ZiqiaoPeng/SyncTalk_2D",
    commit="f955bffd105d3c3f43faf14d331c7c9dfe3308c9",
    licence="no licence file",
    slots=(
        Slot("ave", _AVE, "aud_ave.npy", "{stem}_ave.npy", "--asr ave"),
        Slot("hubert", replace(ROWS_OF_2, min_rows=_FEWEST), "aud_hu.npy", "{stem}_hu.npy", "--asr hubert"),
    ),
    pictures=PICTURES,
    needs=NEEDS,
    training_commands=(
        Command("train", "{python} train_328.py --dataset_dir {data} --save_dir checkpoint/{workspace} {switch}"),
    ),
    driving_commands=(),
    proven="rebuilt loader; its own dataset and U-Net on a CPU; training only",
    limits=(
        "its inference scripts compute AVE features and take no file: they cannot drive a model trained on PASE",
        "the commit is that of a fork, https://github.com/Dk0071942/SyncTalk_2D",
    ),
)
