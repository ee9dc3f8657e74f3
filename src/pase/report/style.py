"""Colours and axes of all figures."""

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from pase.phonemes.inventory import PHONE_INDEX, VISEME_OF_PHONE

INK, MUTED, FAINT, BLUE, RED = "#1f2933", "#5c6874", "#e3e7eb", "#2b6a9b", "#c4523a"

VISEME_COLOURS: tuple[str, ...] = tuple(
    to_hex(colormaps["tab20"](place)) for place in (14, 6, 2, 8, 0, 1, 16, 10, 4, 5, 9, 18, 12, 13)
)
"""One for each of `VISEME_NAMES`; silence is grey, and the bilabials stand out."""


def colour_of_phone(phone: str) -> str:
    """The colour of a phone's viseme class."""
    return VISEME_COLOURS[VISEME_OF_PHONE[PHONE_INDEX[phone]]]


def plain(axes: Axes, grid: bool = False) -> None:
    """Two thin axes, quiet labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#b8c1ca")
    axes.tick_params(colors=MUTED, labelsize=9)
    axes.xaxis.label.set(color=MUTED, fontsize=9.5)
    axes.yaxis.label.set(color=MUTED, fontsize=9.5)
    if grid:
        axes.grid(color=FAINT, linewidth=0.8)
        axes.set_axisbelow(True)


def bare(axes: Axes) -> None:
    """No vertical axis and no frame: for bands."""
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.yaxis.label.set(color=MUTED, fontsize=9.5)
