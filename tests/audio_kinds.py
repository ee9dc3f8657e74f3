"""Audio encoders of every kind, small and with random weights."""

import torch

from pase import PASE
from pase.models.checkpoint import CheckpointInfo
from pase.models.config import AudioConfig, ModelConfig
from pase.models.model import PaseModel

AUDIO_KINDS = {
    "gru": AudioConfig(hidden=16, layers=2, delay=5, stride=1),
    "gru without delay": AudioConfig(hidden=16, layers=1, delay=0, stride=1),
    "strided gru": AudioConfig(hidden=16, layers=1, stride=2, delay=3),
    "cnn": AudioConfig(kind="cnn", hidden=32, layers=1, delay=4, stride=1),
    "strided mel cnn": AudioConfig(front="mel", kind="cnn", hidden=32, layers=1, stride=3, delay=2),
}


def make_model(kind: str) -> PaseModel:
    torch.manual_seed(0)
    model = PaseModel(ModelConfig(dim=16, audio=AUDIO_KINDS[kind], reconstruction=None, phone_heads=True)).eval()
    model.features.fit(torch.randn(200, 16) @ torch.randn(16, 16), torch.zeros(200, dtype=torch.bool))
    return model


def make_encoder(kind: str, width: int | None = None) -> PASE:
    model = make_model(kind)
    return PASE(model, CheckpointInfo(model.config, f"random {kind}"), width)
