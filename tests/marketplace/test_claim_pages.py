"""The pages of claims and payouts, as people meet them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY
from django.test import Client
from django.urls import reverse

from marketplace.models.claims import Claim, PayoutBatch
from marketplace.models.orders import Order
from marketplace.services import claims, payouts
from organisations.models.people import Membership, StaffRole
from portal.models import User
from tests.marketplace.claim_world import (
    AT,
    PRICE,
    Sale,
    a_claim,
    a_sale,
    a_user,
    a_vendor,
    an_organisation,
    finance,
    member,
    officer,
    staff,
)

pytestmark = pytest.mark.django_db
VIEWS = ("marketplace.views.vendor_claims", "marketplace.views.office_claims", "marketplace.views.payouts")


@pytest.fixture(autouse=True)
def the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages read the platform's clock; here it stands at AT."""
    for module in VIEWS:
        monkeypatch.setattr(f"{module}.now", lambda: AT)


def client_of(user: User, *, fresh: bool = False) -> Client:
    """Signed in with a second factor an hour ago; `fresh` has just proved who it is once more."""
    client = Client()
    client.force_login(user)
    session = client.session
    proven_at = time.time() - (0 if fresh else 3_600)
    proof = {"method": "mfa", "type": "totp", "at": proven_at, "reauthenticated": fresh}
    session["account_authentication_methods"] = [proof]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"marketplace:{name}", args=args)


def typed(sale: Sale, **facts: str) -> dict[str, str]:
    """The form of one invoice as a browser sends it."""
    row = {
        "number": "tb-40118231",
        "issued_on_0": "115",
        "issued_on_1": "10",
        "issued_on_2": "5",
        "amount_twd": f"{PRICE:,}",
        "tax_twd": "1371",
        "seller_ubn": sale.vendor.organisation.ubn,
        "buyer_ubn": sale.order.organisation.ubn,
    }
    data = {f"invoice-0-{name}": value for name, value in (row | facts).items()}
    return data | {"invoice-TOTAL_FORMS": "1", "invoice-INITIAL_FORMS": "0"}


# The vendor


def test_a_vendor_sends_a_claim_from_the_list_of_what_is_ready() -> None:
    sale = a_sale()
    client = client_of(sale.seller)
    listed = client.get(url("vendor_claims"), {"tab": "ready"})
    assert url("vendor_claim_new", sale.order.number) in listed.content.decode()
    answer = client.post(url("vendor_claim_new", sale.order.number), typed(sale), follow=True)
    claim = Claim.objects.get()
    assert answer.redirect_chain == [(url("vendor_claim", claim.number), 302)]
    assert claim.invoices.get().number == "TB40118231"
    assert "已送件" in answer.content.decode()


def test_a_second_click_sends_no_second_claim() -> None:
    sale = a_sale()
    client = client_of(sale.seller)
    for _click in range(2):
        answer = client.post(url("vendor_claim_new", sale.order.number), typed(sale), follow=True)
    assert Claim.objects.count() == 1
    assert "已有請款在處理" in answer.content.decode()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"number": "T140118231"}, "2個英文字母加8位數字"),
        ({"number": "TB4011823"}, "例如AB-12345678"),
        ({"number": "x" * 400}, "您填的太長了"),
        ({"amount_twd": "兩萬"}, "請填數字"),
        ({"amount_twd": "9" * 40}, "金額太大"),
        ({"amount_twd": "-5"}, "金額要大於0"),
        ({"tax_twd": "99999"}, "稅額要比金額小"),
        ({"issued_on_1": "13"}, "沒有這一天"),
        ({"issued_on_0": ""}, "請填年、月、日"),
        ({"buyer_ubn": "1234"}, "統一編號是8個數字"),
        ({"amount_twd": "100", "tax_twd": "5"}, "還差28,700元"),
        ({"issued_on_0": "116"}, "日期還沒到"),
        ({"number": "<script>alert(1)</script>"}, "2個英文字母加8位數字"),
    ],
)
def test_a_wrong_invoice_is_answered_with_what_to_do_and_keeps_what_was_typed(
    facts: dict[str, str], sentence: str
) -> None:
    sale = a_sale()
    answer = client_of(sale.seller).post(url("vendor_claim_new", sale.order.number), typed(sale, **facts))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert sentence in page
    assert 'value="28,800"' in page or "amount_twd" in facts
    assert "<script>alert(1)" not in page
    assert not Claim.objects.exists()


