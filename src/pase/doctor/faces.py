"""Can faces be found: the landmark model, and MediaPipe with the system libraries that it loads."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pase.doctor.check import Result, Status
from pase.doctor.needs import DISTRIBUTION

_MODEL, _MEDIAPIPE = "face landmark model", "MediaPipe"
_NEEDED = "needed to find faces in videos alone"


def check_model() -> Iterator[Result]:
    """The model that `pase prepare` would take; nothing is downloaded."""
    from pase.video.face_model import MODEL_URL, MODEL_VARIABLE, local_model

    model = local_model()
    if model is None:
        advice = (
            f"{_NEEDED}; downloaded when first needed, or download {MODEL_URL} and set {MODEL_VARIABLE} to its place"
        )
        yield Result(_MODEL, Status.WARNING, f"{MODEL_VARIABLE} is not set, and the user's cache has none", advice)
    else:
        by = MODEL_VARIABLE if os.environ.get(MODEL_VARIABLE) else "the user's cache"
        yield Result(_MODEL, Status.OK, f"{model} (by {by})")


def check_mediapipe() -> Iterator[Result]:
    """Load it, and where there is a model look for a face in an empty picture."""
    from pase.errors import InputError
    from pase.video.face_model import local_model
    from pase.video.faces import FaceLandmarker

    if find_spec("mediapipe") is None:
        advice = f"{_NEEDED}: pip install '{DISTRIBUTION}[faces]'"
        yield Result(_MEDIAPIPE, Status.WARNING, "not installed", advice)
        return
    try:
        model = local_model()
    except InputError:  # of which the check of the model tells
        model = None
    try:
        # It loads its system libraries before it opens its model, so that an absent one shows whether they are there.
        with FaceLandmarker(model or Path("absent.task"), mode="IMAGE") as landmarker:
            faces = landmarker.locate(np.zeros((64, 64, 3), np.uint8))
    except FileNotFoundError:
        if model is not None:
            raise
        found = "it loads with its system libraries; not tried on a picture, because there is no landmark model"
        yield Result(_MEDIAPIPE, Status.OK, found)
    else:
        yield Result(_MEDIAPIPE, Status.OK, f"it loads its model and finds {len(faces)} faces in an empty picture")
