import pytest
import torch

from pase.models.alignment import PhonemeAlignment
from pase.models.config import AlignmentConfig
from pase.phonemes.inventory import UNKNOWN


@pytest.fixture
def alignment() -> PhonemeAlignment:
    torch.manual_seed(0)
    return PhonemeAlignment(8, AlignmentConfig(anchors=True, heads=2, reach=2)).eval()


def test_attention_reaches_exactly_so_far(alignment: PhonemeAlignment) -> None:
    query, video = torch.randn(1, 11, 8), torch.randn(1, 11, 8, requires_grad=True)
    alignment.fuse(query, alignment.windows(video))[0, 5].sum().backward()
    assert video.grad is not None
    reached = video.grad[0].abs().sum(-1) > 0
    assert reached.nonzero().flatten().tolist() == [3, 4, 5, 6, 7]


def test_output_holds_no_audio(alignment: PhonemeAlignment) -> None:
    """Without a residual, equal video gives equal output whatever the query says."""
    video = torch.randn(1, 1, 8).expand(1, 6, 8)
    windows = alignment.windows(video)
    first = alignment.fuse(torch.randn(1, 6, 8), windows)
    second = alignment.fuse(torch.randn(1, 6, 8), windows)
    assert torch.allclose(first, second, atol=1e-6)


def test_phones_shift_the_query_and_unknown_equals_none(alignment: PhonemeAlignment) -> None:
    audio = torch.randn(2, 3, 8)
    unknown = torch.full((2, 3), UNKNOWN)
    assert torch.equal(alignment.query(audio, None), alignment.query(audio, unknown))
    known = alignment.query(audio, torch.zeros(2, 3, dtype=torch.int64))
    assert torch.allclose(known - audio, alignment.embedding.weight[0].expand_as(audio), atol=1e-6)


def test_phone_dropout_hides_whole_clips_in_training_only() -> None:
    alignment = PhonemeAlignment(8, AlignmentConfig(anchors=True, heads=2, phone_dropout=0.5, reach=2))
    phones = torch.ones(200, 4, dtype=torch.int64)
    audio = torch.zeros(200, 4, 8)
    torch.manual_seed(0)
    hidden = (alignment.train().query(audio, phones) == alignment.embedding.weight[-1]).all(-1)
    assert 60 < int(hidden.all(1).sum()) < 140
    assert torch.equal(hidden.all(1), hidden.any(1))
    assert not (alignment.eval().query(audio, phones) == alignment.embedding.weight[-1]).all(-1).any()


def test_comparing_equals_fusing_pair_by_pair(alignment: PhonemeAlignment) -> None:
    """The short way through Gram matrices against the long one: each audio step's query at each window."""
    audio, video = torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    query = alignment.query(audio, torch.randint(0, 40, (2, 5)))
    windows = alignment.windows(video)
    similarity = alignment.compare(audio.flatten(0, 1), query.flatten(0, 1), windows)
    assert similarity.shape == (10, 10)
    for n, (anchor, asked) in enumerate(zip(audio.flatten(0, 1), query.flatten(0, 1), strict=True)):
        fused = alignment.fuse(asked.expand(2, 5, 8), windows).flatten(0, 1)
        expected = torch.cosine_similarity(anchor.expand(10, 8), fused, dim=-1)
        assert torch.allclose(similarity[n], expected, atol=1e-5)


def test_a_candidates_own_sound_does_not_enter_its_similarity(alignment: PhonemeAlignment) -> None:
    """If it did, the contrastive task could be solved without looking at the lips."""
    audio, video = torch.randn(6, 8), torch.randn(1, 6, 8)
    windows = alignment.windows(video)
    original = alignment.compare(audio, alignment.query(audio[None], None)[0], windows)
    changed = audio.clone()
    changed[3] = torch.randn(8)
    different = alignment.compare(changed, alignment.query(changed[None], None)[0], windows) != original
    assert different.any(1).tolist() == [False, False, False, True, False, False]


def test_shifted_windows_are_those_of_other_frames(alignment: PhonemeAlignment) -> None:
    windows = alignment.windows(torch.randn(1, 6, 8))
    shifted = windows.at(torch.tensor([2, 3, 4]))
    assert torch.equal(shifted.keys[:, 0], windows.keys[:, 2])
    assert shifted.inside.tolist() == windows.inside[2:5].tolist()
