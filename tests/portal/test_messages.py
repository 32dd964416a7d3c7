"""English for every Chinese sentence, without GNU gettext."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from portal.management.commands import messages
from portal.runtime import translations

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty house: one app, its template, one area of English."""
    (tmp_path / "points").mkdir()
    (tmp_path / "templates/points").mkdir(parents=True)
    (tmp_path / "english").mkdir()
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "FOLDER", tmp_path / "english")
    monkeypatch.setattr(translations, "COMPILED", tmp_path / "english/django.mo")
    return tmp_path


def test_a_sentence_without_english_fails(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (house / "points/services.py").write_text('_("點數不足")\n')
    with pytest.raises(CommandError, match="1 without English"):
        call_command("messages")
    assert "points/services.py:1: no English (points.po): 點數不足" in capsys.readouterr().err


@pytest.mark.parametrize(
    "template",
    [
        '{% translate "點數不足" %}',
        "{% blocktranslate trimmed %}\n  點數不足\n{% endblocktranslate %}",
        '{% include "x" with t=_("點數不足") %}',
    ],
)
def test_templates_are_read_as_django_reads_them(house: Path, template: str) -> None:
    (house / "templates/points/page.html").write_text("{% load i18n %}" + template)
    with pytest.raises(CommandError):
        call_command("messages")
    (house / "english/points.po").write_text(HEADER + 'msgid "點數不足"\nmsgstr "Not enough points"\n')
    call_command("messages")


def test_a_sentence_without_chinese_needs_no_english(house: Path) -> None:
    (house / "points/services.py").write_text('_("%(count)s × API")\n')
    call_command("messages")


def test_homonyms_need_each_their_own(house: Path) -> None:
    (house / "points/services.py").write_text('pgettext("verb", "收回")\npgettext("noun", "收回")\n')
    (house / "english/points.po").write_text(HEADER + 'msgctxt "verb"\nmsgid "收回"\nmsgstr "Reclaim"\n')
    with pytest.raises(CommandError, match="1 without English"):
        call_command("messages")


def test_two_areas_may_not_disagree(house: Path) -> None:
    (house / "points/services.py").write_text('_("點數")\n')
    (house / "english/points.po").write_text(HEADER + 'msgid "點數"\nmsgstr "Points"\n')
    (house / "english/vendors.po").write_text(HEADER + 'msgid "點數"\nmsgstr "Credits"\n')
    with pytest.raises(CommandError, match="1 with two translations"):
        call_command("messages")


def test_english_may_not_name_a_value_that_is_not_given(house: Path) -> None:
    (house / "points/services.py").write_text('_("%(points)s點")\n')
    (house / "english/points.po").write_text(HEADER + 'msgid "%(points)s點"\nmsgstr "%(point)s points"\n')
    with pytest.raises(CommandError, match="1 with other placeholders"):
        call_command("messages")


def test_stubs_are_printed_for_what_is_missing(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (house / "points/services.py").write_text('ngettext("%(n)s家", "%(n)s家企業", 2)\n')
    with pytest.raises(CommandError):
        call_command("messages", "--missing")
    assert 'msgid "%(n)s家"\nmsgid_plural "%(n)s家企業"' in capsys.readouterr().out


def test_compiled_catalogue_is_what_django_finds(house: Path) -> None:
    (house / "english/points.po").write_text(HEADER + 'msgid "點數"\nmsgstr "Points"\n')
    assert translations.compile_english()
    assert not translations.compile_english()
    later = translations.COMPILED.stat().st_mtime + 5
    os.utime(house / "english/points.po", (later, later))
    assert translations.compile_english()


def test_english_pages_speak_english() -> None:
    with translation.override("en"):
        assert translation.gettext("跳到主要內容") != "跳到主要內容"
