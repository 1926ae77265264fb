"""What reaches a terminal can be seen, and does nothing."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from rim_router.terminal import legible, visible, visible_lines

# Controls, escape sequences, marks of direction, and what has no width.
ODD = "".join(
    chr(code)
    for first, last in (
        *((0, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x115F, 0x1160), (0x180B, 0x180F)),
        *(
            (0x200B, 0x200F),
            (0x2028, 0x202E),
            (0x2060, 0x206F),
            (0x3164, 0x3164),
            (0xFFA0, 0xFFA0),
            (0xD800, 0xDFFF),
        ),
        *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xE0001, 0xE007F), (0xE0100, 0xE01EF)),
    )
    for code in range(first, last + 1)
)
TEXTS = st.text() | st.text(alphabet=st.sampled_from(ODD) | st.sampled_from("abx1[é漢 \\"))


def is_harmless(text: str) -> bool:
    unseen = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return not any(each in ODD or unicodedata.category(each) in unseen for each in text)


@given(TEXTS)
def test_one_line(text: str) -> None:
    """Nothing that a terminal obeys or hides is left, and nothing is escaped twice."""
    shown = visible(text)
    assert is_harmless(shown)
    assert visible(shown) == shown


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_what_can_be_seen_stays(text: str) -> None:
    """In any script; of blanks the ordinary one."""
    shown = visible(text)
    assert all(each in shown for each in text if each == " " or (each.isprintable() and each not in ODD))


@given(TEXTS.filter(lambda text: "\\" not in text))
def test_nothing_is_lost(text: str) -> None:
    """What is escaped can be read back: two texts never look the same."""
    shown = visible(text)
    escaped = "".join(each if each == "\\" or each.isascii() else f"\\U{ord(each):08x}" for each in shown)
    assert escaped.encode("ascii").decode("unicode_escape") == text


@given(TEXTS)
def test_lines(text: str) -> None:
    """Line ends and tabs stay, and nothing else."""
    shown = visible_lines(text)
    assert is_harmless(shown.replace("\n", "").replace("\t", ""))
    assert shown.count("\n") == text.count("\n")
    assert visible_lines(shown) == shown


@given(TEXTS, st.integers(1, 50))
def test_legible(text: str, longest: int) -> None:
    """Short, in one line, and without escapes of our own."""
    shown = legible(text, longest)
    assert is_harmless(shown)
    assert len(shown) <= longest
    assert shown.count("\\") <= text.count("\\")
