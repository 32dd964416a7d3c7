"""The pages of orders as both sides meet them: who may see and do what, in both languages."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from marketplace.models.orders import Order, Rating
from marketplace.services.notices import send_notices
from marketplace.todos import todos
from organisations.models.people import ProofChallenge
from portal.models import User
from tests.marketplace.claim_world import AT, PRICE, a_user
from tests.marketplace.order_world import HALF, Market, a_market
from tests.marketplace.passkeys import SoftKey
from tests.marketplace.test_claim_pages import client_of

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u3400-\u9fff]+")
State = Order.State


@pytest.fixture(autouse=True)
def the_moment(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Pages read the platform's clock; here it stands at AT."""
    for name in ("orders", "vendor_orders", "signing"):
        monkeypatch.setattr(f"marketplace.views.{name}.now", lambda: AT)
    settings.PUBLIC_ORIGIN = "http://localhost:8000"


def url(name: str, *args: Any, language: str = "zh-hant") -> str:
    with override(language):
        return reverse(f"marketplace:{name}", args=args)


def signed_in(user: User) -> Client:
    return client_of(user, fresh=True)


def new_order(market: Market) -> str:
    return f"{url('order_new', market.plan.version.solution.code)}?plan={market.plan.pk}"


def said(answer: Any) -> str:
    """The words of the page's main part."""
    main = re.search(r"<main.*?</main>", answer.content.decode(), re.S)
    assert main
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main.group(0)))


# Ordering


def test_a_clerk_orders_and_a_double_click_changes_nothing() -> None:
    market = a_market()
    client = signed_in(market.clerk)
    page = said(client.get(new_order(market)))
    assert "14,400" in page
    data = {"plan": market.plan.pk, "points": "10,000", "form_token": str(uuid.uuid4())}
    first, second = client.post(new_order(market), data), client.post(new_order(market), data)
    order = Order.objects.get()
    assert first.url == second.url == url("my_order", order.number)
    assert (order.points, order.copay_twd, order.placed_by) == (10_000, PRICE - 10_000, market.clerk)


@pytest.mark.parametrize("points", ["", "x", "-1", "14401", "9" * 40, "1.5"])
def test_a_wrong_number_of_points_is_told_and_nothing_is_ordered(points: str) -> None:
    market = a_market()
    answer = signed_in(market.clerk).post(new_order(market), {"plan": market.plan.pk, "points": points})
    assert answer.status_code == 422
    assert "還沒送出" in said(answer)
    assert not Order.objects.exists()


@pytest.mark.parametrize("plan", ["", "x", "²", "0", "9" * 30])
def test_a_plan_that_does_not_exist_is_not_found(plan: str) -> None:
    market = a_market()
    code = market.plan.version.solution.code
    assert signed_in(market.clerk).get(f"{url('order_new', code)}?plan={plan}").status_code == 404


def test_what_stands_in_the_way_is_said_instead_of_a_form() -> None:
    market = a_market()
    type(market.plan.version.solution).objects.update(state="stopped")
    page = signed_in(market.clerk).get(new_order(market))
    assert "這個方案現在不能下單" in said(page)
    assert 'name="points"' not in page.content.decode()


# Who may


@pytest.mark.parametrize("name", ["my_order", "order_contract", "order_sign", "order_rate"])
def test_another_buyers_order_does_not_exist(name: str) -> None:
    order, stranger = a_market().in_use(), a_market()
    assert signed_in(stranger.boss).get(url(name, order.number)).status_code == 404


@pytest.mark.parametrize("name", ["vendor_order", "vendor_order_contract", "vendor_order_sign"])
def test_another_vendors_order_does_not_exist(name: str) -> None:
    order, stranger = a_market().signed(), a_market()
    assert signed_in(stranger.seller).get(url(name, order.number)).status_code == 404
    assert signed_in(stranger.boss).get(url(name, order.number)).status_code == 404


@pytest.mark.parametrize("verb", ["refuse", "copay", "activate"])
def test_another_vendor_changes_nothing(verb: str) -> None:
    order, stranger = a_market().signed(), a_market()
    data = {"reason": "x", "reference": "x", "url": "https://x.example/"}
    answer = signed_in(stranger.seller).post(url(f"vendor_order_{verb}", order.number), data)
    assert answer.status_code == 404
    order.refresh_from_db()
    assert order.state == State.SIGNED


