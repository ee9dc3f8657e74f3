from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from pase.audio.noise import NOISE_KINDS, NoiseKind, add_noise
from pase.audio.waveform_augmentation import WaveformAugment, WaveformAugmentConfig
from pase.errors import InputError

SHARES = ("noise", "reverberation", "band_limit", "codec", "clipping", "dropped")


def only(name: str = "", share: float = 1.0, **others: object) -> WaveformAugment:
    """Augmentation of one kind alone, without gain."""
    shares: dict[str, object] = dict.fromkeys(SHARES, 0.0)
    changes = shares | {"gain_db": 0.0} | ({name: share} if name else {}) | others
    return WaveformAugment(WaveformAugmentConfig(**changes))  # type: ignore[arg-type]


@pytest.fixture
def speech() -> Tensor:
    """Noise in syllables, shape (8, 12000), each clip with other ones."""
    generator = Generator().manual_seed(3)
    time = torch.arange(12_000) / 16_000
    syllables = torch.sin(2 * torch.pi * 4 * time + torch.arange(8)[:, None]).clamp(0.001, 1)
    return 0.05 * syllables * torch.randn(8, 12_000, generator=generator)


def test_evaluation_mode_changes_nothing(speech: Tensor) -> None:
    assert WaveformAugment(WaveformAugmentConfig()).eval()(speech) is speech


def test_without_any_share_nothing_changes(speech: Tensor) -> None:
    assert torch.equal(only()(speech), speech)


def test_a_seed_gives_the_same_bytes_and_leaves_the_global_numbers_alone(speech: Tensor) -> None:
    augment = WaveformAugment(WaveformAugmentConfig())
    before, clean = torch.get_rng_state(), speech.clone()
    first = augment(speech, Generator().manual_seed(1))
    assert torch.equal(augment(speech, Generator().manual_seed(1)), first)
    assert not torch.equal(augment(speech, Generator().manual_seed(2)), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(speech, clean)


def test_mixed_precision_changes_nothing(speech: Tensor) -> None:
    augment = WaveformAugment(WaveformAugmentConfig(noise=1.0))
    wanted = augment(speech, Generator().manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augment(speech, Generator().manual_seed(1)), wanted)


@pytest.mark.parametrize("name", SHARES)
def test_what_is_drawn_does_not_depend_on_the_sound(speech: Tensor, name: str) -> None:
    augment = only(name, 0.5)
    generators = Generator().manual_seed(4), Generator().manual_seed(4)
    changed = [
        (augment(sound, one) != sound).any(1) for sound, one in zip((speech, speech.flip(1)), generators, strict=True)
    ]
    assert torch.equal(*changed)
    assert torch.equal(generators[0].get_state(), generators[1].get_state())


@pytest.mark.parametrize("name", SHARES)
def test_the_share_of_changed_clips_is_as_asked_for(speech: Tensor, name: str) -> None:
    clips = speech.repeat(40, 1)
    changed = (only(name, 0.3)(clips, Generator().manual_seed(0)) != clips).any(1).float().mean()
    assert changed == pytest.approx(0.3, abs=0.09)


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_clips_differ_in_what_is_added(speech: Tensor, kind: NoiseKind) -> None:
    noise = only("noise", noise_kinds=(kind,))(speech, Generator().manual_seed(0)) - speech
    noise = noise / noise.norm(dim=1, keepdim=True)
    alike = (noise @ noise.T).fill_diagonal_(0)
    assert alike.abs().max() < 0.95


@settings(max_examples=20, deadline=None)
@given(st.floats(-10, 30), st.sampled_from(NOISE_KINDS), st.integers(0, 10_000))
def test_the_ratio_is_reached_in_every_clip(snr: float, kind: NoiseKind, seed: int) -> None:
    generator = Generator().manual_seed(seed)
    clips = 0.01 * torch.randn(4, 6_400, generator=generator)
    clips[:, 3_200:] = 0  # half a clip of silence does not count
    noise = only("noise", noise_kinds=(kind,), snr_db=(snr, snr))(clips, generator) - clips
    ratio = 10 * torch.log10(clips[:, :3_200].square().mean(1) / noise.square().mean(1))
    np.testing.assert_allclose(ratio, snr, atol=0.1)


def test_babble_holds_others_and_never_oneself() -> None:
    """Three tones: what is added to each clip holds the two other tones and not its own."""
    time = torch.arange(16_000) / 16_000
    tones = 0.1 * torch.sin(2 * torch.pi * torch.tensor([[500.0], [1000.0], [2000.0]]) * time)
    noise = only("noise", noise_kinds=("babble",))(tones, Generator().manual_seed(0)) - tones
    heard = torch.fft.rfft(noise).abs()[:, [500, 1000, 2000]]
    loudest = heard.amax(1, keepdim=True)
    assert torch.equal(heard > 0.1 * loudest, ~torch.eye(3, dtype=torch.bool))


@pytest.mark.parametrize("name", SHARES)
def test_nothing_moves_in_time(speech: Tensor, name: str) -> None:
    # Noise that is louder than speech would hide the speech from this test, not move it.
    heard = only(name, snr_db=(0.0, 0.0), dropped_seconds=(0.02, 0.05))(speech, Generator().manual_seed(0))
    for clean, one in zip(speech, heard, strict=True):
        assert int(np.correlate(one.numpy(), clean.numpy(), "full").argmax()) == len(clean) - 1


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["silence", "faint", "loud", "constant", "click"]),
    st.integers(1, 3),
    st.integers(0, 2_000),
    st.integers(0, 1000),
)
def test_any_sound_stays_finite_and_within_full_scale(kind: str, clips: int, samples: int, seed: int) -> None:
    generator = Generator().manual_seed(seed)
    sound = torch.randn(clips, samples, generator=generator)
    sound = {"silence": sound * 0, "faint": sound * 1e-25, "loud": sound * 1e4, "constant": sound * 0 + 1}.get(
        kind, (sound > 3).float()
    )
    everything = only(**dict.fromkeys(SHARES, 1.0), gain_db=12.0)  # type: ignore[arg-type]
    heard = everything(sound, generator)
    assert heard.shape == sound.shape
    assert torch.isfinite(heard).all()
    assert (heard.abs() <= 1).all()


