"""Finding a solution: words in two languages, typing mistakes, filters with true counts, the pages for everybody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from marketplace.selectors import catalogue
from marketplace.selectors.catalogue import Filters, search_solutions
from marketplace.selectors.search_index import Document, SearchIndex
from marketplace.selectors.search_words import words
from marketplace.selectors.shares import Reader, Source, reader_of
from marketplace.selectors.solution_facts import middle_plan, three_years
from organisations.models.organisation import Organisation
from organisations.models.people import Membership
from organisations.services.reference_data import load_reference_data
from points.models.grants import Grant
from points.models.programmes import ZoneVersion
from points.selectors.zones import zone_in_force
from points.services import ledger
from points.services.seeding import load_programme
from vendors.models.solutions import Solution
from vendors.models.vendors import Vendor
from vendors.services.catalogue_loading import load_catalogue

AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
QUERIES = Path(__file__).resolve().parents[2] / "bench" / "search_queries.jsonl"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _listed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Loaded once for this file; each test rolls back to it, the file rolls back as a whole."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_reference_data()
        load_programme(at=AT)
        load_catalogue(at=AT)
        yield
        transaction.set_rollback(True)


def found(query: str, **filters: frozenset[str]) -> list[Solution]:
    return list(search_solutions(query, filters=Filters(**filters)).page.object_list)


def kinds(query: str) -> list[str]:
    return [each.main_sub_category_id for each in found(query)[:5]]


# Search


def test_five_of_the_first_hits_answer_most_of_what_owners_type() -> None:
    main = dict(Solution.objects.values_list("pk", "main_sub_category_id"))
    index = catalogue.current_shelf().index
    rows = [json.loads(line) for line in QUERIES.read_text(encoding="utf-8").splitlines()]
    hits = sum(
        any(
            main[number] in (row["want_sub_category"], *row["also_ok"])
            for number in index.rank(row["query"])[:5]
        )
        for row in rows
    )
    assert hits / len(rows) >= 0.9


@pytest.mark.parametrize(
    ("query", "kind"), [("收銀機", "1245"), ("pos machine", "1245"), ("crm", "1242"), ("庫存", "1249")]
)
def test_a_synonym_in_either_language_finds_the_kind(query: str, kind: str) -> None:
    assert kind in kinds(query)


@pytest.mark.parametrize(
    ("query", "kind"), [("invntory", "1249"), ("bookeeping", "1248"), ("收銀雞", "1245")]
)
def test_a_typing_mistake_still_finds_the_kind(query: str, kind: str) -> None:
    assert kind in kinds(query)


def test_a_name_typed_in_full_comes_first() -> None:
    assert found("府城灶腳餐飲收銀")[0].code == "S0001"


def test_nonsense_finds_nothing() -> None:
    assert search_solutions("qqqzzzxxxq").total == 0


def test_full_width_letters_and_both_forms_of_tai_are_the_same_word() -> None:
    assert dict(words("ＰＯＳ 臺南")) == dict(words("pos 台南"))


def test_the_index_weighs_a_rare_word_above_a_common_one() -> None:
    index = SearchIndex(
        [
            Document(1, "a", (("發票 庫存", 1.0),)),
            Document(2, "b", (("發票 訂位", 1.0),)),
            Document(3, "c", (("發票", 1.0),)),
        ],
        synonyms=(),
    )
    assert index.rank("發票 訂位")[0] == 2


def test_a_delisted_solution_and_those_of_a_suspended_vendor_leave_the_list_at_once() -> None:
    before = search_solutions("府城灶腳餐飲收銀")
    assert before.page.object_list[0].code == "S0001"
    Solution.objects.filter(code="S0001").update(state=Solution.State.DELISTED)
    assert "S0001" not in [each.code for each in found("府城灶腳餐飲收銀")]
    Vendor.objects.filter(code="V001").update(state=Vendor.State.SUSPENDED)
    assert not any(each.vendor.code == "V001" for each in found("收銀"))


# Filters


def test_every_count_is_what_ticking_the_box_gives() -> None:
    filters = Filters(trades=frozenset({"住宿及餐飲業"}))
    counts = search_solutions("", filters=filters).counts
    for group, values in counts.items():
        for value, count in list(values.items())[:4]:
            ticked = frozenset({value})
            narrowed = Filters(**{"trades": filters.trades, group: ticked})  # type: ignore[arg-type]
            assert search_solutions("", filters=narrowed).total == count, (group, value)


def test_traits_narrow_together_while_kinds_widen() -> None:
    open_formats = search_solutions("", filters=Filters(traits=frozenset({"open_formats"}))).total
    both = search_solutions("", filters=Filters(traits=frozenset({"open_formats", "in_taiwan"}))).total
    pos = search_solutions("", filters=Filters(sub_categories=frozenset({"1245"}))).total
    pos_or_stock = search_solutions("", filters=Filters(sub_categories=frozenset({"1245", "1249"}))).total
    assert both < open_formats
    assert pos < pos_or_stock


def test_sorting_by_price_shows_the_cheapest_first() -> None:
    rows = list(search_solutions("", sort="price").page.object_list)
    prices = [min(plan.price_twd for plan in row.current.plans.all()) for row in rows if row.current]
    assert prices == sorted(prices)


def test_a_zone_offers_only_the_kinds_it_pays_for() -> None:
    one = catalogue.current_shelf().entries[0]
    category = next(iter(one.categories))
    total = search_solutions("", filters=Filters(zone_categories=frozenset({category}))).total
    assert 0 < total < 300


# Two halves of a price


def _reader(points: int, rate_bp: int = 5_000, categories: tuple[str, ...] = ()) -> Reader:
    version = ZoneVersion(rate_bp=rate_bp, cap_points=30_000, categories=list(categories))
    return Reader(sources=(Source(version, points),))


def test_points_never_exceed_rate_nor_purse() -> None:
    plan = middle_plan(Solution.objects.get(code="S0001").current)  # type: ignore[arg-type]
    assert _reader(30_000).share(plan, "pos").points == plan.price_twd // 2
    assert _reader(1_000).share(plan, "pos").points == 1_000
    assert _reader(30_000, categories=("inventory",)).share(plan, "pos").points == 0


def _shop(**facts: Any) -> tuple[Organisation, Any]:
    person = get_user_model().objects.create(username="lin", display_name="林秀英")
    shop = Organisation.objects.create(
        **{
            "ubn": "10000009",
            "name": "阿英麵店",
            "kind": Organisation.Kind.SOLE,
            "address": "臺南市中西區民族路二段1號",
            "joined_at": AT,
            **facts,
        }
    )
    Membership.objects.create(user=person, organisation=shop, role="acceptor", started_at=AT)
    return shop, person


def _granted(shop: Organisation, points: int) -> Grant:
    version = zone_in_force("general", at=AT)
    source = version.budget_sources.first()
    assert source is not None
    grant = Grant.objects.create(
        organisation=shop,
        zone_version=version,
        budget_source=source,
        account_id=0,
        points=points,
        granted_at=AT,
        use_by_date=date(2027, 2, 20),
    )
    grant.account_id = ledger.open_account(
        "grant", budget_source_id=source.pk, grant_id=grant.pk, organisation_id=shop.pk
    )
    grant.save()
    ledger.grant(
        budget_account_id=source.account_id,
        account_id=grant.account_id,
        points=points,
        key=f"test:{grant.pk}",
        reason="grant",
        cause=("grant", grant.pk),
        at=AT,
    )
    return grant


def test_a_member_sees_the_points_that_are_left_and_a_stranger_a_trial_figure() -> None:
    shop, _person = _shop()
    plan = middle_plan(Solution.objects.get(code="S0001").current)  # type: ignore[arg-type]
    assert reader_of(None, at=AT).share(plan, "pos").points == 8_500
    assert not reader_of(shop, at=AT).is_granted
    _granted(shop, 3_000)
    reader = reader_of(shop, at=AT)
    assert reader.is_granted
    assert reader.share(plan, "pos").points == 3_000


def test_points_past_their_last_day_are_not_promised() -> None:
    shop, _person = _shop()
    _granted(shop, 3_000)
    assert not reader_of(shop, at=datetime(2027, 2, 21, 1, tzinfo=UTC)).is_granted


def test_without_words_what_is_made_for_the_readers_trade_comes_first() -> None:
    rows = search_solutions("", trade="醫療").page.object_list
    assert all({"醫療", "不限產業"} & set(row.current.details["suits_industries"]) for row in rows)  # type: ignore[union-attr]
    assert search_solutions("", trade="醫療").total == search_solutions("").total


def test_the_pages_of_a_signed_in_member_need_few_queries(client: Client) -> None:
    shop, person = _shop(industry_id="56")
    _granted(shop, 30_000)
    client.force_login(person)
    for address in (
        "/solutions/",
        "/solutions/S0001/",
        "/solutions/compare/?s=S0001&s=S0002&s=S0003&s=S0004",
    ):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            text = client.get(address).content.decode()
        assert len(queries) <= 15, [each["sql"][:90] for each in queries]
        assert "您付" in text


def test_three_years_count_the_bought_term_once_and_later_years_in_full() -> None:
    version = Solution.objects.get(code="S0001").current
    assert version is not None
    plan = middle_plan(version)
    years = three_years(version, plan, _reader(30_000).share(plan, "pos")).years
    assert [year.copay_twd for year in years] == [8_500, 12_000, 12_000]
    plan.months = 24
    assert three_years(version, plan, _reader(30_000).share(plan, "pos")).years[1].copay_twd == 0


# Pages


def test_the_list_page_answers_strangers_in_both_languages(client: Client) -> None:
    chinese = client.get("/solutions/", {"q": "收銀機"}).content.decode()
    english = client.get("/en/solutions/", {"q": "pos"}).content.decode()
    assert "府城" in chinese or "收銀" in chinese
    assert "POS" in english
    assert "您付" not in english


def test_the_list_page_needs_few_queries_however_many_rows(client: Client) -> None:
    client.get("/solutions/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/solutions/", {"q": "收銀"})
    assert len(queries) <= 15


def test_unknown_ticks_and_pages_in_the_address_are_passed_over(client: Client) -> None:
    answer = client.get(
        "/solutions/", {"category": "nothing", "sort": "x", "page": "999", "zone": "x", "price": "'"}
    )
    assert answer.status_code == 200


def test_an_empty_result_says_what_to_do(client: Client) -> None:
    assert "看全部方案" in client.get("/solutions/", {"q": "qqqzzzxxxq"}).content.decode()


def test_one_solution_shows_price_exit_security_and_vendor(client: Client) -> None:
    text = client.get("/solutions/S0001/").content.decode()
    for words_of_page in ("價格方案", "三年您共付", "資料怎麼拿走", "資安檢測", "榕下資訊", "用點數下單"):
        assert words_of_page in text


def test_a_delisted_solution_stays_readable_but_cannot_be_ordered(client: Client) -> None:
    Solution.objects.filter(code="S0001").update(state=Solution.State.DELISTED)
    answer = client.get("/solutions/S0001/")
    assert answer.status_code == 200
    assert "這個方案現在不能下單" in answer.content.decode()
    assert "用點數下單" not in answer.content.decode()


def test_a_draft_does_not_exist_for_strangers(client: Client) -> None:
    Solution.objects.filter(code="S0001").update(state=Solution.State.DRAFT)
    assert client.get("/solutions/S0001/").status_code == 404
    assert client.get("/solutions/S9999/").status_code == 404


def test_an_earlier_version_stays_readable_and_says_so(client: Client) -> None:
    solution = Solution.objects.get(code="S0001")
    type(solution.current).objects.filter(pk=solution.current_id).update(summary_zh="舊的說明")  # type: ignore[union-attr]
    load_catalogue(at=AT)
    text = client.get("/solutions/S0001/", {"version": "1"}).content.decode()
    assert "舊的說明" in text
    assert "這是舊版本" in text
    assert client.get("/solutions/S0001/", {"version": "9"}).status_code == 404
    assert client.get("/solutions/S0001/", {"version": "x"}).status_code == 404


def test_the_hidden_quality_is_never_shown(client: Client) -> None:
    assert "quality" not in client.get("/solutions/S0001/").content.decode()


def test_the_tray_keeps_four_and_leads_to_the_comparison(client: Client) -> None:
    for code in ("S0001", "S0002", "S0003", "S0004", "S0005"):
        client.post("/solutions/tray/", {"code": code, "act": "add", "next": "/solutions/"})
    text = client.get("/solutions/compare/").content.decode()
    assert "/solutions/S0001/" not in text
    assert all(f"/solutions/{code}/" in text for code in ("S0002", "S0003", "S0004", "S0005"))


def test_the_tray_never_sends_a_person_to_another_site(client: Client) -> None:
    answer = client.post(
        "/solutions/tray/", {"code": "S0001", "act": "add", "next": "https://elsewhere.example/"}
    )
    assert answer.headers["Location"].startswith("/solutions/")


def test_a_comparison_has_an_address_of_its_own(client: Client) -> None:
    text = client.get("/solutions/compare/", {"s": ["S0002", "S0001"]}).content.decode()
    assert text.index("/solutions/S0002/") < text.index("/solutions/S0001/")


def test_names_of_kinds_follow_the_reader() -> None:
    with override("en"):
        assert str(found("收銀機")[0].main_sub_category).isascii()


@pytest.mark.parametrize(
    "address", ["/en/solutions/S0018/", "/en/solutions/?q=till", "/en/solutions/compare/?s=S0001&s=S0018"]
)
def test_english_pages_are_english_to_the_last_comma(client: Client, address: str) -> None:
    text = client.get(address).content.decode()
    main = text[text.index("<main") : text.index("</main>")]
    main = re.sub(r'<p class="price">.*?</p>', "", main)  # the component of the look sets a wide space there
    assert not re.findall(r"[\u3001-\u303f\u3400-\u9fff\uff00-\uffef]+", re.sub(r"<[^>]*>", "", main))
