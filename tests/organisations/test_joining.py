"""Joining by the pages, and everything people do to each other's membership."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from organisations import clock
from organisations.models.organisation import Organisation
from organisations.models.people import (
    IdentityProof,
    Invitation,
    Membership,
    MembershipRequest,
    ProofChallenge,
)
from organisations.models.registry import RegistryCheck
from organisations.refusals import Refused
from organisations.services import joining
from organisations.services.api_keys import authenticate, make_key, revoke_key
from organisations.services.bank_accounts import set_bank_account
from organisations.services.proofs import Proven
from organisations.services.registry import answer_check, ask_registry
from outside import card_reader, demonstration
from outside.sandbox.card_reader import PIN
from outside.sandbox.samples import sample
from portal.runtime.translations import compile_english
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lists")]
RESTAURANT = sample("restaurant").ubn


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


def answer_all() -> None:
    for check in RegistryCheck.objects.filter(state="waiting"):
        answer_check(check, at=clock.now())


def signed_in(user: Any) -> Client:
    """Signed in, as colleagues are, with a second factor."""
    client = Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
    session.save()
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


# ---- the way in


def test_stranger_types_a_number_sees_the_register_and_keeps_the_number_through_sign_up(
    sandbox: Sandbox,
) -> None:
    client = Client()
    response = client.post("/my/join/", {"ubn": "　" + RESTAURANT})
    assert response.url == f"/my/join/{RESTAURANT}/"
    assert "正在查證" in text(client.get(response.url))
    assert client.get(f"{response.url}check/").status_code == 200
    answer_all()
    done = client.get(f"{response.url}check/")
    assert done.status_code == 286
    assert "老榕樹下麵館" in text(done)
    assert f"next=/my/join/{RESTAURANT}/prove/" in text(done)
    assert "林○琴" in text(done)
    assert "林秀琴" not in text(done)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("12345678", "檢查碼不合"),
        ("1234", "8個數字"),
        ("", "請填這一項"),
        (sample("wrong_checksum").ubn, "檢查碼不合"),
    ],
)
def test_wrong_number_is_said_while_typing_and_asks_nobody(
    sandbox: Sandbox, typed: str, sentence: str
) -> None:
    response = Client().post("/my/join/", {"ubn": typed})
    assert response.status_code == 200
    assert sentence in text(response)
    assert not RegistryCheck.objects.exists()


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("suspended", "復業"), ("closed", "已註銷"), ("dissolved", "已解散"), ("unknown", "查不到登記")],
)
def test_number_that_may_not_join_gets_its_reason_and_what_to_do(
    sandbox: Sandbox, key: str, sentence: str
) -> None:
    client, ubn = Client(), sample(key).ubn
    client.post("/my/join/", {"ubn": ubn})
    answer_all()
    page = text(client.get(f"/my/join/{ubn}/"))
    assert sentence in page
    assert "再查一次" in page
    assert f"/my/join/{ubn}/prove/" not in page


def test_register_that_is_down_is_said_and_the_check_waits(sandbox: Sandbox) -> None:
    for system in ("tax-registry", "gcis"):
        sandbox.misbehave(system, "500")
    client = Client()
    client.post("/my/join/", {"ubn": RESTAURANT})
    answer_all()
    page = text(client.get(f"/my/join/{RESTAURANT}/"))
    assert "政府資料暫時連不上" in page
    assert RegistryCheck.objects.get().state == "waiting"


def test_phone_walk_makes_an_acceptor(sandbox: Sandbox, person: Callable[..., Any]) -> None:
    client = signed_in(person("owner"))
    client.post("/my/join/", {"ubn": RESTAURANT})
    answer_all()
    who = sample("restaurant").enterprise.responsible  # type: ignore[union-attr]
    page = client.post(f"/my/join/{RESTAURANT}/prove/", {"national_id": who.national_id, "phone": who.phone})
    assert page.status_code == 302, text(page)
    wrong_one = client.post(page.url, {"code": "abc"})
    assert "6個數字" in text(wrong_one)
    code = re.findall(r"\d{6}", demonstration.texts(who.phone)[0].text)[0]
    done = client.post(page.url, {"code": code}, follow=True)
    assert done.redirect_chain[-1][0] == f"/my/join/{RESTAURANT}/done/"
    assert "/my/points/" in text(done)
    proof = IdentityProof.objects.get()
    assert (proof.method, proof.id_last4) == ("mobile", who.national_id[-4:])
    assert proof.membership.role == "acceptor"
    organisation = Organisation.objects.get()
    assert (organisation.name, organisation.township_id, organisation.industry_id) == (
        "老榕樹下麵館",
        "67000370",
        "56",
    )
    assert "您已經是這家的成員" in text(client.get(f"/my/join/{RESTAURANT}/"))


def test_card_walk_makes_an_acceptor_by_script_and_by_file(
    sandbox: Sandbox, person: Callable[..., Any], settings: Any
) -> None:
    settings.CARD_READER_PAGE_URL = "/demo/card-reader/sign/"
    for name, by_file in (("one", False), ("two", True)):
        client = signed_in(person(name))
        client.post("/my/join/", {"ubn": RESTAURANT})
        answer_all()
        page = text(client.get(f"/my/join/{RESTAURANT}/card/"))
        challenge = ProofChallenge.objects.latest("pk")
        assert f'data-challenge="{challenge.challenge}"' in page
        assert 'data-card-reader="/demo/card-reader/sign/"' in page
        assert client.get(f"/my/join/challenge/{challenge.pk}/").content == bytes.fromhex(challenge.challenge)
        cms = card_reader.sign(f"moeaca-good-{RESTAURANT}", bytes.fromhex(challenge.challenge), pin=PIN)
        answer: dict[str, Any] = {"challenge_id": challenge.pk, "cms": base64.b64encode(cms).decode()}
        if by_file:
            answer = {"challenge_id": challenge.pk, "signature": SimpleUploadedFile("a.p7s", cms)}
        assert client.post(f"/my/join/{RESTAURANT}/card/", answer).url == f"/my/join/{RESTAURANT}/done/"
    assert Membership.objects.filter(role="acceptor").count() == 2


@pytest.mark.parametrize(
    ("slot", "sentence"),
    [("moeaca-expired", "有效期限已過"), ("moeaca-revoked", "已廢止"), ("moeaca-other", "不是這家企業")],
)
def test_bad_card_is_explained_and_a_new_challenge_is_ready(
    sandbox: Sandbox, person: Callable[..., Any], slot: str, sentence: str
) -> None:
    client = signed_in(person("owner"))
    client.post("/my/join/", {"ubn": RESTAURANT})
    answer_all()
    client.get(f"/my/join/{RESTAURANT}/card/")
    challenge = ProofChallenge.objects.latest("pk")
    cms = card_reader.sign(f"{slot}-{RESTAURANT}", bytes.fromhex(challenge.challenge), pin=PIN)
    page = client.post(
        f"/my/join/{RESTAURANT}/card/", {"challenge_id": challenge.pk, "cms": base64.b64encode(cms).decode()}
    )
    assert sentence in text(page)
    assert ProofChallenge.objects.latest("pk").challenge in text(page)
    assert not Membership.objects.exists()


def test_challenge_of_another_person_does_not_exist(sandbox: Sandbox, person: Callable[..., Any]) -> None:
    own = signed_in(person("owner"))
    own.post("/my/join/", {"ubn": RESTAURANT})
    answer_all()
    own.get(f"/my/join/{RESTAURANT}/card/")
    challenge = ProofChallenge.objects.latest("pk")
    stranger = signed_in(person("stranger"))
    assert stranger.get(f"/my/join/challenge/{challenge.pk}/").status_code == 404
    assert (
        stranger.post(
            f"/my/join/{RESTAURANT}/card/", {"challenge_id": challenge.pk, "cms": "AA=="}
        ).status_code
        == 404
    )


def test_number_with_an_account_offers_to_prove_or_to_ask(
    sandbox: Sandbox, person: Callable[..., Any], shop: Organisation
) -> None:
    client = signed_in(person("late"))
    client.post("/my/join/", {"ubn": RESTAURANT})
    answer_all()
    assert "已經有帳號" in text(client.get(f"/my/join/{RESTAURANT}/"))
    for _ in range(2):
        client.post(f"/my/join/{RESTAURANT}/ask/")
    assert MembershipRequest.objects.count() == 1
    asked = MembershipRequest.objects.get()
    owner = signed_in(shop.memberships.get().user)
    assert "late" in text(owner.get("/my/people/"))
    owner.post(f"/my/people/requests/{asked.pk}/", {"decision": "grant", "role": "preparer"})
    assert Membership.objects.get(user__username="late").role == "preparer"


def test_unknown_number_goes_to_the_officer_with_its_certificate(
    sandbox: Sandbox, person: Callable[..., Any], settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    client, ubn = signed_in(person("owner")), sample("unknown").ubn
    client.post("/my/join/", {"ubn": ubn})
    answer_all()
    bad = client.post(
        f"/my/join/{ubn}/document/", {"document": SimpleUploadedFile("a.pdf", b"MZ not a pdf")}, follow=True
    )
    assert "副檔名不同" in text(bad)
    good = client.post(
        f"/my/join/{ubn}/document/",
        {"document": SimpleUploadedFile("證明.pdf", b"%PDF-1.7 ...")},
        follow=True,
    )
    assert "文件收到了" in text(good)
    check = RegistryCheck.objects.get()
    assert check.state == "officer"
    officer = signed_in(person("officer", "officer"))
    assert ubn in text(officer.get("/office/registry/"))
    assert officer.get(f"/office/registry/{check.pk}/document/").getvalue().startswith(b"%PDF")
    assert client.get(f"/office/registry/{check.pk}/document/").status_code == 404
    decision = {
        "name": "新設商行",
        "address": "臺南市東區崇善路１號",
        "organisation_kind": "獨資",
        "note": "抄本相符",
        "decision": "pass",
    }
    assert officer.post(f"/office/registry/{check.pk}/", decision).status_code == 302
    assert "新設商行" in text(client.get(f"/my/join/{ubn}/"))
    assert client.get(f"/my/join/{ubn}/prove/").status_code == 200


@pytest.fixture(scope="module")
def english() -> None:
    compile_english()


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    "path",
    [
        "/my/join/",
        f"/my/join/{RESTAURANT}/",
        f"/my/join/{RESTAURANT}/prove/",
        f"/my/join/{RESTAURANT}/card/",
        f"/my/join/{RESTAURANT}/done/",
        "/my/people/",
        "/my/bank/",
        "/vendor/keys/",
    ],
)
def test_pages_are_complete_in_english(sandbox: Sandbox, shop: Organisation, path: str) -> None:
    client = signed_in(shop.memberships.get().user)
    page = client.get(f"/en{path}")
    assert page.status_code == 200
    main = text(page).split("<main", 1)[1].split("</main", 1)[0]
    own = han(re.sub(r"<[^>]*>", "", main))
    for name in (shop.name, shop.address, "餐廳", "林琴", "獨資", "核准設立"):
        own = own.replace(han(name), "")
    assert own == ""


def han(words: str) -> str:
    return "".join(re.findall(r"[一-鿿]+", words))


def test_joining_is_rate_limited(sandbox: Sandbox) -> None:
    client = Client()
    codes = [client.post("/my/join/", {"ubn": "1"}).status_code for _ in range(61)]
    assert (codes[59], codes[60]) == (200, 429)


# ---- verbs


@pytest.fixture
def shop(sandbox: Sandbox, person: Callable[..., Any], at: datetime) -> Organisation:
    answer_check(ask_registry(ubn=RESTAURANT, purpose="join", by=None, at=at), at=at)
    return joining.join_organisation(
        proven=Proven(RESTAURANT, "mobile"), by=person("boss"), at=at
    ).organisation


def test_joining_a_suspended_number_is_refused_even_with_proof(
    sandbox: Sandbox, person: Callable[..., Any], at: datetime
) -> None:
    ubn = sample("suspended").ubn
    answer_check(ask_registry(ubn=ubn, purpose="join", by=None, at=at), at=at)
    with pytest.raises(Refused) as refusal:
        joining.join_organisation(proven=Proven(ubn, "moeaca"), by=person("owner"), at=at)
    assert refusal.value.code == "registry_stop"
    assert not Organisation.objects.exists()


def test_joining_a_number_that_nobody_knows_is_refused(
    db: None, person: Callable[..., Any], at: datetime
) -> None:
    with pytest.raises(Refused) as refusal:
        joining.join_organisation(proven=Proven(RESTAURANT, "moeaca"), by=person("owner"), at=at)
    assert refusal.value.code == "not_known"


def test_invitation_comes_by_mail_and_works_once_for_its_address(
    shop: Organisation, person: Callable[..., Any], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    boss = signed_in(shop.memberships.get().user)
    boss.post("/my/people/", {"email": "Clerk@example.org", "role": "preparer"})
    link = re.findall(r"(/my/invitation/\S+)", mail.outbox[0].body)[0]
    assert Invitation.objects.get().key_hash not in link
    stranger = signed_in(person("stranger"))
    assert "不同" in text(stranger.post(link))
    clerk = signed_in(person("clerk"))
    assert shop.name in text(clerk.get(link))
    assert clerk.post(link).status_code == 302
    assert Membership.objects.get(user__username="clerk").role == "preparer"
    assert clerk.post(link).status_code == 410


def test_invitation_ends_after_seven_days_or_when_withdrawn(shop: Organisation, at: datetime) -> None:
    boss = shop.memberships.get().user
    invitation, key = joining.invite(organisation=shop, email="a@example.org", role="viewer", by=boss, at=at)
    with pytest.raises(Refused):
        joining.invitation_of(key, at=at + timedelta(days=7, seconds=1))
    joining.withdraw_invitation(invitation, by=boss, at=at)
    with pytest.raises(Refused):
        joining.invitation_of(key, at=at)


def test_signing_right_is_never_given_by_invitation_or_request(
    shop: Organisation, person: Callable[..., Any], at: datetime
) -> None:
    boss = shop.memberships.get().user
    with pytest.raises(Refused) as refusal:
        joining.invite(organisation=shop, email="a@example.org", role="acceptor", by=boss, at=at)
    assert refusal.value.code == "role_needs_proof"
    asked = joining.ask_to_join(organisation=shop, by=person("late"), at=at)
    with pytest.raises(Refused):
        joining.decide_request(asked, grants=True, role="acceptor", by=boss, at=at)
    with pytest.raises(Refused) as refusal:
        joining.decide_request(asked, grants=True, role="viewer", by=asked.user, at=at)
    assert refusal.value.code == "not_acceptor"


def test_last_acceptor_stays_while_others_are_there(
    shop: Organisation, person: Callable[..., Any], at: datetime
) -> None:
    boss = shop.memberships.get()
    _invitation, key = joining.invite(
        organisation=shop, email="clerk@example.org", role="viewer", by=boss.user, at=at
    )
    clerk = joining.accept_invitation(key, by=person("clerk"), at=at)
    with pytest.raises(Refused) as refusal:
        joining.leave(boss, by=boss.user, at=at)
    assert refusal.value.code == "last_acceptor"
    with pytest.raises(Refused):
        joining.leave(boss, by=clerk.user, at=at)
    joining.leave(clerk, by=boss.user, at=at)
    joining.leave(boss, by=boss.user, at=at)
    assert not Membership.objects.filter(ended_at=None).exists()


def test_viewer_may_not_open_bank_or_keys_and_stranger_is_sent_to_joining(
    shop: Organisation, person: Callable[..., Any], at: datetime
) -> None:
    boss = shop.memberships.get().user
    _invitation, key = joining.invite(
        organisation=shop, email="clerk@example.org", role="viewer", by=boss, at=at
    )
    joining.accept_invitation(key, by=person("clerk"), at=at)
    clerk = signed_in(Membership.objects.get(user__username="clerk").user)
    assert [clerk.get(path).status_code for path in ("/my/bank/", "/vendor/keys/", "/my/people/")] == [
        403,
        403,
        200,
    ]
    assert signed_in(person("stranger")).get("/my/bank/").url == "/my/join/"
    assert "/accounts/login/" in Client().get("/my/bank/").url


def test_acting_organisation_is_switched_only_to_ones_own(
    shop: Organisation, person: Callable[..., Any], at: datetime
) -> None:
    other = Organisation.objects.create(ubn="04595257", name="別家", kind="company", address="", joined_at=at)
    mine = Organisation.objects.create(
        ubn="22099131", name="我的第二家", kind="company", address="", joined_at=at
    )
    boss = shop.memberships.get().user
    Membership.objects.create(user=boss, organisation=mine, role="acceptor", started_at=at)
    client = signed_in(boss)
    assert (
        client.post("/my/acting/", {"organisation": mine.pk, "next": "https://evil.example/"}).url == "/my/"
    )
    assert client.session["acting_organisation"] == mine.pk
    client.post("/my/acting/", {"organisation": other.pk})
    assert client.session["acting_organisation"] == mine.pk


def test_bank_account_is_replaced_and_the_old_one_stays_readable(shop: Organisation, at: datetime) -> None:
    client = signed_in(shop.memberships.get().user)
    bad = client.post("/my/bank/", {"bank_code": "12", "account_number": "x", "account_name": "店"})
    assert "7個數字" in text(bad)
    for number in ("１２３４-５６７８９０１２", "12345678901299"):
        client.post(
            "/my/bank/", {"bank_code": "8120012", "account_number": number, "account_name": shop.name}
        )
    assert list(shop.bank_accounts.order_by("pk").values_list("account_number", flat=True)) == [
        "123456789012",
        "12345678901299",
    ]
    assert shop.bank_accounts.filter(valid_to=None).count() == 1
    same = shop.bank_accounts.get(valid_to=None)
    again = set_bank_account(
        organisation=shop, bank_code="8120012", account_number="12345678901299", account_name=shop.name,
        by=shop.memberships.get().user, at=at,
    )  # fmt: skip
    assert again.pk == same.pk
    assert "•••••••••01299" in text(client.get("/my/bank/"))


# ---- API keys


def test_key_is_shown_once_kept_as_hash_and_revocable(shop: Organisation, at: datetime) -> None:
    client = signed_in(shop.memberships.get().user)
    page = text(client.post("/vendor/keys/", {"label": "正式機", "scopes": ["usage"]}))
    raw = re.findall(r"cm_[0-9a-f]{8}_[\w-]{43}", page)[0]
    assert raw not in text(client.get("/vendor/keys/"))
    key = authenticate(raw, at=at)
    assert key is not None
    assert (key.organisation, key.scopes) == (shop, ["usage"])
    assert raw not in key.key_hash
    client.post(f"/vendor/keys/{key.pk}/revoke/")
    assert authenticate(raw, at=at) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:-1],
        lambda raw: raw + "x",
        lambda raw: "cm_" + raw,
        lambda raw: "",
        lambda raw: "cm__",
    ],
)
def test_key_that_differs_in_one_sign_does_not_open(
    shop: Organisation, at: datetime, change: Callable[[str], str]
) -> None:
    _key, raw = make_key(
        organisation=shop, label="機", scopes=["usage"], by=shop.memberships.get().user, at=at
    )
    assert authenticate(raw, at=at) is not None
    assert authenticate(change(raw), at=at) is None


def test_eleventh_key_and_unknown_scope_are_refused(shop: Organisation, at: datetime) -> None:
    boss = shop.memberships.get().user
    keys = [make_key(organisation=shop, label="機", scopes=["usage"], by=boss, at=at)[0] for _ in range(10)]
    with pytest.raises(Refused) as refusal:
        make_key(organisation=shop, label="機", scopes=["usage"], by=boss, at=at)
    assert refusal.value.code == "too_many_keys"
    revoke_key(keys[0], by=boss, at=at)
    with pytest.raises(Refused):
        make_key(organisation=shop, label="機", scopes=["money"], by=boss, at=at)


def test_foreign_key_cannot_be_revoked(shop: Organisation, person: Callable[..., Any], at: datetime) -> None:
    other = Organisation.objects.create(ubn="04595257", name="別家", kind="company", address="", joined_at=at)
    rival = person("rival")
    Membership.objects.create(user=rival, organisation=other, role="acceptor", started_at=at)
    key, raw = make_key(
        organisation=shop, label="機", scopes=["usage"], by=shop.memberships.get().user, at=at
    )
    assert signed_in(rival).post(f"/vendor/keys/{key.pk}/revoke/").status_code == 404
    assert authenticate(raw, at=datetime.now(UTC)) is not None
