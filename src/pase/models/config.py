"""Sizes and switches of the model: what a checkpoint's ``config.json`` holds. Defaults are those of `pase_base`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pase.errors import InputError


@dataclass(frozen=True)
class AudioConfig:
    """Audio encoder: a front end and a causal network over its spectra (the two axes of paper Table VII).

    Attributes:
        front: ``"stft"`` (257 bins of log magnitude) or ``"mel"`` (80 bands of them).
        kind: ``"gru"``, in one direction, or ``"cnn"``, over frequency and time as in Wav2Lip's audio encoder.
        hidden: Units of each GRU layer; channels of the last CNN stage.
        layers: GRU layers (paper: 8); residual blocks in each CNN stage.
        stride: Spectra (8 ms each) for each state. From 2 on a convolution joins them first: a GRU's time goes into the
            number of its steps.
        delay: The feature of a time is read this many states later, so the model hears that much of what follows; lips
            move before the sound that they make.
        dropout: Between GRU layers.
    """

    front: Literal["stft", "mel"] = "stft"
    kind: Literal["gru", "cnn"] = "gru"
    hidden: int = 256
    layers: int = 2
    stride: int = 2
    delay: int = 5
    dropout: float = 0.0


@dataclass(frozen=True)
class VisualConfig:
    """Visual encoder over RGB lip crops.

    Attributes:
        kind: ``"stacked"``, the CNN of paper Table II on five frames put together as 15 channels, or ``"shared"``, a
            CNN on each frame and a convolution over five of its results.
        crop_size: Side in pixels to which lip crops are resized first (96 for Table II as printed).
        width: Factor on all channel counts.
        stem_stride: Stride of the first convolution; 1 in Table II, 2 quarters the cost of everything after it.
        collapse: How the last feature map of ``"stacked"`` becomes one vector: Table II's strided convolution (needs
            crops of 96), or the mean over positions.
        standardise: Give each picture zero mean and unit variance first, colours together, so that light and skin are
            not learnt.
    """

    kind: Literal["stacked", "shared"] = "shared"
    crop_size: int = 48
    width: float = 0.75
    stem_stride: int = 2
    collapse: Literal["convolution", "mean"] = "convolution"
    standardise: bool = True


@dataclass(frozen=True)
class AlignmentConfig:
    """Phoneme-level alignment (paper section 2.6).

    Attributes:
        anchors: Add the embedding of the spoken phone to the query.
        heads: Attention heads.
        reach: Cross-attention sees the video frames at most this far from the query's own, on either side. 0 is no
            attention: the audio meets the video of its own time alone, whatever the query, so anchors have no effect.
        phone_dropout: Share of training clips whose phones are hidden, so that the model also works without labels.
    """

    anchors: bool = False
    heads: int = 1
    reach: int = 0
    phone_dropout: float = 0.5


@dataclass(frozen=True)
class ReconstructionConfig:
    """Prediction and reconstruction (paper section 2.5).

    Attributes:
        target: What masked steps are predicted as: the encoders' own features (gradient stopped, or both sides could
            agree on a constant), or the input (log spectrum and small grey picture).
        layers: Transformer layers that see both modalities.
        heads: Attention heads.
        mask_ratio: Share of time steps masked, independently in each modality.
        absence: Share of clips in which one whole modality is masked.
    """

    target: Literal["feature", "input"] = "feature"
    layers: int = 1
    heads: int = 1
    mask_ratio: float = 0.3
    absence: float = 0.1


@dataclass(frozen=True)
class ModelConfig:
    """The whole model.

    Attributes:
        dim: Width D of the shared feature space (paper: 512).
        audio: Audio encoder.
        visual: Visual encoder.
        alignment: Phoneme embedding and cross-attention.
        reconstruction: Masked prediction; None leaves it out.
        phone_heads: Linear heads that name the viseme and the phone of each state. The visemes' teaches the encoder,
            also on speech without a face; the phones' only reads (/p/ and /b/ shall not be driven apart).
        lip_shape_head: Linear head that predicts where the lip points are; teaches the audio encoder what moves.
    """

    dim: int = 128
    audio: AudioConfig = field(default_factory=AudioConfig)
    visual: VisualConfig = field(default_factory=VisualConfig)
    alignment: AlignmentConfig = field(default_factory=AlignmentConfig)
    reconstruction: ReconstructionConfig | None = field(default_factory=ReconstructionConfig)
    phone_heads: bool = True
    lip_shape_head: bool = True

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("dim", self.dim, 8, 4096),
            ("audio.hidden", self.audio.hidden, 8, 4096),
            ("audio.layers", self.audio.layers, 1, 32),
            ("audio.stride", self.audio.stride, 1, 5),
            ("audio.delay", self.audio.delay, 0, 125),
            ("visual.crop_size", self.visual.crop_size, 32, 224),
            ("visual.width", self.visual.width, 0.01, 4),
            ("visual.stem_stride", self.visual.stem_stride, 1, 4),
            ("audio.dropout", self.audio.dropout, 0, 1),
            ("alignment.reach", self.alignment.reach, 0, 25),
            ("alignment.phone_dropout", self.alignment.phone_dropout, 0, 1),
            *self._limits_of_reconstruction(),
        ):
            if not low <= value <= high:
                raise InputError(f"model config: {name} is {value}, expected {low} ... {high}")
        if self.visual.kind == "stacked" and self.visual.collapse == "convolution" and self.visual.crop_size != 96:
            raise InputError(
                f"model config: visual.collapse convolution needs crops of 96, not {self.visual.crop_size}: take mean"
            )
        for name, heads in self._heads():
            if heads < 1 or self.dim % heads:
                raise InputError(f"model config: dim {self.dim} cannot be divided among {heads} heads ({name})")

    def _limits_of_reconstruction(self) -> list[tuple[str, float, float, float]]:
        if (own := self.reconstruction) is None:
            return []
        return [
            ("reconstruction.layers", own.layers, 1, 32),
            ("reconstruction.mask_ratio", own.mask_ratio, 0, 1),
            ("reconstruction.absence", own.absence, 0, 1),
        ]

    def _heads(self) -> list[tuple[str, int]]:
        heads = [("alignment.heads", self.alignment.heads)]
        if self.reconstruction is not None:
            heads.append(("reconstruction.heads", self.reconstruction.heads))
        return heads

    def to_json(self) -> dict[str, Any]:
        """Plain nested dictionaries."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> "ModelConfig":
        """Inverse of `to_json`.

        Raises:
            InputError: Missing or unknown entries, or values of the wrong type or out of range.
        """
        sections = {"audio": AudioConfig, "visual": VisualConfig, "alignment": AlignmentConfig}
        value = dict(_entries(cls, value, "model"))
        for name, kind in (("dim", int), ("phone_heads", bool), ("lip_shape_head", bool)):
            if type(value[name]) is not kind:
                raise InputError(f"model.{name}: expected {kind.__name__}, found {value[name]!r}")
        for name, section in sections.items():
            value[name] = _section(section, value[name], name)
        if value["reconstruction"] is not None:
            value["reconstruction"] = _section(ReconstructionConfig, value["reconstruction"], "reconstruction")
        return cls(**value)


def _entries(kind: type, value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: expected a mapping, found {type(value).__name__}")
    known = {item.name for item in fields(kind)}
    if set(value) != known:
        missing, unknown = sorted(known - set(value)), sorted(set(value) - known)
        raise InputError(f"{where}: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}")
    return value


def _section(kind: type, value: Any, where: str) -> Any:
    entries, hints = _entries(kind, value, where), get_type_hints(kind)
    for item in fields(kind):
        name, default, found = item.name, item.default, entries[item.name]
        if isinstance(found, bool) != isinstance(default, bool) or not isinstance(found, _accepted(default)):
            raise InputError(f"{where}.{name}: expected {type(default).__name__}, found {found!r}")
        choices = get_args(hints[name]) if get_origin(hints[name]) is Literal else ()
        if choices and found not in choices:
            raise InputError(f"{where}.{name}: expected one of {', '.join(choices)}, found {found!r}")
    return kind(**entries)


def _accepted(default: object) -> tuple[type, ...]:
    return (int, float) if isinstance(default, float) else (type(default),)
