"""Colours that may meet, the built sheet, the drawings, and how figures and forms are set."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django import forms
from django.core.paginator import Paginator
from django.http import QueryDict
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils.translation import override

from organisations import drawings, roc
from organisations.fields import AmountField, RocDateField, UbnField
from portal import stylesheet

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (ROOT / "static/css/tokens.css").read_text(encoding="utf-8")
PAIR = re.compile(r"--([\w-]+):\s*light-dark\((#\w{6}),\s*(#\w{6})\)")
SINGLE = re.compile(r"--([\w-]+):\s*(#\w{6});")
pytestmark = pytest.mark.django_db
COLOURS = {name: (day, night) for name, day, night in PAIR.findall(TOKENS)} | {
    name: (both, both) for name, both in SINGLE.findall(TOKENS)
}
GROUNDS = ("paper", "surface", "sunk")
HUES = ("indigo", "persimmon", "pine", "gardenia", "madder")
TEXT, MARK = 4.5, 3.0

# Machado, Oliveira, Fernandes 2009: colour-vision deficiency at full severity
SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    light = sorted(
        sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(each), strict=True))
        for each in (one, other)
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


def oklab(colour: str, sight: str) -> tuple[float, ...]:
    seen = [
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True))))
        for row in SIGHT[sight]
    ]
    cones = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    root = [sum(a * b for a, b in zip(row, seen, strict=True)) ** (1 / 3) for row in cones]
    axes = (
        (0.2104542553, 0.793617785, -0.0040720468),
        (1.9779984951, -2.428592205, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
    return tuple(sum(a * b for a, b in zip(row, root, strict=True)) for row in axes)


def distance(one: str, other: str, sight: str) -> float:
    return 100 * sum((a - b) ** 2 for a, b in zip(oklab(one, sight), oklab(other, sight), strict=True)) ** 0.5


def meetings() -> list[tuple[str, str, float]]:
    """Every pair of tokens that may meet: text or mark, ground, least contrast."""
    words = ["ink", "ink-2", "ink-3", "indigo-deep", *HUES]
    pairs = [(word, ground, TEXT) for word in words for ground in GROUNDS]
    pairs += [("line-strong", ground, MARK) for ground in (*GROUNDS, "indigo-wash")]
    pairs += [(word, f"{hue}-wash", TEXT) for hue in HUES for word in (hue, "ink", "ink-2")]
    pairs += [
        ("indigo-deep", "indigo-wash", TEXT),
        ("ink-3", "indigo-wash", TEXT),
        ("persimmon", "indigo-wash", MARK),
    ]
    pairs += [("on-indigo", "indigo", TEXT), ("on-indigo", "indigo-deep", TEXT), ("paper", "ink", TEXT)]
    pairs += [("bar-ink", "bar", TEXT), ("bar-ink-2", "bar", TEXT)]
    pairs += [(f"cat-{n}", ground, MARK) for n in range(1, 7) for ground in ("surface", "paper")]
    pairs += [("ink", f"dye-{n}", TEXT) for n in (0, 1, 2)] + [
        ("on-dye", f"dye-{n}", TEXT) for n in (4, 5, 6)
    ]
    return pairs


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_that_may_meet_is_legible(theme: int) -> None:
    pale = [
        f"{word} on {ground}: {contrast(COLOURS[word][theme], COLOURS[ground][theme]):.2f} < {least}"
        for word, ground, least in meetings()
        if contrast(COLOURS[word][theme], COLOURS[ground][theme]) < least
    ]
    assert not pale


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_palettes_stay_apart_for_every_kind_of_sight(theme: int, sight: str) -> None:
    dyes = [COLOURS[f"dye-{n}"][theme] for n in range(1, 7)]
    categories = [COLOURS[f"cat-{n}"][theme] for n in range(1, 7)]
    assert min(distance(a, b, sight) for a, b in itertools.pairwise(dyes)) >= 7
    assert min(distance(a, b, sight) for a, b in itertools.combinations(categories, 2)) >= 5


def test_the_sheet_holds_every_file_once_and_no_import() -> None:
    order = stylesheet.IMPORT.findall((stylesheet.SOURCE / "site.css").read_text(encoding="utf-8"))
    files = {str(file.relative_to(stylesheet.SOURCE)) for file in stylesheet.SOURCE.rglob("*.css")}
    assert len(order) == len(set(order))
    assert set(order) == files - {"site.css"}
    assert "@import" not in stylesheet.sheet_text()
    assert stylesheet.sheet_text().count("{") == stylesheet.sheet_text().count("}")


def test_older_browsers_get_every_colour_in_both_themes() -> None:
    plain = stylesheet.fallback_text(TOKENS)
    assert plain.startswith("@supports not (color: light-dark(#000, #fff))")
    assert plain.count("--paper:#f6f6f2") == 2
    assert plain.count("--paper:#11151c") == 2
    assert all(f"--{name}:" in plain for name, _day, _night in PAIR.findall(TOKENS))


def test_no_template_carries_style_or_script_inline() -> None:
    inline = re.compile(
        r"""\sstyle=["']|<style|\son[a-z]+=["']|hx-on|<script(?![^>]*(?:\bsrc=|type="application/json"))"""
    )
    found = [
        f"{file.relative_to(ROOT)}: {match.group()}"
        for file in (ROOT / "templates").rglob("*.html")
        for match in inline.finditer(file.read_text(encoding="utf-8"))
    ]
    assert not found