@pytest.mark.parametrize("total", ["", "x", "-1", "99999999999999999999", "1000"])
def test_a_mangled_form_is_no_error_of_ours(total: str) -> None:
    sale = a_sale()
    data = typed(sale) | {"invoice-TOTAL_FORMS": total}
    client = client_of(sale.seller)
    assert client.post(url("vendor_claim_new", sale.order.number), data).status_code in (200, 302)
    assert client.post(url("vendor_claim_new", sale.order.number), data | {"more": "1"}).status_code in (
        200,
        302,
    )


def test_one_more_invoice_is_asked_for_without_losing_the_first() -> None:
    sale = a_sale()
    answer = client_of(sale.seller).post(
        url("vendor_claim_new", sale.order.number), typed(sale, number="AA-1") | {"more": "1"}
    )
    page = answer.content.decode()
    assert 'value="AA-1"' in page
    assert 'name="invoice-1-number"' in page
    assert "field-error" not in page


def test_an_empty_row_is_skipped() -> None:
    sale = a_sale()
    parties = {
        "invoice-1-seller_ubn": sale.vendor.organisation.ubn,
        "invoice-1-buyer_ubn": sale.order.organisation.ubn,
    }
    blank = {
        f"invoice-1-{name}": ""
        for name in ("number", "issued_on_0", "issued_on_1", "issued_on_2", "amount_twd", "tax_twd")
    }
    data = typed(sale) | parties | blank | {"invoice-TOTAL_FORMS": "2"}
    client_of(sale.seller).post(url("vendor_claim_new", sale.order.number), data)
    assert Claim.objects.get().invoices.count() == 1


def test_the_same_invoice_twice_on_a_page_is_named() -> None:
    sale = a_sale()
    first = typed(sale)
    second = {name.replace("-0-", "-1-"): value for name, value in first.items() if "-0-" in name}
    answer = client_of(sale.seller).post(
        url("vendor_claim_new", sale.order.number), first | second | {"invoice-TOTAL_FORMS": "2"}
    )
    assert "填了兩次" in answer.content.decode()


def test_a_returned_claim_is_answered_on_its_page() -> None:
    sale = a_sale()
    claim = claims.return_claim(a_claim(sale), reason="發票品名不符", by=officer(), at=AT)
    client = client_of(sale.seller)
    assert "發票品名不符" in client.get(url("vendor_claim_answer", claim.number)).content.decode()
    data = typed(sale) | {"answer": "已換發票"}
    client.post(url("vendor_claim_answer", claim.number), data)
    claim.refresh_from_db()
    assert claim.state == Claim.State.CHECKING
    assert claim.answers.get().text == "已換發票"


def test_the_vendor_sees_neither_notes_nor_signals_nor_officers_names() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    claims.return_claim(claim, reason="換發票", note="可疑，上次也這樣", by=officer("張美玲"), at=AT)
    page = client_of(sale.seller).get(url("vendor_claim", claim.number)).content.decode()
    assert "換發票" in page
    for hidden in ("可疑", "張美玲", "利害關係", "風險"):
        assert hidden not in page


@pytest.mark.parametrize("fmt", ["ods", "csv", "xlsx"])
def test_the_list_comes_as_a_file(fmt: str) -> None:
    sale = a_sale(organisation=an_organisation("=SUM(A1)小吃"))
    a_claim(sale)
    answer = client_of(sale.seller).get(url("vendor_claims_file", fmt))
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"].endswith(f'.{fmt}"')
    assert len(content) > 100
    if fmt == "csv":
        assert "'=SUM(A1)小吃" in content.decode("utf-8-sig")


def test_a_file_format_that_is_not_offered_does_not_exist() -> None:
    assert client_of(a_sale().seller).get(url("vendor_claims_file", "exe")).status_code == 404


# Who may see what


def vendor_pages(sale: Sale, claim: Claim) -> list[str]:
    return [
        url("vendor_claim", claim.number),
        url("vendor_claim_answer", claim.number),
        url("vendor_claim_new", sale.order.number),
    ]


def test_another_vendor_finds_nothing_of_this_one() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    stranger = client_of(member(a_vendor("別家").organisation))
    for page in vendor_pages(sale, claim):
        assert stranger.get(page).status_code == 404
    assert claim.number not in stranger.get(url("vendor_claims")).content.decode()


