import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pase.evaluation.retrieval import Stretch, choose_stretches, rank_own_video, retrieval_sums


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(1, 40), st.integers(1, 20))
def test_stretches_lie_in_their_clips_without_overlap(lengths, frames, most):
    chosen = choose_stretches(lengths, frames, most)
    assert len(chosen) == min(most, sum(length // frames for length in lengths))
    assert len(set(chosen)) == len(chosen)
    for stretch in chosen:
        assert stretch.start % frames == 0
        assert stretch.start + frames <= lengths[stretch.clip]


def test_ranks_are_those_of_the_models_similarities(tiny_model):
    generator = torch.Generator().manual_seed(0)
    audio, video = ([torch.randn(n, 16, generator=generator) for n in (20, 33)] for _ in range(2))
    stretches = choose_stretches([20, 33], 5)
    ranks = rank_own_video(tiny_model, audio, video, stretches, 5)
    with torch.inference_mode():
        for stretch, rank in zip(stretches, ranks, strict=True):
            found = [similarity(tiny_model, audio, video, stretch, other, 5) for other in stretches]
            assert rank == sum(value >= found[stretches.index(stretch)] - 1e-6 for value in found)


def similarity(model, audio, video, heard: Stretch, seen: Stretch, frames: int) -> float:
    """One pair by the model's own way of fusing."""
    own = audio[heard.clip][heard.start : heard.start + frames]
    windows = model.alignment.windows(video[seen.clip][None]).at(torch.arange(seen.start, seen.start + frames))
    fused = model.alignment.fuse(model.alignment.query(own[None], None), windows)[0]
    return float(torch.nn.functional.cosine_similarity(own, fused, dim=-1).mean())


def test_hits_and_ranks_are_counted_by_clip():
    stretches = [Stretch(0, 0), Stretch(0, 5), Stretch(2, 0)]
    first, counts = retrieval_sums(np.array([1, 3, 1]), stretches, 3)
    assert first.tolist() == [[1, 2], [0, 0], [1, 1]]
    assert counts.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_equal_videos_are_not_told_apart(tiny_model):
    video = [torch.ones(10, 16)] * 3
    audio = [torch.randn(10, 16, generator=torch.Generator().manual_seed(k)) for k in range(3)]
    ranks = rank_own_video(tiny_model, audio, video, [Stretch(k, 2) for k in range(3)], 5)
    assert ranks.max() > 1, "a tie is no hit"


@pytest.mark.parametrize("frames", [11, 40])
def test_clips_shorter_than_the_stretch_have_none(frames):
    assert choose_stretches([10], frames) == []