def test_every_icon_that_a_template_names_is_drawn() -> None:
    known = {*drawings.icon_names(), *drawings.SHORT_NAMES}
    named = {
        name
        for file in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([\w-]+)"', file.read_text(encoding="utf-8"))
    }
    assert named <= known


def page_of(source: str, **context: object) -> str:
    return Template("{% load look %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("source", "chinese", "english"),
    [
        ("{{ day|roc_date }}", "115年11月20日", "2026-11-20"),
        ('{{ day|roc_date:"long" }}', "民國115年11月20日", "2026-11-20"),
        ('{{ day|roc_date:"short" }}', "115/11/20", "2026-11-20"),
        ("{{ moment|roc_datetime }}", "115年11月21日 00:12", "2026-11-21 00:12"),
        ("{{ amount|twd }}", "14,400元", "NT$14,400"),
        ("{{ amount|points }}", "14,400點", "14,400 points"),
        ("{{ rate|ratio }}", "4：1", "4:1"),
        ("{{ nothing|roc_date }}", "—", "—"),
    ],
)
def test_figures_are_said_in_the_readers_language(source: str, chinese: str, english: str) -> None:
    values = {
        "day": date(2026, 11, 20),
        "moment": datetime(2026, 11, 20, 16, 12, tzinfo=UTC),
        "amount": 14_400,
        "rate": 8_000,
        "nothing": None,
    }
    with override("zh-hant"):
        assert re.sub("<[^>]*>", "", page_of(source, **values)) == chinese
    with override("en"):
        assert re.sub("<[^>]*>", "", page_of(source, **values)) == english


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1040413", date(2015, 4, 13)),
        ("0400711", date(1951, 7, 11)),
        ("400711", date(1951, 7, 11)),
        ("115/11/20", date(2026, 11, 20)),
        ("民國115年11月20日", date(2026, 11, 20)),
        ("１１５．１１．２０", date(2026, 11, 20)),
        ("2026-11-20", date(2026, 11, 20)),
        ("20261120", date(2026, 11, 20)),
        ("1150230", None),
        ("0000000", None),
        ("", None),
        ("昨天", None),
    ],
)
def test_roc_dates_are_read_as_people_and_registers_write_them(text: str, day: date | None) -> None:
    assert roc.parse_roc_date(text) == day


def test_two_halves_show_the_share_of_points_as_a_length() -> None:
    drawn = page_of("{% split 24000 6000 %}")
    assert '<rect class="split-points" x="0%" width="80%" height="100%"/>' in drawn
    assert '<rect class="split-own" x="80%" width="20%" height="100%"/>' in drawn


@pytest.mark.parametrize(
    ("day", "state", "knots"),
    [
        (1, "running", ["is-now", "", "", "", "", "", ""]),
        (4, "running", ["is-past", "is-past", "is-past", "is-now", "", "", ""]),
        (3, "stopped", ["is-past", "is-past", *["is-stopped"] * 5]),
        (9, "late", [*["is-past"] * 6, "is-now"]),
        (5, "paid", ["is-past"] * 7),
    ],
)
def test_beads_count_the_days_of_the_payout_clock(day: int, state: str, knots: list[str]) -> None:
    assert (
        re.findall(r'<i class="([\w-]*)">', page_of("{% beads day state %}", day=day, state=state)) == knots
    )


def test_words_of_people_never_become_markup() -> None:
    evil = "<script>alert(1)</script>"
    drawn = page_of(
        '{% tag evil "pass" %}{% crumbs evil "/x/" evil %}{% icon "warn" evil %}{% empty_state evil evil %}',
        evil=evil,
    )
    assert "<script>" not in drawn
    assert drawn.count("&lt;script&gt;") == 6


