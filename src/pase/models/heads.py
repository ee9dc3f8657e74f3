"""Linear heads on A: the viseme and the phone that is spoken, the shape of the lips."""

from torch import Tensor, nn

from pase.corpus.clip import LIP_POINTS
from pase.models.features import directions
from pase.phonemes.inventory import PHONES, VISEME_NAMES


class PhoneHeads(nn.Module):
    """Reads visemes and phones off the direction of A; its length carries nothing in a cosine loss."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.viseme = nn.Linear(dim, len(VISEME_NAMES))
        self.phone = nn.Linear(dim, len(PHONES))

    def viseme_logits(self, states: Tensor) -> Tensor:
        """Logits of `VISEME_NAMES`, shape ``(..., 14)``, from states of shape ``(..., D)``."""
        logits: Tensor = self.viseme(directions(states))
        return logits

    def phone_logits(self, states: Tensor) -> Tensor:
        """Logits of `PHONES`, shape ``(..., 40)``, from states of shape ``(..., D)``."""
        logits: Tensor = self.phone(directions(states))
        return logits


class LipShapeHead(nn.Module):
    """Predicts the displacement of the lip points (see `pase.video.landmarks.lip_displacement`) in mouth widths."""

    _UNIT = 0.1
    """Mouth widths; about how far lips move, so that the weights begin near the right size."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.shape = nn.Linear(dim, 2 * LIP_POINTS)

    def forward(self, states: Tensor) -> Tensor:
        """X and y of each point, shape ``(..., 80)``, from states of shape ``(..., D)``."""
        shape: Tensor = self.shape(directions(states)) * self._UNIT
        return shape
