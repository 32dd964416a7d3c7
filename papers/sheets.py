"""What the two spreadsheet formats share: escaped text, the zip they lie in, names of sheets."""

import re
import zipfile
from collections.abc import Sequence
from typing import IO, BinaryIO

SHEET_ROWS = 1_048_576  # both Excel and LibreOffice stop here
DIGITS_KEPT = 15  # beyond it spreadsheets round: such numbers are written as text
_SEPARATOR = "\x1f"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def escaped_texts(values: Sequence[str]) -> list[str]:
    """A whole column escaped at once."""
    joined = _SEPARATOR.join(values)
    if "&" not in joined and "<" not in joined and ">" not in joined:
        return list(values)
    return joined.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split(_SEPARATOR)


def sheet_name(title: str, number: int = 1) -> str:
    """A name both formats accept: at most 31 characters, none of []:*?/\\ and no apostrophe at the ends."""
    tail = f" ({number})" if number > 1 else ""
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip(" '")
    return (clean or "Data")[: 31 - len(tail)] + tail


class Package:
    """A zip file written front to back, so that it may be a response as well as a file.

    Compression level 1: sheets are so repetitive that level 6 doubles the time for a tenth of the size.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    def add(self, name: str, text: str) -> None:
        self._zip.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED, 6)

    def add_uncompressed(self, name: str, text: str) -> None:
        self._zip.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_STORED)

    def stream(self, name: str, *, above_2_gib: bool = False) -> "Stream":
        """A part whose size is not known. Excel reads no ZIP64 parts, so a workbook's parts stay below 2 GiB."""
        return Stream(self._zip.open(name, "w", force_zip64=above_2_gib))

    def close(self) -> None:
        self._zip.close()


class Stream:
    """One growing part of a package."""

    def __init__(self, part: IO[bytes]) -> None:
        self._part = part
        self.size = 0

    def write(self, text: str) -> None:
        self.size += self._part.write(text.encode())

    def close(self) -> None:
        self._part.close()
