import io

import av
import numpy as np
import pytest
from PIL import Image

from pase.corpus.store import Corpus
from pase.inspection.crops import crop_pixels, crop_with_landmarks, strip_of
from pase.inspection.player import make_player, phone_band, webvtt
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.report.style import colour_of_phone
from pase.video.lip_crop import CROP_SIDE


def test_landmarks_lie_where_the_crop_shows_them() -> None:
    points = np.array([[0, 0], [CROP_SIDE / 2, -CROP_SIDE / 4]], np.float32)
    np.testing.assert_allclose(crop_pixels(points, 1.0, 96), [[48, 48], [96, 24]], atol=1e-4)
    np.testing.assert_allclose(crop_pixels(points, 0.5, 100), [[50, 50], [150, 0]], atol=1e-4)


def test_contours_are_drawn_on_the_enlarged_middle() -> None:
    lips = np.zeros((96, 96, 3), np.uint8)
    lips[40:56, 40:56] = 255  # a white square in the middle
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.concatenate([0.35 * circle, 0.3 * circle]).astype(np.float32)
    image = np.asarray(crop_with_landmarks(lips, points, side=144)).astype(int)
    assert image.shape == (144, 144, 3)
    assert (image[62:82, 62:82] > 250).all()  # the square is larger than 24 pixels now
    right = image[72, 72:]
    outer, inner = (round(72 + reach / (CROP_SIDE * 0.72) * 144) - 72 for reach in (0.35, 0.3))
    assert right[outer - 1 : outer + 2, 2].max() > 150  # bluish
    assert right[inner - 1 : inner + 2, 0].max() > 150  # yellowish
    assert right[outer + 4 :].max() < 30


def test_a_strip_holds_all_crops_side_by_side() -> None:
    crops = [Image.new("RGB", (50, 50), colour) for colour in ("red", "blue")]
    with Image.open(io.BytesIO(strip_of(crops))) as strip:
        pixels = np.asarray(strip).astype(int)
    assert pixels.shape[0] == 50
    assert pixels[25, 25] @ [1, -1, -1] > 200
    assert pixels[25, -25] @ [-1, -1, 1] > 200


def test_phones_stand_on_the_band_at_their_times() -> None:
    track = PhoneTrack((PhoneInterval("SIL", 0, 0.5), PhoneInterval("B", 0.5, 1.0)))
    band = np.asarray(phone_band(track, 1.0))
    middle = band.shape[1] - 288  # pixels of one second, after half a picture's width
    row = band[2, 144 : 144 + middle]
    colour = [int(colour_of_phone("B")[place : place + 2], 16) for place in (1, 3, 5)]
    assert (row[: middle // 2 - 4] == 255).all()
    np.testing.assert_array_equal(row[middle // 2 + 4], colour)


@pytest.mark.parametrize(("longest", "seconds"), [(0.4, 0.4), (60.0, None)])
def test_the_video_has_pictures_and_sound(opened_corpus: Corpus, longest: float, seconds: float | None) -> None:
    record = next(own for own in opened_corpus.records if own.phones is not None)
    player = make_player(opened_corpus.read(record), longest, "note")
    wanted = seconds or record.duration
    with av.open(io.BytesIO(player.mp4)) as container:
        pictures = list(container.decode(video=0))
    assert len(pictures) == round(wanted * 25)
    with av.open(io.BytesIO(player.mp4)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == pytest.approx(wanted * 16_000, abs=2048)


def test_captions_are_escaped_and_last_as_long_as_the_clip() -> None:
    text = webvtt("a < b\n--> & c", 3723.5)
    assert text == "WEBVTT\n\n00:00:00.000 --> 01:02:03.500\na &lt; b --&gt; &amp; c\n"
