import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from pase.report.page import Card, Player, Section, Strip, render


def jpeg(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(buffer, format="jpeg")
    return buffer.getvalue()


class Sources(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [str(value) for name, value in attrs if name in ("src", "href", "poster", "srcset")]


def test_all_text_is_escaped() -> None:
    names = iter(f'<zz{number}>"&' for number in range(100))
    strips = [Strip(next(names), next(names), next(names), jpeg(20, 10), next(names))]
    players = [Player(next(names), next(names), b"mp4", next(names))]
    words = Section(next(names), note=next(names), table=[[next(names)], [next(names)]], facts=[("f", next(names))])
    media = Section(next(names), strips=strips, players=players)
    page = render(next(names), next(names), [Card(next(names), next(names), next(names))], [words, media])
    assert "<zz" not in page
    assert page.count("&lt;zz") == 19  # the title twice, the player's label twice; captions are data


def test_media_are_in_the_page() -> None:
    strip = Strip("B", "", "red", jpeg(40, 10), "lips")
    page = render(
        "t",
        "l",
        [],
        [Section("s", strips=[strip], players=[Player("p", "n", b"mp4", "WEBVTT\n")])],
    )
    found = Sources(page).found
    assert [source.partition(";")[0] for source in found] == ["data:image/jpeg", "data:video/mp4", "data:text/vtt"]
    assert base64.b64decode(found[1].partition(",")[2]) == b"mp4"
    assert '<img width="20"' in page
