"""Which characters the paper's font can draw, so that none is ever lost in print."""

import struct
from functools import cache
from pathlib import Path

from noto_cjk_sans_otc import FONT_PATH

FONT_FOLDER = Path(str(FONT_PATH)).parent
_FORMAT_12 = 12
_INVISIBLE = frozenset(range(0x20)) | frozenset({0x7F, 0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060})


def drawable(text: str) -> str:
    """The text with each character the font has no drawing for as its code, like `[U+1F600]`.

    Note: archival PDF refuses missing glyphs, and rare characters of names must stay recoverable.
    """
    covered = _covered()
    if covered.issuperset(map(ord, text)):
        return text
    return "".join(char if ord(char) in covered else _stand_in(ord(char)) for char in text)


def _stand_in(code: int) -> str:
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or code in _INVISIBLE:
        return ""  # variation selectors and the like draw nothing by themselves
    return f"[U+{code:04X}]"


@cache
def _covered() -> frozenset[int]:
    """Code points in the font's character map. Source: OpenType specification, `cmap`, format 12."""
    data = Path(str(FONT_PATH)).read_bytes()
    (first_font,) = struct.unpack_from(">I", data, 12)
    (tables,) = struct.unpack_from(">H", data, first_font + 4)
    cmap = next(
        offset
        for tag, _, offset, _ in (
            struct.unpack_from(">4sIII", data, first_font + 12 + 16 * n) for n in range(tables)
        )
        if tag == b"cmap"
    )
    (subtables,) = struct.unpack_from(">H", data, cmap + 2)
    starts = {cmap + struct.unpack_from(">HHI", data, cmap + 4 + 8 * n)[2] for n in range(subtables)}
    start = next(start for start in starts if struct.unpack_from(">H", data, start)[0] == _FORMAT_12)
    (groups,) = struct.unpack_from(">I", data, start + 12)
    codes: set[int] = {0x0A}
    for n in range(groups):
        low, high, _ = struct.unpack_from(">III", data, start + 16 + 12 * n)
        codes.update(range(low, high + 1))
    return frozenset(codes - (_INVISIBLE - {0x0A}))