def test_a_county_without_any_enterprise_is_undyed_and_the_first_is_deepest() -> None:
    rows = [{"name": "臺北市", "per_hundred": 5.1}, {"name": "連江縣", "per_hundred": 0.0}]
    drawn = page_of("{% county_weave rows %}", rows=rows)
    assert drawn.count('class="dye-6"') == drawn.count('class="dye-0"') == 2


def test_pages_keep_the_rest_of_the_query() -> None:
    request = RequestFactory().get("/solutions/", {"q": "結帳", "page": "2"})
    drawn = page_of("{% pages page %}", page=Paginator(range(90), 20).page(2), request=request)
    links = [QueryDict(query.replace("&amp;", "&")) for query in re.findall(r'href="\?([^"]*)"', drawn)]
    assert {link["page"] for link in links} == {"1", "3", "4", "5"}
    assert all(link["q"] == "結帳" for link in links)


def test_sorting_again_by_the_same_heading_turns_the_order() -> None:
    request = RequestFactory().get("/solutions/", {"sort": "name", "page": "4"})
    drawn = page_of('{% sort_link "企業" "name" %}', request=request)
    assert 'aria-sort="ascending"' in drawn
    assert 'href="?sort=-name"' in drawn


class SampleForm(forms.Form):
    ubn = UbnField(help_text="八碼")
    start = RocDateField(label="日期")
    amount = AmountField(label="金額")


def test_a_field_stands_as_label_hint_error_input() -> None:
    drawn = str(SampleForm({"ubn": "0459525"})["ubn"].as_field_group())
    places = [drawn.index(each) for each in ("<label", 'class="hint"', 'class="field-error"', "<input")]
    assert places == sorted(places)
    assert 'aria-describedby="id_ubn_helptext id_ubn_error"' in drawn
    assert 'aria-invalid="true"' in drawn


def test_the_summary_of_errors_links_to_boxes_that_exist() -> None:
    drawn = str(SampleForm({"ubn": "1", "start_0": "115", "start_1": "2", "start_2": "30", "amount": "三萬"}))
    targets = re.findall(r'href="#([\w-]+)"', drawn)
    assert targets == ["id_ubn", "id_start_0", "id_amount"]
    assert all(f'id="{target}"' in drawn for target in targets)


def test_fields_understand_what_people_type() -> None:
    form = SampleForm(
        {
            "ubn": "０４５９-５２５７",
            "start_0": "１１５",
            "start_1": "11",
            "start_2": "30",
            "amount": "14,400",
        }
    )
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"ubn": "04595257", "start": date(2026, 11, 30), "amount": 14_400}
    assert "民國115年11月30日（2026-11-30，星期一）" in str(form)


def test_a_day_that_does_not_exist_is_refused_in_words() -> None:
    form = SampleForm({"ubn": "04595257", "start_0": "115", "start_1": "2", "start_2": "30", "amount": "1"})
    assert form.errors == {"start": ["沒有這一天，請再看一次年、月、日。"]}


def test_an_empty_refusal_gets_a_page_that_says_what_to_do(client: Client) -> None:
    answer = client.post("/about/")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"
    assert "這個網址不能這樣用" in answer.content.decode()


def test_a_missing_page_says_what_to_do_in_both_languages(client: Client) -> None:
    assert "找不到這一頁" in client.get("/no-such-page/").content.decode()
    assert "We cannot find this page" in client.get("/en/no-such-page/").content.decode()


def test_a_chosen_theme_is_kept_and_the_person_goes_back_to_the_page(client: Client) -> None:
    answer = client.get("/theme/", {"set": "dark"}, HTTP_REFERER="http://testserver/about/")
    assert answer["Location"] == "http://testserver/about/"
    assert 'data-theme="dark"' in client.get("/about/").content.decode()


def test_a_theme_never_sends_the_person_to_another_site(client: Client) -> None:
    assert (
        client.get("/theme/", {"set": "dark"}, HTTP_REFERER="https://elsewhere.example/")["Location"] == "/"
    )


@pytest.mark.parametrize("name", ["about", "help", "privacy", "accessibility", "open-data", "sitemap"])
def test_text_pages_stand_in_both_languages(client: Client, name: str) -> None:
    chinese, english = client.get(f"/{name}/").content.decode(), client.get(f"/en/{name}/").content.decode()
    assert 'lang="zh-Hant-TW"' in chinese
    assert 'lang="en"' in english
    words = re.sub(r"<[^>]*>", "", english.split("<main", 1)[1].split("</main>")[0])
    assert not re.search(r"[\u4e00-\u9fff]", words)