def test_the_buyer_has_no_vendors_desk() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    for page in [url("vendor_claims"), *vendor_pages(sale, claim)]:
        assert client_of(sale.buyer).get(page).status_code == 404


def test_a_viewer_reads_and_does_not_send() -> None:
    sale = a_sale()
    viewer = client_of(member(sale.vendor.organisation, Membership.Role.VIEWER))
    assert viewer.get(url("vendor_claims")).status_code == 200
    assert viewer.post(url("vendor_claim_new", sale.order.number), typed(sale)).status_code == 403
    assert not Claim.objects.exists()


def test_nobody_comes_in_without_signing_in() -> None:
    claim = a_claim()
    pages = [url("vendor_claims"), url("office_claims"), url("office_claim", claim.number), url("payouts")]
    for page in pages:
        assert Client().get(page).status_code == 302


ROLES = list(StaffRole.Role.values)
READERS = {
    "office_claims": {"officer", "pmo", "auditor"},
    "payouts": {"officer", "finance", "pmo", "auditor"},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", READERS)
def test_the_offices_pages_open_to_their_roles_only(page: str, role: str) -> None:
    assert client_of(staff(role)).get(url(page)).status_code == (200 if role in READERS[page] else 403)
    assert client_of(a_user()).get(url(page)).status_code == 404


@pytest.mark.parametrize("role", [role for role in ROLES if role != "officer"])
def test_only_officers_decide(role: str) -> None:
    claim = a_claim()
    answer = client_of(staff(role)).post(url("office_claim", claim.number), {"decision": "approve"})
    claim.refresh_from_db()
    assert answer.status_code == 403
    assert claim.state == Claim.State.OFFICER


# The office


def test_an_officer_reads_the_checks_and_approves() -> None:
    claim = a_claim()
    client = client_of(officer())
    assert claim.number in client.get(url("office_claims")).content.decode()
    page = client.get(url("office_claim", claim.number))
    assert "合約沒有被更動" in page.content.decode()
    seen = page.context["form"]["seen_move"].value()
    client.post(url("office_claim", claim.number), {"decision": "approve", "seen_move": seen})
    claim.refresh_from_db()
    assert claim.state == Claim.State.APPROVED


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "請選一個決定"),
        ({"decision": "return"}, "請寫業者看得懂的理由"),
        ({"decision": "reject", "reason": "   "}, "請寫業者看得懂的理由"),
        ({"decision": "partial", "reason": "x"}, "請填要通過多少點"),
    ],
)
def test_a_decision_without_its_words_is_sent_back(data: dict[str, str], sentence: str) -> None:
    claim = a_claim()
    answer = client_of(officer()).post(url("office_claim", claim.number), data)
    claim.refresh_from_db()
    assert sentence in answer.content.decode()
    assert claim.state == Claim.State.OFFICER


def test_the_second_officer_reads_who_was_first() -> None:
    claim = a_claim()
    first, second = client_of(officer("張美玲")), client_of(officer("陳大同"))
    first.post(url("office_claim", claim.number), {"decision": "approve"})
    answer = second.post(
        url("office_claim", claim.number), {"decision": "reject", "reason": "x"}, follow=True
    )
    assert "張美玲已經處理這筆請款" in answer.content.decode()


def test_an_officer_who_is_a_party_is_told_so() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    StaffRole.objects.create(user=sale.seller, role="officer", given_at=AT)
    client = client_of(sale.seller)
    assert "這是您自己的案件" in client.get(url("office_claim", claim.number)).content.decode()
    answer = client.post(url("office_claim", claim.number), {"decision": "approve"}, follow=True)
    assert "不能由您決定" in answer.content.decode()


@pytest.mark.parametrize(
    "query", ["tab=nonsense", "sort=;drop", "risk=9", "page=99999", "rule=x&zone=y&q=%00", "page=x"]
)
def test_odd_queries_are_answered_calmly(query: str) -> None:
    a_claim()
    assert client_of(officer()).get(f"{url('office_claims')}?{query}").status_code == 200


def test_the_list_of_fifty_needs_no_more_queries_than_the_list_of_one(
    django_assert_max_num_queries: Any,
) -> None:
    vendor = a_vendor()
    sales = [a_sale(vendor=vendor) for _n in range(12)]
    for sale in sales:
        a_claim(sale)
    client = client_of(officer())
    client.get(url("office_claims"))
    with django_assert_max_num_queries(45):
        client.get(url("office_claims"))
    seller = client_of(sales[0].seller)
    with django_assert_max_num_queries(45):
        seller.get(url("vendor_claims"))


