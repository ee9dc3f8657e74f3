from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pase.corpus.clip import ClipRecord
from pase.inspection.selection import choose_frames, choose_moments, spread_over_speakers


def record(number: int, speaker: str) -> ClipRecord:
    return ClipRecord(f"c{number}", speaker, "train", 10, 6400, "", None, "000000.tar", "v.mp4")


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30), st.integers(0, 5))
def test_the_beginning_shows_all_speakers(speakers: list[str], seed: int) -> None:
    records = [record(number, speaker) for number, speaker in enumerate(speakers)]
    order = spread_over_speakers(records, seed)
    assert sorted(own.clip_id for own in order) == sorted(own.clip_id for own in records)
    turns: Counter[str] = Counter()
    for own in order:  # nobody has a second turn before all have had their first, or have no more clips
        waiting = [name for name in set(speakers) if turns[name] < speakers.count(name)]
        assert turns[own.speaker] == min(turns[name] for name in waiting)
        turns[own.speaker] += 1


def test_the_seed_decides(make_record) -> None:
    records = [record(number, "s") for number in range(20)]
    assert spread_over_speakers(records, 1) == spread_over_speakers(records, 1)
    assert spread_over_speakers(records, 1) != spread_over_speakers(records, 2)


def test_moments_are_at_phone_middles_of_different_clips(make_record) -> None:
    records = [make_record(f"c{n}", "SIL B AA B") for n in range(5)]
    found = choose_moments(records, seed=0, per_phone=3)
    assert set(found) == {"SIL", "B", "AA"}
    for moments in found.values():
        assert [moment.record.clip_id for moment in moments] == ["c0", "c1", "c2"]
    assert {moment.frame for moment in found["SIL"]} == {2}  # 0.1 s
    assert {moment.frame for moment in found["AA"]} == {12}  # 0.5 s
    assert {moment.frame for moment in found["B"]} <= {7, 17}


def test_rare_phones_are_looked_for_further_and_few_clips_give_several(make_record) -> None:
    records = [*(make_record(f"c{n}", "AA") for n in range(9)), make_record("z", "ZH AA ZH")]
    found = choose_moments(records, seed=0, per_phone=2)
    assert [moment.record.clip_id for moment in found["AA"]] == ["c0", "c1"]
    assert [(moment.record.clip_id, moment.frame) for moment in sorted(found["ZH"], key=lambda own: own.frame)] == [
        ("z", 2),
        ("z", 12),
    ]


def test_phones_beyond_the_picture_and_clips_without_phones_are_left_out(make_record) -> None:
    assert choose_moments([make_record("a"), make_record("b", "AA B", frames=7)], seed=0).keys() == {"AA"}
    assert choose_moments([make_record("a")], seed=0) == {}


def test_frames_without_phones(make_record) -> None:
    records = [make_record(f"c{n}", frames=n + 1) for n in range(6)]
    moments = choose_frames(records, seed=3, count=4)
    assert [moment.record.clip_id for moment in moments] == ["c0", "c1", "c2", "c3"]
    assert all(0 <= moment.frame < moment.record.frames for moment in moments)