def test_a_draft_is_the_buyers_own_business() -> None:
    market = a_market()
    order = market.draft()
    assert signed_in(market.seller).get(url("vendor_order", order.number)).status_code == 404


@pytest.mark.parametrize("verb", ["discard", "withdraw", "confirm", "object", "freeze"])
def test_a_viewer_looks_and_changes_nothing(verb: str) -> None:
    market = a_market()
    order = market.activated()
    client = signed_in(market.guest)
    assert client.get(url("my_order", order.number)).status_code == 200
    assert client.post(url("order_act", order.number, verb), {"reason": "x"}).status_code == 403
    assert client.get(new_order(market)).status_code == 403
    assert client.get(url("order_sign", order.number)).status_code == 403


def test_a_clerk_neither_signs_nor_accepts_nor_freezes() -> None:
    market = a_market()
    draft, client = market.draft(), signed_in(market.clerk)
    assert client.get(url("order_sign", draft.number)).status_code == 403
    order = a_market_order(market)
    for verb in ("confirm", "freeze"):
        assert client.post(url("order_act", order.number, verb)).status_code == 403
    order.refresh_from_db()
    assert (order.state, order.frozen_by_buyer_at) == (State.ACTIVATED, None)


def a_market_order(market: Market) -> Order:
    """Another product of the same shop, opened."""
    other = a_market(shop=market.shop)
    return other.activated(0)


def test_who_is_not_signed_in_or_has_no_desk_is_sent_away() -> None:
    market = a_market()
    order = market.signed()
    for name in ("my_order", "order_sign", "vendor_order", "vendor_order_sign"):
        answer = Client().get(url(name, order.number))
        assert answer.status_code == 302
        assert "/accounts/" in answer.url
    assert signed_in(a_user()).get(url("my_order", order.number)).url == reverse("organisations:join")


def test_signing_asks_for_a_fresh_proof_of_who_it_is(settings: Any) -> None:
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
    market = a_market()
    market.boss.set_password("a-long-password")
    market.boss.save()
    order = market.draft()
    answer = client_of(market.boss).get(url("order_sign", order.number))
    assert answer.status_code == 302
    assert "reauthenticate" in answer.url


# Signing


def test_both_sides_sign_with_passkeys_and_the_paper_can_be_fetched() -> None:
    market = a_market()
    order = market.draft()
    _sign(market.boss, SoftKey(market.boss), url("order_sign", order.number))
    order.refresh_from_db()
    assert order.state == State.SIGNED
    _sign(market.seller, SoftKey(market.seller), url("vendor_order_sign", order.number))
    order.refresh_from_db()
    assert order.state == State.ACCEPTED
    answer = signed_in(market.guest).get(url("order_contract", order.number))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def _sign(user: User, key: SoftKey, address: str) -> None:
    client = signed_in(user)
    assert "data-passkey-form" in client.post(address, {"method": "passkey"}).content.decode()
    challenge = ProofChallenge.objects.filter(user=user).latest("pk")
    answer = key.answer(bytes.fromhex(challenge.challenge))
    client.post(address, {"challenge": challenge.pk, "passkey": answer})


@pytest.mark.parametrize(
    "data",
    [
        {"challenge": "x"},
        {"challenge": "²"},
        {"challenge": "9" * 30},
        {"challenge": "OWN", "cms": "not base64!"},
        {"challenge": "OWN", "cms": ""},
        {"challenge": "OTHERS", "cms": "AAAA"},
    ],
)
def test_a_broken_signature_signs_nothing_and_says_so(data: dict[str, str]) -> None:
    market, other = a_market(), a_market()
    order, foreign = market.draft(), other.draft()
    client = signed_in(market.boss)
    client.post(url("order_sign", order.number), {"method": "card"})
    signed_in(other.boss).post(url("order_sign", foreign.number), {"method": "card"})
    ids = {
        "OWN": ProofChallenge.objects.get(user=market.boss).pk,
        "OTHERS": ProofChallenge.objects.get(user=other.boss).pk,
    }
    sent = data | {"challenge": ids.get(data["challenge"], data["challenge"])}
    answer = client.post(url("order_sign", order.number), sent, follow=True)
    assert answer.status_code == 200
    assert "alert" in answer.content.decode()
    order.refresh_from_db()
    assert order.state == State.DRAFT


