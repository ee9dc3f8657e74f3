from pase.report.markdown import markdown_table


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    table = [["row", "LMD"], ["base", "0.05"]]
    assert markdown_table(table) == "| row | LMD |\n| --- | ---: |\n| base | 0.05 |"
    assert markdown_table(table, words=True).splitlines()[1] == "| --- | --- |"


def test_a_stroke_in_a_cell_ends_no_cell() -> None:
    assert markdown_table([["a|b", "c\nd"]]).splitlines()[0] == r"| a\|b | c d |"
