"""Tables as Markdown."""

from collections.abc import Sequence


def markdown_table(table: Sequence[Sequence[str]], words: bool = False) -> str:
    """A table in Markdown.

    Args:
        table: Its rows, the first of them its head. A cell of several lines becomes one line.
        words: Whether it holds words, which stand to the left; numbers stand to the right.
    """
    head, *rows = table
    marks = ["---", *["---" if words else "---:"] * (len(head) - 1)]
    return "\n".join(_line(cells) for cells in (head, marks, *rows))


def _line(cells: Sequence[str]) -> str:
    plain = (cell.replace("|", r"\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(plain)} |"