def test_noise_of_digital_silence_adds_nothing() -> None:
    sound = torch.tensor([[3e4, -2e4]])
    assert torch.equal(add_noise(sound, torch.zeros(1, 2), torch.tensor([-10.0])), sound)


def test_one_clip_alone_has_no_babble_but_other_noise(speech: Tensor) -> None:
    assert not torch.equal(only("noise")(speech[:1], Generator().manual_seed(0)), speech[:1])
    assert torch.equal(only("noise", noise_kinds=("babble",))(speech[:1]), speech[:1])


def test_gain_lies_within_its_bounds(speech: Tensor) -> None:
    heard = only(gain_db=6.0)(speech, Generator().manual_seed(0))
    gain = 20 * torch.log10(heard.norm(dim=1) / speech.norm(dim=1))
    assert gain.abs().max() <= 6
    assert gain.std() > 1


@pytest.mark.parametrize(
    "wrong",
    [
        *({share: 1.5} for share in SHARES),
        {"snr_db": (10.0, 0.0)},
        {"rt60": (0.0, 1.0)},
        {"speakers": (0, 2)},
        {"noise_kinds": ()},
        {"noise_kinds": ("rain",)},
        {"gain_db": float("nan")},
        {"clipping_level": (0.5, 2.0)},
        {"dropped_seconds": (-1.0, 0.1)},
        {"dropped_stretches": 0},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_name(wrong: dict[str, object]) -> None:
    (name,) = wrong
    assert name in {field.name for field in fields(WaveformAugmentConfig)}
    with pytest.raises(InputError, match=name):
        WaveformAugmentConfig(**wrong)  # type: ignore[arg-type]