def test_the_signing_page_of_an_older_draft_shows_todays_contract() -> None:
    market = a_market()
    order = market.draft(at=AT.replace(day=10))
    old = order.contract.sha256
    page = said(signed_in(market.boss).get(url("order_sign", order.number)))
    assert old not in page
    assert Order.objects.get(pk=order.pk).contract.sha256 in page


# The way of an order by pages


def test_an_order_goes_its_way_by_the_forms_of_both_sides() -> None:
    market = a_market()
    order = market.accepted()
    seller, boss = signed_in(market.seller), signed_in(market.boss)
    assert "115年11月30日 前付14,400元給業者" in said(boss.get(url("my_order", order.number)))
    early = seller.post(
        url("vendor_order_activate", order.number), {"url": "https://a.example/"}, follow=True
    )
    assert "還沒登記收到自付額" in said(early)
    empty = seller.post(url("vendor_order_copay", order.number), {"reference": ""})
    assert (empty.status_code, "請填收據或匯款的號碼" in said(empty)) == (422, True)
    seller.post(url("vendor_order_copay", order.number), {"reference": "88123"})
    bad = seller.post(url("vendor_order_activate", order.number), {"url": "javascript:alert(1)"})
    assert bad.status_code == 422
    seller.post(url("vendor_order_activate", order.number), {"url": "https://a.example/", "note": "<b>x</b>"})
    page = boss.get(url("my_order", order.number)).content.decode()
    assert "https://a.example/" in page
    assert "<b>x</b>" not in page
    boss.post(url("order_act", order.number, "object"), {"reason": "登不進去"})
    seller.post(url("vendor_order_activate", order.number), {"url": "https://a.example/"})
    boss.post(url("order_act", order.number, "confirm"))
    order.refresh_from_db()
    assert order.state == State.IN_USE
    late = boss.post(url("order_act", order.number, "withdraw"), follow=True)
    assert "不能做這個動作" in said(late)


def test_a_refusal_needs_its_reason_and_the_buyer_reads_it() -> None:
    market = a_market()
    order = market.signed()
    seller = signed_in(market.seller)
    assert seller.post(url("vendor_order_refuse", order.number), {"reason": " "}).status_code == 422
    seller.post(url("vendor_order_refuse", order.number), {"reason": "這個月排滿了"})
    page = said(signed_in(market.boss).get(url("my_order", order.number)))
    assert "這個月排滿了" in page
    assert "圈存的點數已退回" in page


def test_i_never_ordered_this_takes_the_buttons_away() -> None:
    market = a_market()
    order = market.activated()
    boss = signed_in(market.boss)
    boss.post(url("order_act", order.number, "freeze"))
    page = boss.get(url("my_order", order.number)).content.decode()
    assert "這筆訂單已凍結" in page
    assert "do/confirm/" not in page
    answer = boss.post(url("order_act", order.number, "confirm"), follow=True)
    assert "已凍結" in said(answer)
    assert market.balances(order)[1] == HALF


def test_rating_wants_every_answer_and_keeps_what_was_filled_in() -> None:
    market = a_market()
    order = market.in_use()
    client, address = signed_in(market.clerk), url("order_rate", order.number)
    half = {"stars": 4, "text": "快多了", "effect_cost": 2}
    answer = client.post(address, half)
    assert (answer.status_code, "快多了" in answer.content.decode()) == (422, True)
    full = half | {f"effect_{name}": 2 for name in ("revenue", "input", "product", "staff")}
    assert client.post(address, full | {"still_used": "on"}).url == url("my_order", order.number)
    assert Rating.objects.get().text == "快多了"
    assert "已經評過分" in said(client.post(address, full))


def test_an_unknown_verb_or_a_mere_visit_does_nothing() -> None:
    market = a_market()
    order = market.signed()
    client = signed_in(market.boss)
    assert client.post(url("order_act", order.number, "pay")).status_code == 404
    assert client.get(url("order_act", order.number, "withdraw")).status_code == 405


# Both languages


