import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from pase.errors import InputError
from pase.video.augmentation import LipAugment, LipAugmentConfig

SHARES = ("mirror", "grey", "blur", "noise", "occlusion", "dropped")
NOTHING: dict[str, object] = {
    **dict.fromkeys(("shift", "rotation", "warp", "light", "tone", "colour", *SHARES), 0.0),
    "zoom": 1.0,
    "aspect": 1.0,
}


def only(**changes: object) -> LipAugment:
    return LipAugment(LipAugmentConfig(**(NOTHING | changes)))  # type: ignore[arg-type]


@pytest.fixture
def lips() -> Tensor:
    """Smooth pictures in colour that differ by clip and frame, shape (16, 8, 3, 24, 24)."""
    coarse = torch.rand(16 * 8, 3, 6, 6, generator=Generator().manual_seed(0))
    return F.interpolate(coarse, 24, mode="bilinear").view(16, 8, 3, 24, 24)


def changed_clips(lips: Tensor, changed: Tensor) -> Tensor:
    return (changed - lips).abs().amax(dim=(1, 2, 3, 4)) > 1e-4


def test_evaluation_mode_changes_nothing(lips: Tensor) -> None:
    assert LipAugment(LipAugmentConfig()).eval()(lips) is lips


def test_the_least_of_everything_is_the_identity(lips: Tensor) -> None:
    torch.testing.assert_close(only()(lips), lips, atol=1e-5, rtol=0)


def test_a_seed_gives_the_same_bytes_and_the_input_stays(lips: Tensor) -> None:
    augment = LipAugment(LipAugmentConfig())
    before, clean = torch.get_rng_state(), lips.clone()
    first = augment(lips, Generator().manual_seed(1))
    assert torch.equal(augment(lips, Generator().manual_seed(1)), first)
    assert not torch.equal(augment(lips, Generator().manual_seed(2)), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(lips, clean)


def test_mixed_precision_changes_nothing(lips: Tensor) -> None:
    augment = LipAugment(LipAugmentConfig())
    wanted = augment(lips, Generator().manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augment(lips, Generator().manual_seed(1)), wanted)


def test_without_a_generator_the_global_seed_counts(lips: Tensor) -> None:
    augment = LipAugment(LipAugmentConfig())
    torch.manual_seed(3)
    first = augment(lips)
    torch.manual_seed(3)
    assert torch.equal(augment(lips), first)


@pytest.mark.parametrize("name", SHARES)
def test_the_share_of_changed_clips_is_as_asked_for(lips: Tensor, name: str) -> None:
    many = lips.repeat(20, 1, 1, 1, 1)
    changed = changed_clips(many, only(**{name: 0.3})(many, Generator().manual_seed(0)))
    assert changed.float().mean() == pytest.approx(0.3, abs=0.09)


@pytest.mark.parametrize(
    "change",
    [
        *({name: 0.1} for name in ("shift", "rotation", "warp")),
        *({name: 1.3} for name in ("zoom", "aspect")),
        *({name: 0.5} for name in ("light", "colour", "tone")),
        {"blur": 1.0},
    ],
    ids=str,
)
def test_a_still_clip_stays_still(lips: Tensor, change: dict[str, object]) -> None:
    """What changes shape or light is the same in all frames, so that no motion is made up."""
    still = lips[:, :1].expand_as(lips).contiguous()
    changed = only(**change)(still, Generator().manual_seed(0))
    assert changed_clips(still, changed).float().mean() > 0.9
    torch.testing.assert_close(changed, changed[:, :1].expand_as(changed), atol=1e-5, rtol=0)


def test_a_rectangle_of_one_colour_hides_all_or_some_frames(lips: Tensor) -> None:
    changed = only(occlusion=1.0)(lips, Generator().manual_seed(0))
    lasting = []
    for clip, clean in zip(changed, lips, strict=True):
        hidden = (clip - clean).abs().amax(1) > 1e-4  # (T, H, W)
        rows, columns = (hidden.any(0).any(axis).nonzero()[:, 0] for axis in (1, 0))
        assert 2 <= len(rows) <= 13
        assert 2 <= len(columns) <= 13
        colours = clip.transpose(1, 0)[:, hidden]
        assert (colours.std(1) < 1e-5).all()
        lasting.append(bool(hidden.any((1, 2)).all()))
    assert {True, False} == set(lasting)


def test_shifts_lie_within_their_bound() -> None:
    spot = torch.zeros(64, 1, 3, 40, 40)
    spot[..., 19:21, 19:21] = 1
    along = torch.arange(40.0) - 19.5
    moved = only(shift=0.1)(spot, Generator().manual_seed(0))[:, 0, 0]
    across = (moved.sum(1) * along).sum(1) / moved.sum((1, 2))
    down = (moved.sum(2) * along).sum(1) / moved.sum((1, 2))
    assert across.abs().max() <= 4.01
    assert down.abs().max() <= 4.01
    assert min(across.std(), down.std()) > 1


def test_grey_clips_have_three_like_channels(lips: Tensor) -> None:
    grey = only(grey=1.0)(lips)
    torch.testing.assert_close(grey[:, :, 0], grey[:, :, 2])
    assert grey.std() > 0.05


@pytest.mark.parametrize("shape", [(24, 24), (16, 40)])
def test_blur_smooths_both_ways_and_keeps_the_light(shape: tuple[int, int]) -> None:
    noise = torch.rand(4, 3, 3, *shape, generator=Generator().manual_seed(0))
    blurred = only(blur=1.0, blur_width=(0.05, 0.05))(noise)
    for axis in (-1, -2):
        assert blurred.diff(dim=axis).square().mean() < 0.5 * noise.diff(dim=axis).square().mean()
    torch.testing.assert_close(blurred.mean((-1, -2)), noise.mean((-1, -2)), atol=0.02, rtol=0)


def test_lost_frames_come_in_a_row_frozen_or_black(lips: Tensor) -> None:
    changed = only(dropped=1.0, dropped_frames=(2, 3))(lips, Generator().manual_seed(0))
    seen = set()
    for clip, clean in zip(changed, lips, strict=True):
        lost = ((clip - clean).abs().amax(dim=(1, 2, 3)) > 1e-4).nonzero()[:, 0].tolist()
        assert lost == list(range(lost[0], lost[-1] + 1)) if lost else True
        assert len(lost) <= 3
        black = [not bool(clip[frame].any()) for frame in lost]
        frozen = [torch.equal(clip[frame], clip[max(lost[0] - 1, 0)]) for frame in lost]
        assert all(black) or all(frozen)
        seen.add(all(black))
    assert seen == {True, False}


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.sampled_from([8, 15]), st.sampled_from([0.0, 1.0, 0.5]), st.integers())
def test_any_crop_stays_finite_and_between_black_and_white(n: int, frames: int, side: int, grey: float, s: int) -> None:
    augment = LipAugment(LipAugmentConfig(**dict.fromkeys(SHARES, 1.0)))  # type: ignore[arg-type]
    lips = torch.full((n, frames, 3, side, side), grey)
    changed = augment(lips, Generator().manual_seed(s % 2**32))
    assert changed.shape == lips.shape
    assert torch.isfinite(changed).all()
    assert changed.min() >= 0
    assert changed.max() <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        *({share: -0.1} for share in SHARES),
        {"zoom": 0.5},
        {"tone": 2.0},
        {"warp": float("nan")},
        {"blur_width": (0.0, 0.1)},
        {"noise_level": (0.2, 0.1)},
        {"dropped_frames": (0, 2)},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        LipAugmentConfig(**wrong)  # type: ignore[arg-type]
