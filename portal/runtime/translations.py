"""The English catalogue: one readable file per area, merged into the one that Django reads. Needs no GNU gettext."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from portal.runtime.places import ROOT

FOLDER = ROOT / "locale/en/LC_MESSAGES"
COMPILED = FOLDER / "django.mo"
Key = tuple[str, str | None]


@dataclass(frozen=True)
class Conflict:
    """One Chinese sentence with two English ones."""

    key: Key
    areas: tuple[str, str]
    texts: tuple[str, str]


def area_files() -> list[Path]:
    """Every area's file, in the order of their names."""
    return sorted(file for file in FOLDER.glob("*.po") if file.name != "django.po")


def key_of(message: Message) -> Key:
    """What gettext looks a message up by: the msgid (the singular one) and the context."""
    first = message.id if isinstance(message.id, str) else message.id[0]
    return first, message.context


def read(file: Path) -> Catalog:
    """One area's catalogue.

    Raises: ValueError with file and line when it is not in the PO format.
    """
    with file.open("rb") as source:
        return read_po(source, locale="en", abort_invalid=True)


def merged() -> tuple[Catalog, list[Conflict]]:
    """All areas in one catalogue, and the sentences on which two areas disagree (the first one stands)."""
    whole, conflicts, owner = Catalog(locale="en", charset="utf-8", fuzzy=False), [], {}
    for file in area_files():
        for message in read(file):
            if not message.id or not message.string or message.fuzzy:
                continue
            key = key_of(message)
            earlier = whole.get(key[0], key[1])
            if earlier is None:
                owner[key] = file.stem
                whole.add(message.id, message.string, context=message.context, flags=message.flags)
            elif earlier.string != message.string:
                conflicts.append(
                    Conflict(key, (owner[key], file.stem), (str(earlier.string), str(message.string)))
                )
    return whole, conflicts


def compile_english() -> bool:
    """Write the file that Django reads, if an area is newer than it. Says whether it wrote."""
    files = area_files()
    FOLDER.mkdir(parents=True, exist_ok=True)
    newest = max((file.stat().st_mtime for file in files), default=0.0)
    if COMPILED.exists() and COMPILED.stat().st_mtime >= newest:
        return False
    catalogue, _conflicts = merged()
    draft = COMPILED.with_suffix(".new")
    with draft.open("wb") as out:
        write_mo(out, catalogue)
    draft.replace(COMPILED)
    return True