def plain_english(market: Market, answer: Any) -> str:
    """What is Chinese on a page apart from names in the registers."""
    text = said(answer)
    names = [
        market.shop.name,
        market.shop.address,
        market.vendor.organisation.name,
        market.vendor.organisation.address,
    ]
    for name in [*names, str(market.boss), str(market.seller), "雲市集"]:
        text = text.replace(name, "")
    return " ".join(CHINESE.findall(text))


@pytest.mark.parametrize("stage", ["draft", "signed", "accepted", "activated", "in_use"])
def test_every_stage_reads_in_english_on_both_sides(stage: str) -> None:
    market = a_market()
    order = getattr(market, stage)()
    pages = [(market.boss, "my_order"), (market.guest, "my_order")]
    pages += [(market.seller, "vendor_order")] if stage != "draft" else []
    for user, name in pages:
        answer = signed_in(user).get(url(name, order.number, language="en"))
        assert answer.status_code == 200
        assert plain_english(market, answer) == "", f"{name} {stage}"
        assert signed_in(user).get(url(name, order.number)).status_code == 200


@pytest.mark.parametrize("end", ["refused", "expired", "cancelled"])
def test_every_end_reads_in_english(end: str) -> None:
    market = a_market()
    order = market.signed()
    order.moves.create(verb=end, source="signed", target=end, at=AT, note="vendor_silent")
    Order.objects.filter(pk=order.pk).update(state=end)
    answer = signed_in(market.boss).get(url("my_order", order.number, language="en"))
    assert plain_english(market, answer) == ""


def test_lists_forms_and_errors_read_in_english() -> None:
    market = a_market()
    rated = market.in_use()
    draft = a_market(shop=market.shop).draft(0)
    boss, seller = signed_in(market.boss), signed_in(market.seller)
    for tab in ("answer", "deliver", "accept", "use", "ended", "nonsense"):
        answer = seller.get(url("vendor_orders", language="en") + f"?tab={tab}")
        assert plain_english(market, answer) == "", tab
    addresses = [
        url("my_orders", language="en"),
        url("order_rate", rated.number, language="en"),
        url("order_sign", draft.number, language="en"),
        f"{url('order_new', market.plan.version.solution.code, language='en')}?plan={market.plan.pk}",
    ]
    for address in addresses:
        assert plain_english(market, boss.get(address)) == "", address
        assert plain_english(market, boss.post(address, {"plan": market.plan.pk, "method": "card"})) == "", (
            address
        )


def test_an_empty_list_says_where_to_begin() -> None:
    market = a_market()
    page = said(signed_in(market.boss).get(url("my_orders")))
    assert "還沒有訂單" in page
    assert "找方案" in page


# To-dos


def todo_words(user: User) -> list[str]:
    return [str(todo.sentence) for todo in todos(user, at=AT)]


def test_each_step_waits_for_the_one_whose_turn_it_is() -> None:
    market = a_market()
    market.draft()
    assert todo_words(market.boss) == ["簽署「快手雲端收銀」的合約"]
    assert todo_words(market.clerk) == todo_words(market.guest) == todo_words(market.seller) == []
    other = a_market()
    stages = {
        "signed": ([], f"回覆{other.shop.name}的訂單"),
        "accepted": (["付「快手雲端收銀」的自付額"], f"登記收到{other.shop.name}的自付額"),
        "activated": (["驗收「快手雲端收銀」"], None),
        "in_use": (["評分「快手雲端收銀」"], None),
    }
    for stage, (buyers, vendors) in stages.items():
        market = a_market()
        getattr(market, stage)()
        assert todo_words(market.boss) == buyers, stage
        assert todo_words(market.seller) == ([vendors] if vendors else []), stage


def test_a_frozen_order_waits_for_nobody_at_these_desks() -> None:
    market = a_market()
    order = market.activated()
    Order.objects.filter(pk=order.pk).update(frozen_by_buyer_at=AT)
    assert todo_words(market.boss) == []


def test_the_mail_leads_to_a_page_that_opens() -> None:
    market = a_market()
    order = market.signed()
    send_notices(at=AT)
    text = str(next(each for each in mail.outbox if each.to == [market.seller.email]).body)
    path = re.search(r"http://localhost:8000(\S+)", text)
    assert path
    assert signed_in(market.seller).get(path.group(1)).status_code == 200
    assert order.number in text
