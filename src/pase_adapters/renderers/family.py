"""What renderers that descend from RAD-NeRF have in common."""

from dataclasses import replace

from pase_adapters.spec import RowLayout, Slot

ROWS_OF_16 = RowLayout(
    rows_per_second=25,
    columns_per_second=50,
    columns=16,
    first_column=-8,
    width=1024,
    min_rows=4,  # attention over 8 rows raises on 3: an end is padded by at most as many rows as there are
)
"""The window of their wav2vec and DeepSpeech scripts and of the real-time servers built on them."""

SPLITS = ("transforms_train.json", "transforms_val.json")

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
