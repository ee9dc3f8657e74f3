"""Face landmarks in pictures: MediaPipe's FaceLandmarker, for as many faces as there are."""

import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pase.errors import MissingExtraError
from pase.extras import require
from pase.video.landmarks import POINT_INDICES
from pase.video.reading import Picture
from pase.video.shots import CutFinder

MAX_FACES = 4
"""Faces that are looked for in one picture."""

_RECOUNT = 25
"""Pictures after which it is looked again whether somebody has come into the picture."""


@dataclass(frozen=True, slots=True)
class FaceDetections:
    """What is seen in the pictures of one video.

    Attributes:
        points: Pixels, float32, shape ``(T, F, 46, 2)`` in the order of `pase.video.landmarks.POINT_INDICES`; NaN where
            there are fewer than F faces. A face may change its place along F from frame to frame.
        cuts: Numbers of the frames with which a new shot begins, without 0.
    """

    points: NDArray[np.float32]
    cuts: tuple[int, ...] = ()


def detect_faces(pictures: Iterable[Picture], frame_rate: int, model: Path) -> FaceDetections:
    """Find shot cuts and the faces of consecutive pictures in one pass.

    MediaPipe follows one face cheaply and several at a cost, so that faces are counted at the beginning of each shot
    and about once a second, and as many are followed.

    Args:
        pictures: RGB, shape ``(H, W, 3)`` each.
        frame_rate: Pictures per second (Hz).
        model: The file that `pase.video.face_model.find_model` gives.

    Raises:
        MissingExtraError: MediaPipe or a system library that it needs is absent.
    """
    cuts = CutFinder()
    rows: list[NDArray[np.float32]] = []
    starts: list[int] = []
    with FaceLandmarker(model, MAX_FACES, "IMAGE") as counter, _Follower(model) as follower:
        for number, picture in enumerate(pictures):
            cut = cuts.push(picture)
            if cut:
                starts.append(number)
            if cut or number % _RECOUNT == 0:
                follower.expect(len(counter.locate(picture)), anew=cut)
            rows.append(follower.locate(picture, number * 1000 // frame_rate))
    width = max((len(row) for row in rows), default=0)
    points = np.full((len(rows), width, len(POINT_INDICES), 2), np.nan, dtype=np.float32)
    for target, row in zip(points, rows, strict=True):
        target[: len(row)] = row
    return FaceDetections(points, tuple(starts))


class FaceLandmarker:
    """Finds the points of faces in pictures. Used by ``with``.

    Args:
        model: The file that `pase.video.face_model.find_model` gives.
        faces: Most faces to find.
        mode: ``"VIDEO"`` follows faces through the pictures of one shot in order; ``"IMAGE"`` takes any pictures.
    """

    def __init__(self, model: Path, faces: int = 1, mode: Literal["VIDEO", "IMAGE"] = "VIDEO") -> None:
        self._model, self._faces, self._mode = model, faces, mode
        self._closing = ExitStack()

    def __enter__(self) -> "FaceLandmarker":
        """Load the model.

        Raises:
            MissingExtraError: MediaPipe or a system library that it needs is absent.
        """
        with ExitStack() as stack:
            _ignore_profiling()
            stack.enter_context(_without_chatter())
            with _system_libraries():
                vision = require("mediapipe.tasks.python.vision")
                base = require("mediapipe.tasks.python.core.base_options")
                self._image = require("mediapipe")
                options = vision.FaceLandmarkerOptions(
                    base_options=base.BaseOptions(model_asset_path=str(self._model)),
                    running_mode=vision.RunningMode[self._mode],
                    num_faces=self._faces,
                )
                self._engine: Any = vision.FaceLandmarker.create_from_options(options)
            stack.callback(self._engine.close)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def locate(self, picture: Picture, milliseconds: int = 0) -> NDArray[np.float32]:
        """Landmarks in one picture.

        Args:
            picture: RGB, shape ``(H, W, 3)``.
            milliseconds: Its time; rising from call to call in mode ``"VIDEO"``, without meaning in the other.

        Returns:
            Pixels, float32, shape ``(faces found, 46, 2)`` in the order of `POINT_INDICES`.
        """
        image = self._image.Image(image_format=self._image.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        found = (
            self._engine.detect_for_video(image, milliseconds) if self._mode == "VIDEO" else self._engine.detect(image)
        )
        height, width = picture.shape[:2]
        rows = [[(face[i].x * width, face[i].y * height) for i in POINT_INDICES] for face in found.face_landmarks]
        return np.array(rows, dtype=np.float32).reshape(-1, len(POINT_INDICES), 2)


class _Follower:
    """A landmarker that is replaced when a shot begins or when it follows too few faces."""

    def __init__(self, model: Path) -> None:
        self._model = model
        self._faces = 0
        self._closing = ExitStack()

    def __enter__(self) -> "_Follower":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def expect(self, faces: int, *, anew: bool) -> None:
        """Follow at least so many faces from now on; `anew` forgets those of the shot before."""
        wanted = max(1, faces)
        if anew or wanted > self._faces:
            self._closing.close()
            self._engine = self._closing.enter_context(FaceLandmarker(self._model, wanted))
            self._faces = wanted

    def locate(self, picture: Picture, milliseconds: int) -> NDArray[np.float32]:
        return self._engine.locate(picture, milliseconds)


def _ignore_profiling() -> None:
    """MediaPipe sends itself SIGPROF, which kills where somebody (Lightning, after a run) has restored the default."""
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGPROF) == signal.SIG_DFL:
        signal.signal(signal.SIGPROF, signal.SIG_IGN)


@contextmanager
def _system_libraries() -> Iterator[None]:
    """Say which Debian packages hold the graphics libraries that MediaPipe loads."""
    try:
        yield
    except (ImportError, OSError) as error:
        if not any(name in str(error) for name in ("libGL", "libEGL")):
            raise
        raise MissingExtraError(
            f"MediaPipe cannot load a system library ({error}). On Debian or Ubuntu: "
            "apt-get install libgl1 libegl1 libgles2"
        ) from error


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep the lines that MediaPipe logs at each start, which no setting suppresses, off stderr; errors are shown."""
    with tempfile.TemporaryFile() as log:
        sys.stderr.flush()
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            log.seek(0)
            for line in log.read().decode(errors="replace").splitlines():
                if re.match(r"[EF]\d{4} ", line):
                    print(line, file=sys.stderr)
