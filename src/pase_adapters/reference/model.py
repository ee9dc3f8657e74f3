"""What both reference renderers are: an audio path, and something that draws a mouth by its codes."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from pase_adapters.reference.audio_net import AudioPath
from pase_adapters.reference.camera import pixel_centres


class ReferenceRenderer(nn.Module, ABC):
    """A renderer of one person's mouth.

    Args:
        width: Features of a column in the feature file.
        size: Side of the pictures in pixels.
        mean: The mean picture of the person, RGB in [0, 1], shape ``(size, size, 3)``.

    Attributes:
        columns: Of the rows that it was trained on; None: it was not trained.
        source: What made these rows, see `pase_adapters.reference.features.Features`.
    """

    patches = False
    """Whether neighbouring pixels are cheaper than scattered ones."""

    mean: Tensor
    pixels: Tensor

    def __init__(self, width: int, size: int, mean: Tensor) -> None:
        super().__init__()
        self.width = width
        self.size = size
        self.columns: int | None = None
        self.source = ""
        self.audio = AudioPath(width)
        self.register_buffer("mean", mean.clone())
        self.register_buffer("pixels", pixel_centres(size), persistent=False)

    @abstractmethod
    def draw(self, codes: Tensor, poses: Tensor, pixels: Tensor | None = None) -> Tensor:
        """Colours of pixels.

        Args:
            codes: From the audio path, shape ``(B, 32)``.
            poses: See `pase_adapters.reference.camera.rotations`.
            pixels: Numbers of the wanted pixels, row by row, shape ``(B, P)``; None: all.

        Returns:
            RGB, near [0, 1], shape ``(B, P, 3)``.
        """

    @abstractmethod
    def rates(self) -> list[dict[str, object]]:
        """Parameter groups for Adam, with their learning rates."""
