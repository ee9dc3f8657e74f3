"""The aligner for corpora that need no phones."""

from collections.abc import Sequence
from typing import Any

from pase.phonemes.aligners.base import Alignment, Utterance


class NoAligner:
    """Leaves all phones unknown."""

    @property
    def batch_size(self) -> int:
        """One: a result does not depend on other utterances."""
        return 1

    def settings(self) -> dict[str, Any]:
        """There are none."""
        return {"aligner": "none"}

    def check(self) -> None:
        """Nothing can be missing."""

    def align(self, utterances: Sequence[Utterance]) -> list[Alignment]:
        """``unknown`` for each."""
        return [Alignment("unknown", reason="no aligner is wanted") for _ in utterances]
