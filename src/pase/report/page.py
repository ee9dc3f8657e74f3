"""A self-contained HTML page: text, pictures as data, no scripts, nothing loaded from elsewhere."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.figure import Figure
from PIL import Image

_DPI = 150

_WIDE = 8.0
"""Inches from which on a figure is not shrunk to a narrow screen, but scrolled sideways."""

_STYLE = """
:root { color-scheme: light; --ink: #1f2933; --muted: #5c6874; --line: #e3e7eb; --accent: #c4523a; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f7f8; color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .4rem; font-weight: 650; }
h2 { font-size: 1.2rem; margin: 0 0 .6rem; font-weight: 650; }
.lead, .note, figcaption, .cards small { color: var(--muted); }
.note { font-size: .92rem; margin: 0 0 1rem; max-width: 48rem; }
.lead { margin: 0 0 1.5rem; overflow-wrap: anywhere; }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem; margin-top: 1.25rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; }
.cards div { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; }
.cards b { display: block; font-size: 1.7rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
.cards span { display: block; font-size: .95rem; }
.cards small { display: block; font-size: .82rem; line-height: 1.4; margin-top: .3rem; }
figure { margin: 1rem 0 0; }
section > h2 + figure { margin-top: 0; }
.strips { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: .9rem 1.25rem; }
.strips figure, .players figure { margin: 0; min-width: 0; }
.strips figcaption { margin: 0 0 .25rem; }
.strips i { display: inline-block; width: .75em; height: .75em; border-radius: 3px; margin-right: .4em; }
.strips b, .players b { color: var(--ink); }
.strips img { margin: 0; border-radius: 6px; }
.players { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: 1.25rem; }
video { display: block; width: 100%; max-width: 24rem; border-radius: 8px; background: #000; }
.scroll { overflow-x: auto; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
img.wide { width: 100%; min-width: 44rem; max-width: none; }
figcaption { font-size: .92rem; margin-top: .6rem; max-width: 48rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .5rem; border-bottom: 1px solid var(--line); text-align: right; white-space: pre; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 10rem; }
table.words th, table.words td { text-align: left; vertical-align: top; }
table.words td:last-child { white-space: normal; overflow-wrap: anywhere; }
table.words td:first-child { min-width: 0; overflow-wrap: anywhere; }
* + .scroll > table { margin-top: 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; font-size: .92rem; }
.scroll + dl { margin-top: 1rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  main { padding: 1.5rem .75rem 3rem; }
  .strips { grid-template-columns: 1fr; }
  section { padding: 1rem .8rem; }
  dl { display: block; }
  dd { margin-bottom: .5rem; }
}
"""


@dataclass(frozen=True)
class Card:
    """A number at the top of the page: what it is, its value, and what to compare it with."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Picture:
    """A figure on the page.

    Attributes:
        figure: What to show.
        alt: What is in it, for those who cannot see it.
        caption: What to look at; may be empty.
    """

    figure: Figure
    alt: str
    caption: str


@dataclass(frozen=True)
class Strip:
    """Small pictures side by side.

    Attributes:
        label: What they show.
        note: Behind the label, quieter.
        colour: Of a mark before the label.
        jpeg: The pictures as one JPEG, drawn at half its size in pixels.
        alt: What is in it, for those who cannot see it.
    """

    label: str
    note: str
    colour: str
    jpeg: bytes
    alt: str


@dataclass(frozen=True)
class Player:
    """A video to play.

    Attributes:
        label: What it shows.
        note: Below it.
        mp4: The video with its sound.
        captions: What is said, as WebVTT; empty for none.
    """

    label: str
    note: str
    mp4: bytes
    captions: str = ""


@dataclass(frozen=True)
class Section:
    """A titled part of the page; what is given of it, in this order.

    Attributes:
        title: Its heading.
        note: What to look at, a paragraph.
        pictures: Figures.
        strips: Small pictures, in two columns.
        players: Videos.
        table: Rows of cells, the first one its head.
        table_of_words: Whether the table's cells are words, not numbers: these are set left, the last column wraps.
        facts: Names and values.
    """

    title: str
    note: str = ""
    pictures: Sequence[Picture] = ()
    strips: Sequence[Strip] = ()
    players: Sequence[Player] = ()
    table: Sequence[Sequence[str]] = ()
    table_of_words: bool = False
    facts: Sequence[tuple[str, str]] = ()


def render(title: str, lead: str, cards: Sequence[Card], sections: Sequence[Section]) -> str:
    """The page as one HTML document; all text is escaped."""
    shown = "".join(
        f"<div><b>{escape(card.value)}</b><span>{escape(card.name)}</span><small>{escape(card.note)}</small></div>"
        for card in cards
    )
    body = "\n".join(_section(section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n<div class="cards">{shown}</div>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    if section.note:
        parts.append(f'<p class="note">{escape(section.note)}</p>')
    parts += [_picture(picture) for picture in section.pictures]
    if section.strips:
        parts.append(f'<div class="strips">{"".join(_strip(strip) for strip in section.strips)}</div>')
    if section.players:
        parts.append(f'<div class="players">{"".join(_player(player) for player in section.players)}</div>')
    if section.table:
        parts.append(_table(section.table, section.table_of_words))
    if section.facts:
        facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>" for name, fact in section.facts)
        parts.append(f"<dl>{facts}</dl>")
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _picture(picture: Picture) -> str:
    buffer = io.BytesIO()
    picture.figure.savefig(buffer, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None})
    width = round(picture.figure.get_figwidth() * 96)
    kind = ' class="wide"' if picture.figure.get_figwidth() >= _WIDE else f' width="{width}"'
    image = f'<img{kind} alt="{escape(picture.alt)}" src="{_data("image/png", buffer.getvalue())}">'
    caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
    return f'<figure><div class="scroll">{image}</div>{caption}</figure>'


def _strip(strip: Strip) -> str:
    with Image.open(io.BytesIO(strip.jpeg)) as image:
        width = image.width // 2
    shown = f'<img width="{width}" alt="{escape(strip.alt)}" src="{_data("image/jpeg", strip.jpeg)}">'
    label = f'<i style="background: {escape(strip.colour)}"></i><b>{escape(strip.label)}</b> {escape(strip.note)}'
    return f"<figure><figcaption>{label}</figcaption>{shown}</figure>"


def _player(player: Player) -> str:
    track = ""
    if player.captions:
        text = _data("text/vtt", player.captions.encode())
        track = f'<track kind="captions" srclang="en" label="transcript" src="{text}">'
    video = (
        f'<video controls playsinline preload="metadata" aria-label="{escape(player.label)}" '
        f'src="{_data("video/mp4", player.mp4)}">{track}</video>'
    )
    return f"<figure>{video}<figcaption><b>{escape(player.label)}</b> {escape(player.note)}</figcaption></figure>"


def _table(rows: Sequence[Sequence[str]], words: bool) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:])
    kind = ' class="words"' if words else ""
    return f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
