"""Words for people: what the code says in Chinese against what stands in English, without GNU gettext."""

from __future__ import annotations

import io
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.extract import DEFAULT_KEYWORDS, extract
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import template as gettext_template

from portal.runtime import translations
from portal.runtime.places import ROOT
from portal.runtime.translations import Key

FOLDERS = (
    "portal",
    "pmo",
    "youth",
    "advisory",
    "marketplace",
    "vendors",
    "points",
    "organisations",
    "outside",
    "papers",
    "templates",
)
# a Chinese character is what makes a sentence need its English; "API" and "%(count)s" read the same
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "gettext_noop": None,
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


@dataclass(frozen=True)
class Use:
    """One sentence in the code, and where it stands."""

    key: Key
    plural: str | None
    file: str
    line: int

    @property
    def area(self) -> str:
        """The app whose catalogue it belongs to: the folder, or for a template the folder below `templates`."""
        parts = Path(self.file).parts
        inner = parts[1] if parts[0] == "templates" and len(parts) > 2 else parts[0]
        return inner if inner in FOLDERS else "portal"


class Command(BaseCommand):
    help = "Reports Chinese sentences that lack English, stand in English without use, or have two translations; --compile builds the catalogue."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--missing", action="store_true", help="print stubs for what is missing, by area")
        parser.add_argument("--obsolete", action="store_true", help="list what no code uses any more")
        parser.add_argument("--compile", action="store_true", help="write django.mo and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["compile"]:
            self.stdout.write("compiled" if translations.compile_english() else "already current")
            return
        uses = {use.key: use for use in _uses()}
        catalogue, conflicts = translations.merged()
        known = {translations.key_of(message) for message in catalogue if message.id}
        missing = [use for key, use in uses.items() if key not in known and CHINESE.search(key[0])]
        obsolete = sorted(known - set(uses), key=str)
        wrong = list(_wrong_placeholders(catalogue))
        if options["missing"]:
            self._print_stubs(missing)
        if options["obsolete"]:
            self.stdout.writelines(f"obsolete: {key[0]}" for key in obsolete)
        self._report(missing, conflicts, wrong)
        self.stdout.write(f"{len(uses)} sentences, {len(known)} in English; {len(obsolete)} obsolete")
        if missing or conflicts or wrong:
            raise CommandError(
                f"{len(missing)} without English, {len(conflicts)} with two translations, {len(wrong)} with other placeholders"
            )

    def _report(self, missing: list[Use], conflicts: list[translations.Conflict], wrong: list[str]) -> None:
        for use in missing:
            self.stderr.write(f"{use.file}:{use.line}: no English ({use.area}.po): {use.key[0]}")
        for each in conflicts:
            self.stderr.write(
                f"two translations of {each.key[0]!r}: {each.areas[0]}.po {each.texts[0]!r}, {each.areas[1]}.po {each.texts[1]!r}"
            )
        for sentence in wrong:
            self.stderr.write(f"other placeholders than the Chinese: {sentence}")

    def _print_stubs(self, missing: list[Use]) -> None:
        for use in sorted(missing, key=lambda each: (each.area, each.file, each.line)):
            lines = [f"# {use.area}.po", f"#: {use.file}:{use.line}"]
            lines += [f"msgctxt {_quoted(use.key[1])}"] if use.key[1] else []
            lines += [f"msgid {_quoted(use.key[0])}"]
            lines += (
                [f"msgid_plural {_quoted(use.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
                if use.plural
                else ['msgstr ""']
            )
            self.stdout.write("\n".join([*lines, ""]))


def _uses() -> Iterator[Use]:
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix == ".py" and "migrations" not in file.parts:
                yield from _in_text(file, file.read_text(encoding="utf-8"))
            elif file.suffix in (".html", ".txt") and "templates" in file.parts:
                text = gettext_template.templatize(file.read_text(encoding="utf-8"), origin=str(file))
                yield from _in_text(file, text)


def _in_text(file: Path, text: str) -> Iterator[Use]:
    """Every marked sentence of a Python text; templates come here as the Python that Django makes of them."""
    name = str(file.relative_to(ROOT))
    for line, message, _comments, context in extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS):
        singular, plural = (message[0], message[1]) if isinstance(message, tuple) else (message, None)
        if singular:
            yield Use((singular, context), plural, name, line)


def _wrong_placeholders(catalogue: Any) -> Iterator[str]:
    """English that would fail when shown, because it names a value that the Chinese does not give."""
    pattern = re.compile(r"%\((\w+)\)|(?<!\{)\{(\w*)\}")
    for message in catalogue:
        if not message.id:
            continue
        given = set(pattern.findall(" ".join([message.id] if isinstance(message.id, str) else message.id)))
        strings = [message.string] if isinstance(message.string, str) else message.string
        for text in strings:
            if set(pattern.findall(text)) - given:
                yield text


def _quoted(text: str | None) -> str:
    escaped = (text or "").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
