"""Small videos with known pictures."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

WriteVideo = Callable[..., Path]


@pytest.fixture
def write_video(tmp_path: Path) -> WriteVideo:
    """Write pictures whose lower corners tell their number in base 20, 10 grey values a step; upper left is bright."""

    def write(
        times: Sequence[Fraction], name: str = "clip.mp4", size: tuple[int, int] = (64, 48), options: dict | None = None
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", options=options or {}) as container:
            stream = container.add_stream(
                "libx264", rate=1 / (times[-1] - times[-2]), options={"crf": "1", "bf": "0", "threads": "1"}
            )
            stream.width, stream.height = size
            stream.pix_fmt = "yuv444p"
            stream.time_base = stream.codec_context.time_base = Fraction(1, 12_000)
            for number, time in enumerate(times):
                tens, ones = divmod(number, 20)
                picture = np.full((size[1], size[0], 3), 20 + 10 * tens, dtype=np.uint8)
                picture[:, size[0] // 2 :] = 20 + 10 * ones
                picture[: size[1] // 2, : size[0] // 2] = 255
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = int(time * 12_000), Fraction(1, 12_000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write
