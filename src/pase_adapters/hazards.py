"""What goes wrong in a renderer beside the shape of its features, as data for `pase-adapt doctor`.

Only the standard library is imported here, as in `pase_adapters.spec`.
"""

from dataclasses import dataclass

from pase.errors import InputError


@dataclass(frozen=True, slots=True)
class RealTimePath:
    """The renderer's own real-time speech recognition, which feeds it row by row.

    Attributes:
        columns: Short frames in the rows that it feeds, whatever the subject was trained on.
        min_context: Smallest `-m` (short frames encoded at a time) with which its ring buffer holds whole windows.
    """

    columns: int = 16
    min_context: int = 8

    def __post_init__(self) -> None:
        if min(self.columns, self.min_context) < 1:
            raise InputError("a real-time path needs columns and a min_context of at least 1")


@dataclass(frozen=True, slots=True)
class FatalLengths:
    """Lengths of sound that a script of the renderer does not survive: `first` to `last` and again every `period`.

    Attributes:
        script: File in the checkout.
        context: Its `-m` for which that was measured.
        rate: Chunks per second (Hz) in which the lengths are counted.
        first: First fatal number of chunks.
        last: Last fatal number of chunks in a row.
        period: Chunks until the next.
        instead: What to use in its place.
    """

    script: str
    context: int
    rate: int
    first: int
    last: int
    period: int
    instead: str

    def __post_init__(self) -> None:
        if self.rate < 1 or not 0 < self.first <= self.last < self.first + self.period:
            raise InputError(f"the fatal lengths of {self.script} need a rate and 0 < first <= last < first + period")

    def hit(self, chunks: int) -> bool:
        """Whether a sound of so many chunks is one of them."""
        return chunks >= self.first and (chunks - self.first) % self.period <= self.last - self.first


@dataclass(frozen=True, slots=True)
class DrivingFrames:
    """The renderer speaks another recording on the frames of one list and no more.

    Attributes:
        frame_list: JSON file of the subject with those frames.
        short: What happens where the recording has fewer rows than the list has frames; empty: nothing bad.
    """

    frame_list: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Hazards:
    """All of them for one renderer.

    Attributes:
        real_time: Its real-time path; None: it has none.
        fatal_lengths: Of sound, for its own scripts.
        driving_frames: Where a driving recording is cut to some list of frames; None: it may have any length.
        own_windows: Frame lists whose windows are cut from their own frames alone, so that each has to have the
            fewest rows that the renderer survives; None: all of them.
    """

    real_time: RealTimePath | None = None
    fatal_lengths: tuple[FatalLengths, ...] = ()
    driving_frames: DrivingFrames | None = None
    own_windows: tuple[str, ...] | None = None


NO_HAZARDS = Hazards()
"""None known."""
