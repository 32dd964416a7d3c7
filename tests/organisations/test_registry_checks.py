"""Checks against the registers, with the twin as the outside world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from organisations import tasks
from organisations.models.notices import Notice
from organisations.models.organisation import Organisation
from organisations.models.registry import RegistryChange, RegistryCheck, RegistryRecord
from organisations.moves import move
from organisations.refusals import Refused
from organisations.selectors.facts import registry_facts
from organisations.services.notices import send_due_notices, send_notice, tell
from organisations.services.registry import (
    WAITS,
    answer_check,
    ask_again,
    ask_nightly,
    ask_registry,
    claim_due_checks,
    decide_by_document,
    forget_nightly,
    hand_in_document,
)
from organisations.tasks import answer_due_checks, answer_registry_check
from outside import demonstration
from outside.sandbox.samples import sample
from portal.runtime.translations import compile_english
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lists")]
State = RegistryCheck.State


def ask(ubn: str, at: datetime, purpose: str = RegistryCheck.Purpose.JOIN, by: Any = None) -> RegistryCheck:
    return ask_registry(ubn=ubn, purpose=purpose, by=by, at=at)


def codes(check: RegistryCheck) -> list[str]:
    return [each["code"] for each in check.reasons]


def snapshot(key: str, at: datetime, **facts: Any) -> RegistryRecord:
    one = sample(key).enterprise
    assert one is not None
    values: dict[str, Any] = {
        "name": one.name,
        "address": one.address,
        "industry_code": "561115",
        "industry_name": "餐廳",
        "organisation_kind": one.organisation_kind,
        "township_id": one.town_code,
        "row_hash": 1,
        "data_date": at.date(),
    }
    return RegistryRecord.objects.create(ubn=one.ubn, **values | facts)


@pytest.mark.parametrize(
    ("key", "state", "code"),
    [
        ("restaurant", State.PASSED, "registry.active"),
        ("retail", State.PASSED, "registry.active"),
        ("clinic", State.PASSED, "registry.active"),
        ("cooperative", State.PASSED, "registry.active"),
        ("branch", State.PASSED, "registry.active"),
        ("suspended", State.FAILED, "registry.tax_suspended"),
        ("closed", State.FAILED, "registry.tax_closed"),
        ("dissolved", State.FAILED, "registry.company_dissolved"),
        ("unknown", State.FAILED, "registry.not_found"),
    ],
)
def test_check_of_each_kind_of_number_is_answered_with_its_reason(
    sandbox: Sandbox, at: datetime, key: str, state: str, code: str
) -> None:
    check = answer_check(ask(sample(key).ubn, at), at=at)
    assert check.state == state
    assert code in codes(check)
    assert check.answered_at == at
    assert check.moves.count() == 1


def test_raw_answers_are_kept_and_make_facts(sandbox: Sandbox, at: datetime) -> None:
    ubn = sample("retail").ubn
    check = answer_check(ask(ubn, at), at=at)
    assert check.answers["gcis"]["raw"]
    assert check.answers["tax_registry"]["raw"]
    facts = registry_facts(ubn)
    assert facts is not None
    assert (facts.name, facts.register_status, facts.kind) == ("巷口日和選物有限公司", "01", "company")
    assert facts.responsible_person == "陳柏翰"
    assert facts.industry_division == "47-48"
    assert facts.capital_twd == 5_000_000
    assert facts.county_code == "63000"


def test_fresh_snapshot_answers_for_the_tax_register(sandbox: Sandbox, at: datetime) -> None:
    snapshot("restaurant", at)
    before = sandbox.calls("tax-registry")
    check = answer_check(ask(sample("restaurant").ubn, at), at=at)
    assert check.state == State.PASSED
    assert sandbox.calls("tax-registry") == before


def test_payment_check_asks_live_even_with_a_fresh_snapshot(sandbox: Sandbox, at: datetime) -> None:
    snapshot("restaurant", at)
    before = sandbox.calls("tax-registry")
    answer_check(ask(sample("restaurant").ubn, at, RegistryCheck.Purpose.PAYMENT), at=at)
    assert sandbox.calls("tax-registry") == before + 1


def test_old_snapshot_stands_in_when_the_tax_register_is_down(sandbox: Sandbox, at: datetime) -> None:
    snapshot("restaurant", at, data_date=at.date() - timedelta(days=40))
    sandbox.misbehave("tax-registry", "500")
    assert answer_check(ask(sample("restaurant").ubn, at), at=at).state == State.PASSED


def test_payment_never_passes_on_the_snapshot_alone(sandbox: Sandbox, at: datetime) -> None:
    snapshot("restaurant", at)
    sandbox.misbehave("tax-registry", "500")
    check = answer_check(ask(sample("restaurant").ubn, at, RegistryCheck.Purpose.PAYMENT), at=at)
    assert (check.state, codes(check)) == (State.WAITING, ["registry.source_down"])


def test_business_gone_from_the_live_register_fails_though_an_old_snapshot_knows_it(
    sandbox: Sandbox, at: datetime
) -> None:
    RegistryRecord.objects.create(
        ubn=sample("unknown").ubn,
        name="早就沒有商行",
        address="臺南市東區東門路１號",
        organisation_kind="獨資",
        row_hash=1,
        data_date=at.date() - timedelta(days=40),
    )
    check = answer_check(ask(sample("unknown").ubn, at), at=at)
    assert (check.state, codes(check)[0]) == (State.FAILED, "registry.tax_closed")


@pytest.mark.parametrize("mode", ["500", "garbage", "empty", "truncated"])
def test_outage_waits_tries_again_and_ends_with_the_officer(
    sandbox: Sandbox, at: datetime, mode: str
) -> None:
    for system in ("tax-registry", "gcis"):
        sandbox.misbehave(system, mode)
    check = ask(sample("restaurant").ubn, at)
    for count, wait in enumerate(WAITS, start=1):
        answer_check(check, at=at)
        assert (check.state, check.tries, check.next_try_at) == (State.WAITING, count, at + wait)
        assert codes(check) == ["registry.source_down"]
        at += wait
    assert answer_check(check, at=at).state == State.OFFICER


def test_outage_that_ends_lets_the_next_try_pass(sandbox: Sandbox, at: datetime) -> None:
    sandbox.misbehave("gcis", "garbage")
    check = answer_check(ask(sample("restaurant").ubn, at), at=at)
    assert check.state == State.WAITING
    sandbox.misbehave("all", "off")
    assert answer_check(check, at=at + WAITS[0]).state == State.PASSED


def test_answering_twice_changes_nothing(sandbox: Sandbox, at: datetime) -> None:
    check = ask(sample("restaurant").ubn, at)
    answer_registry_check(check_id=check.pk)
    check.refresh_from_db()
    first = (check.state, check.answered_at, check.moves.count())
    answer_registry_check(check_id=check.pk)
    check.refresh_from_db()
    assert (check.state, check.answered_at, check.moves.count()) == first
    answer_registry_check(check_id=0)


def test_sweep_answers_a_check_whose_nudge_was_lost(sandbox: Sandbox, at: datetime) -> None:
    check = ask(sample("restaurant").ubn, at)
    later = at + timedelta(minutes=1)
    assert claim_due_checks(at=at) == []
    assert claim_due_checks(at=later) == [check.pk]
    assert claim_due_checks(at=later) == [], "another sweep takes it as well"
    answer_due_checks()
    check.refresh_from_db()
    assert check.state == State.PASSED


def test_failed_check_can_be_asked_again(sandbox: Sandbox, at: datetime) -> None:
    check = answer_check(ask(sample("suspended").ubn, at), at=at)
    ask_again(check, by=None, at=at)
    assert check.state == State.WAITING
    assert answer_check(check, at=at).state == State.FAILED
    assert [each.verb for each in check.moves.all()] == ["answer_fail", "ask_again", "answer_fail"]
    with pytest.raises(Refused, match="目前是"):
        ask_again(answer_check(ask(sample("retail").ubn, at), at=at), by=None, at=at)


def test_changed_facts_of_a_member_are_written_down(sandbox: Sandbox, at: datetime) -> None:
    one = sample("restaurant")
    Organisation.objects.create(
        ubn=one.ubn, name="舊名麵館", kind="sole", address="舊地址", responsible_person="舊人", joined_at=at
    )
    answer_check(ask(one.ubn, at), at=at)
    organisation = Organisation.objects.get(ubn=one.ubn)
    assert (organisation.name, organisation.responsible_person) == ("老榕樹下麵館", "林秀琴")
    assert organisation.township_id == "67000370"
    changed = set(RegistryChange.objects.values_list("fact", flat=True))
    assert {"name", "address", "responsible_person"} <= changed


def test_check_that_breaks_does_not_stop_the_sweep(
    sandbox: Sandbox, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, good = ask(sample("retail").ubn, at), ask(sample("restaurant").ubn, at)

    def breaks(check: RegistryCheck, *, at: datetime) -> RegistryCheck:
        if check.pk == broken.pk:
            raise ZeroDivisionError
        return answer_check(check, at=at)

    monkeypatch.setattr(tasks, "answer_check", breaks)
    answer_due_checks()
    good.refresh_from_db()
    assert good.state == State.PASSED


def test_members_are_asked_about_once_a_night_and_old_passes_are_forgotten(
    sandbox: Sandbox, at: datetime
) -> None:
    one = sample("restaurant")
    Organisation.objects.create(
        ubn=one.ubn, name="麵館", kind="sole", address="", joined_at=at, checked_at=at
    )
    night = at + timedelta(hours=21)
    assert ask_nightly(at=at) == 0
    assert ask_nightly(at=night) == 1
    assert ask_nightly(at=night) == 0
    for check_id in claim_due_checks(at=night):
        answer_check(RegistryCheck.objects.get(pk=check_id), at=night)
    assert Organisation.objects.get().checked_at == night
    month = night + timedelta(days=31)
    assert forget_nightly(at=month) == 0, "the newest answer stays"
    ask(one.ubn, month)
    assert forget_nightly(at=month) == 1


def test_person_whose_check_was_late_is_told_by_mail_once_in_their_language(
    sandbox: Sandbox, at: datetime, person: Callable[..., Any], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    compile_english()
    owner = person("owner")
    owner.language = "en"
    owner.save()
    sandbox.misbehave("gcis", "500")
    check = answer_check(ask(sample("restaurant").ubn, at, by=owner), at=at)
    assert not Notice.objects.exists()
    sandbox.misbehave("all", "off")
    answer_check(check, at=at + WAITS[0])
    assert send_due_notices(at=at + WAITS[0]) == 1
    assert send_due_notices(at=at + WAITS[0]) == 0
    assert mail.outbox[0].subject == f"{check.ubn}: the register check has passed"
    assert f"/en/my/join/{check.ubn}/" in mail.outbox[0].body


def test_mail_that_cannot_be_sent_is_tried_again(
    sandbox: Sandbox, at: datetime, person: Callable[..., Any], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "outside.mailbox.SandboxBackend"
    notice = tell(person("owner"), "let_in", facts={"name": "麵館"}, path="/my/", at=at)
    sandbox.misbehave("mail", "500")
    assert not send_notice(notice.pk, at=at)
    assert not send_notice(notice.pk, at=at), "not before five minutes are over"
    sandbox.misbehave("all", "off")
    assert send_notice(notice.pk, at=at + timedelta(minutes=6))
    assert "麵館" in demonstration.mails("owner@example.org")[0].subject


# ---- the officer


@pytest.fixture
def unknown_check(sandbox: Sandbox, at: datetime, person: Callable[..., Any]) -> RegistryCheck:
    check = answer_check(ask(sample("unknown").ubn, at, by=person("owner")), at=at)
    hand_in_document(check, document=None, by=check.asked_by, at=at)
    return check


def test_officer_passes_an_unknown_number_from_its_certificate(
    unknown_check: RegistryCheck, at: datetime, person: Callable[..., Any]
) -> None:
    facts = {"name": "新設商行", "address": "臺南市中西區民生路二段１號", "organisation_kind": "獨資"}
    decide_by_document(
        unknown_check, passes=True, facts=facts, note="商業登記抄本相符", by=person("officer"), at=at
    )
    known = registry_facts(unknown_check.ubn)
    assert unknown_check.state == State.PASSED
    assert known is not None
    assert (known.name, known.township_code, known.kind) == ("新設商行", "67000370", "sole")
    assert unknown_check.moves.last().note == "商業登記抄本相符"


@pytest.mark.parametrize(
    ("facts", "note", "code"),
    [
        ({"name": "新設商行", "address": "臺南市中西區"}, " ", "reason_missing"),
        ({"name": "", "address": ""}, "相符", "facts_missing"),
    ],
)
def test_officer_needs_a_reason_and_facts(
    unknown_check: RegistryCheck,
    at: datetime,
    person: Callable[..., Any],
    facts: dict[str, str],
    note: str,
    code: str,
) -> None:
    with pytest.raises(Refused) as refusal:
        decide_by_document(unknown_check, passes=True, facts=facts, note=note, by=person("officer"), at=at)
    assert refusal.value.code == code
    unknown_check.refresh_from_db()
    assert unknown_check.state == State.OFFICER


def test_nobody_decides_about_their_own_number(unknown_check: RegistryCheck, at: datetime) -> None:
    with pytest.raises(Refused) as refusal:
        decide_by_document(
            unknown_check, passes=True, facts={}, note="相符", by=unknown_check.asked_by, at=at
        )
    assert refusal.value.code == "own_check"


def test_every_state_and_verb_of_a_check_moves_as_the_table_says(
    at: datetime, person: Callable[..., Any], db: None
) -> None:
    for state in State:
        for verb, (sources, target) in RegistryCheck.MOVES.items():
            check = ask(sample("restaurant").ubn, at)
            RegistryCheck.objects.filter(pk=check.pk).update(state=state, answered_at=at)
            if state in sources:
                move(check, verb, by=None, at=at, answered_at=at)
                assert check.state == target
            else:
                with pytest.raises(Refused):
                    move(check, verb, by=None, at=at)
