"""Opening a representation by what the user writes on the command line.

Any other encoder, such as an audio-visual one of which the user has the weights, is compared by a module of one's own,
say ``mine.py`` in a folder of ``PYTHONPATH``::

    class Mine:
        name, width = "AV-HuBERT", 768

        def rows(self, waveform, frames):
            ...  # frames * 640 samples at 16 kHz; return float32 of shape (frames, 768)

    FEATURES = Mine()

which is requested as ``mine:FEATURES``.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pase.baselines.base import CheckedFeatures, SpeechFeatures
from pase.errors import InputError
from pase.trust import ALLOW_VARIABLE, may_be_named

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_LAYER = re.compile(r"(?P<rest>.*)@(?P<layer>\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted.

    Attributes:
        name: A name out of `BASELINES`.
        weights: The user's own weights.
        layer: Layer of the network.
    """

    name: str
    weights: Path | None = None
    layer: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Request":
        """Read ``NAME``, ``NAME=WEIGHTS`` or ``NAME=WEIGHTS@LAYER``."""
        found = _LAYER.fullmatch(text)
        rest, layer = (found["rest"], int(found["layer"])) if found else (text, None)
        name, equals, weights = rest.partition("=")
        return cls(name, Path(weights).expanduser() if equals else None, layer)


@cache
def open_baseline(request: str, device: str = "cpu") -> SpeechFeatures:
    """Open a representation; each is loaded once in a process.

    Args:
        request: ``log-stft``, ``log-mel``, ``mfcc``, ``hama``, ``whisper`` (or ``whisper=FOLDER``), ``wav2vec2=FILE``
            or ``hubert=FILE``, the last two also with ``@LAYER``; or ``module:ATTRIBUTE``, the name of an object that
            satisfies `pase.baselines.base.SpeechFeatures`. That module is imported, which runs its code.
        device: Where torch computes.

    Raises:
        InputError: No such representation, or its weights or layer are wrong.
        MissingExtraError: A package that it needs is not installed.
    """
    features = _import(request) if _MODULE.fullmatch(request) else _build(Request.parse(request), device)
    return CheckedFeatures(features, features.name, features.width)


def check_named_in(file: Path, request: str) -> None:
    """Refuse a module of one's own where a file asks for it: the file may be a stranger's.

    Raises:
        InputError: The request would import a module that the user has not allowed.
    """
    module = request.partition(":")[0]
    if _MODULE.fullmatch(request) and not may_be_named(module):
        raise InputError(
            f"{file}: {request} would import the module {module}, which runs its code. If you know what it does, allow "
            f"it: {ALLOW_VARIABLE}={module} before the command."
        )


def _build(request: Request, device: str) -> SpeechFeatures:
    if request.name not in BASELINES:
        raise InputError(
            f"there is no baseline {request.name!r}. Known are {', '.join(BASELINES)}, and module:ATTRIBUTE for an "
            "object of your own."
        )
    return BASELINES[request.name](request, device)


def _acoustic(request: Request, device: str) -> SpeechFeatures:
    from pase.baselines.acoustic import AcousticFeatures

    _refuse_settings(request, weights=True, layer=True)
    return AcousticFeatures.load(_ACOUSTIC[request.name], device)


def _hama(request: Request, device: str) -> SpeechFeatures:
    from pase.baselines.hama_posteriors import HamaFeatures

    _refuse_settings(request, weights=True, layer=True)
    return HamaFeatures.load()


def _whisper(request: Request, device: str) -> SpeechFeatures:
    from pase.baselines.whisper import WhisperFeatures

    _refuse_settings(request, layer=True)
    return WhisperFeatures.load(request.weights)


def _self_supervised(request: Request, device: str) -> SpeechFeatures:
    from pase.baselines.self_supervised import FAMILIES, SelfSupervisedFeatures

    if request.weights is None:
        raise InputError(
            f"{request.name} needs weights of your own: {request.name}=FILE or {request.name}=FILE@LAYER, with a "
            "state dict in torchaudio's layout"
        )
    return SelfSupervisedFeatures.load(FAMILIES[request.name], request.weights, request.layer, device)


_ACOUSTIC = {"log-stft": "log-STFT", "log-mel": "log-mel", "mfcc": "MFCC"}

BASELINES: Mapping[str, Callable[[Request, str], SpeechFeatures]] = {
    **dict.fromkeys(_ACOUSTIC, _acoustic),
    "hama": _hama,
    "whisper": _whisper,
    "wav2vec2": _self_supervised,
    "hubert": _self_supervised,
}
"""What can be requested by name, and what opens it."""


def _refuse_settings(request: Request, weights: bool = False, layer: bool = False) -> None:
    if weights and request.weights is not None:
        raise InputError(f"{request.name} takes no weights, but {request.weights} was given")
    if layer and request.layer is not None:
        raise InputError(f"{request.name} has no layers to choose from, but layer {request.layer} was given")


def _import(request: str) -> SpeechFeatures:
    module, _, attribute = request.partition(":")
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # something that the module itself needs
        raise InputError(f"{request}: there is no module {error.name}. Is its folder in PYTHONPATH?") from error
    if not hasattr(imported, attribute):
        raise InputError(f"{request}: the module {imported.__file__} has no {attribute}")
    features = getattr(imported, attribute)
    if isinstance(features, type) or not isinstance(features, SpeechFeatures):
        raise InputError(
            f"{request} is {'a class' if isinstance(features, type) else 'of type ' + type(features).__name__}; "
            "expected an object with name, width and rows(waveform, frames), see pase.baselines.base.SpeechFeatures"
        )
    return features