def test_an_officer_lifts_a_freeze_on_the_claims_page() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    Order.objects.filter(pk=sale.order.pk).update(frozen_by_buyer_at=AT)
    client = client_of(officer())
    assert (
        url("office_unfreeze", sale.order.number)
        in client.get(url("office_claim", claim.number)).content.decode()
    )
    client.post(url("office_unfreeze", sale.order.number), {"reason": "已電話確認"})
    sale.order.refresh_from_db()
    assert sale.order.frozen_by_buyer_at is None
    other = a_sale()
    Order.objects.filter(pk=other.order.pk).update(frozen_by_buyer_at=AT)
    assert (
        url("office_unfreeze", other.order.number)
        in client.get(url("office_claims") + "?tab=frozen").content.decode()
    )
    assert (
        client_of(finance()).post(url("office_unfreeze", other.order.number), {"reason": "x"}).status_code
        == 403
    )


# Payouts


def test_finance_approves_what_an_officer_put_together() -> None:
    claim = claims.approve_claim(a_claim(), by=officer(), at=AT)
    maker, second = officer(), finance()
    client_of(maker).post(url("payout_new"), {"claim": [claim.pk]})
    batch = PayoutBatch.objects.get()
    client_of(second, fresh=True).post(url("payout_approve", batch.number))
    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("approved", second)
    assert client_of(second).get(url("payout_file", batch.number)).content.startswith(b"BOFACHP01")


def test_approving_a_payout_asks_who_one_is_again() -> None:
    claim = claims.approve_claim(a_claim(), by=officer(), at=AT)
    batch = payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT)
    person = finance()
    person.set_password("a long enough password")
    person.save()
    answer = client_of(person).post(url("payout_approve", batch.number))
    batch.refresh_from_db()
    assert answer.status_code == 302
    assert "reauthenticate" in answer.headers["Location"]
    assert batch.state == "open"
    client_of(person, fresh=True).post(url("payout_approve", batch.number))
    batch.refresh_from_db()
    assert batch.state == "approved"


def test_an_officer_cannot_approve_a_payout_nor_read_the_file() -> None:
    claim = claims.approve_claim(a_claim(), by=officer(), at=AT)
    batch = payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT)
    other = client_of(officer(), fresh=True)
    assert other.post(url("payout_approve", batch.number)).status_code == 403
    assert other.get(url("payout_file", batch.number)).status_code == 403


@pytest.mark.parametrize(
    "page", ["payout_new", "payout_discard", "payout_send", "payout_result", "payout_approve"]
)
def test_acts_are_never_done_by_a_link(page: str) -> None:
    claim = claims.approve_claim(a_claim(), by=officer(), at=AT)
    batch = payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT)
    address = url(page) if page == "payout_new" else url(page, batch.number)
    assert client_of(finance(), fresh=True).get(address).status_code == 405


def test_choosing_nothing_makes_no_batch() -> None:
    answer = client_of(officer()).post(url("payout_new"), {"claim": ["x", "-1"]}, follow=True)
    assert "還沒有選請款" in answer.content.decode()
    assert not PayoutBatch.objects.exists()


@pytest.mark.parametrize("language", ["", "/en"])
def test_every_page_stands_in_both_languages(language: str) -> None:
    sale = a_sale()
    claim = claims.return_claim(a_claim(sale), reason="x", by=officer(), at=AT)
    other = claims.approve_claim(a_claim(), by=officer(), at=AT)
    batch = payouts.make_batch(claim_ids=[other.pk], by=officer(), at=AT)
    ready = a_sale(vendor=sale.vendor)
    Order.objects.filter(pk=ready.order.pk).update(copay_paid_at=AT)
    seller, office = client_of(sale.seller), client_of(officer())
    for client, pages in (
        (seller, [url("vendor_claims"), url("vendor_claims") + "?tab=ready", *vendor_pages(ready, claim)]),
        (
            office,
            [
                url("office_claims"),
                url("office_claim", claim.number),
                url("payouts"),
                url("payout", batch.number),
            ],
        ),
    ):
        for page in pages:
            answer = client.get(language + page)
            assert answer.status_code == 200, page
            assert "%(" not in answer.content.decode()
