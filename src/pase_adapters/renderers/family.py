"""What renderers that descend from RAD-NeRF have in common."""

from dataclasses import replace

from pase_adapters.hazards import FatalLengths, Hazards, RealTimePath
from pase_adapters.spec import Command, Need, RowLayout, Slot

ROWS_OF_16 = RowLayout(
    rows_per_second=25,
    columns_per_second=50,
    columns=16,
    first_column=-8,
    width=1024,
    min_rows=4,  # attention over 8 rows raises on 3: an end is padded by at most as many rows as there are
    max_columns=16,  # what goes beyond is cut off without a word
)
"""The window of their wav2vec and DeepSpeech scripts and of the real-time servers built on them."""

SPLITS = ("transforms_train.json", "transforms_val.json")

PREPARED = tuple(
    Need(file, "the renderer's preprocessing, data_utils/process.py")
    for file in ("gt_imgs/*.jpg", "torso_imgs/*.png", "ori_imgs/*.lms", "bc.jpg")
)
"""What RAD-NeRF's own loader opens of a subject beside the lists of frames."""

HEAD_CHECKPOINT = '"$(ls {workspace}/checkpoints/ngp_ep*.pth | tail -n 1)"'
"""The newest checkpoint of a run, as a word of a command line."""

SMALL_SPLIT = "a split of fewer than 4 frames stops it"

ASR_SCRIPT = Hazards(
    real_time=RealTimePath(),
    fatal_lengths=(FatalLengths("nerf_triplane/asr.py", 50, 50, 202, 209, 200, instead="pase-adapt"),),
)
"""Those of ER-NeRF's real-time recognition, which is RAD-NeRF's less a guard at the end of the sound."""

_FILES = {
    "hubert": (1024, "aud_hu.npy", "{stem}_hu.npy"),
    "esperanto": (44, "aud_eo.npy", "{stem}_eo.npy"),
    "deepspeech": (29, "aud_ds.npy", "{stem}_ds.npy"),
    "pase": (32, "aud.npy", "{stem}_pase.npy"),  # any name that no branch knows
    "any": (None, "aud.npy", "{stem}_pase.npy"),
}
"""Width and file names by extractor."""


def nerf_slots(layout: RowLayout, *names: str, option: str = "--asr_model") -> tuple[Slot, ...]:
    """Slots of a renderer that chooses width and file by a part of an option's value.

    Args:
        layout: Timing of the rows.
        names: Of the extractors it knows, the one to take unasked first; ``pase`` is a name it does not know, for which
            it takes 32 features, and ``any`` the same with `pase-adapt run`.
        option: The option.
    """
    return tuple(
        Slot(name, replace(layout, width=width), training, driving, f"{option} {'pase' if name == 'any' else name}")
        for name in names
        for width, training, driving in (_FILES[name],)
    )


def add_sound(run: str) -> Command:
    """The command that adds the sound to the newest video of a run, such as ``{workspace}_torso``."""
    return Command(
        "add the sound, which the renderer leaves out",
        f'ffmpeg -i "$(ls -t {run}/results/ngp_ep*.mp4 | grep -v depth | head -n 1)" -i {{audio}} '
        "-c:v copy -map 0:v -map 1:a -shortest talking.mp4",
    )
