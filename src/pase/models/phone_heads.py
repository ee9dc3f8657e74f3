"""Linear heads that name the viseme and the phone of a state."""

from torch import Tensor, nn

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
