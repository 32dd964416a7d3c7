"""Checks of a number against the registers: asked for in a row, answered by a worker, survive outages, end with an officer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from organisations.models.organisation import Organisation
from organisations.models.registry import RegistryChange, RegistryCheck, RegistryRecord
from organisations.moves import move
from organisations.reasons import reason
from organisations.refusals import Refused
from organisations.selectors.facts import RegistryFacts, local_facts, with_answers
from organisations.services.notices import tell
from organisations.services.nudges import nudge
from organisations.services.outbox import publish
from outside import gcis, tax_registry
from outside.http import OutsideAnswerBroken, OutsideDown

TASK = "organisations.tasks.answer_registry_check"
WAITS = (timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
HEAD_START = timedelta(seconds=20)  # the nudged worker comes before the sweep
CLAIM_LASTS = timedelta(minutes=2)
FRESH_SNAPSHOT = timedelta(days=3)
STALE_AFTER = timedelta(hours=20)
NIGHTLY_KEPT = timedelta(days=30)
DISSOLVED = frozenset(("04", "07", "11", "18"))
IN_RECEIVERSHIP = frozenset(("03", "06", "19", "20", "21", "22", "23", "24", "25", "31", "33"))
State = RegistryCheck.State


def ask_registry(
    *, ubn: str, purpose: str, by: Any, at: datetime, organisation: Organisation | None = None
) -> RegistryCheck:
    """Ask for a check; a worker answers within seconds. The row is the message."""
    check = RegistryCheck.objects.create(
        ubn=ubn,
        organisation=organisation,
        purpose=purpose,
        asked_by=by,
        asked_at=at,
        next_try_at=at + HEAD_START,
    )
    nudge(TASK, queue="interactive", check_id=check.pk)
    return check


def ask_again(check: RegistryCheck, *, by: Any, at: datetime) -> RegistryCheck:
    """Ask the registers once more after a 'no', keeping the row and its history. Raises: Refused("wrong_state")."""
    move(check, "ask_again", by=by, at=at, tries=0, next_try_at=at + HEAD_START, answered_at=None)
    nudge(TASK, queue="interactive", check_id=check.pk)
    return check


def recent_check(ubn: str, *, at: datetime, within: timedelta = timedelta(hours=1)) -> RegistryCheck | None:
    """The newest check for joining that is still young enough to rely on."""
    return (
        RegistryCheck.objects.filter(ubn=ubn, purpose=RegistryCheck.Purpose.JOIN, asked_at__gt=at - within)
        .order_by("-asked_at", "-pk")
        .first()
    )


@dataclass
class Answers:
    """What came back from outside, and who did not answer."""

    kept: dict[str, Any] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)


def answer_check(check: RegistryCheck, *, at: datetime) -> RegistryCheck:
    """Look the number up – the local snapshot first, then live – and decide with named reasons.

    No outside call is made inside a transaction. Safe to run twice: only a waiting check is answered.
    """
    check.refresh_from_db()
    if check.state != State.WAITING:
        return check
    local = local_facts(check.ubn)
    answers = _ask_outside(check, local, at)
    facts = with_answers(local, check.ubn, answers.kept)
    reasons = judge(facts, answers.silent, _may_rely_on(local, check))
    with transaction.atomic():
        locked = RegistryCheck.objects.select_for_update().get(pk=check.pk)
        if locked.state == State.WAITING:
            _decide(locked, facts, reasons, answers, at)
    check.refresh_from_db()
    return check


def claim_due_checks(*, at: datetime, limit: int = 200) -> list[int]:
    """Waiting checks whose time has come, the longest waiting first; for two minutes no other sweep takes them."""
    with transaction.atomic():
        rows = RegistryCheck.objects.filter(state=State.WAITING, next_try_at__lte=at).order_by("next_try_at")
        claimed = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        RegistryCheck.objects.filter(pk__in=claimed).update(next_try_at=at + CLAIM_LASTS)
    return claimed


def ask_nightly(*, at: datetime, limit: int = 5_000) -> int:
    """Ask anew about members whose facts are older than a day; the sweep answers them in batches. How many."""
    waiting = RegistryCheck.objects.filter(purpose=RegistryCheck.Purpose.NIGHTLY, state=State.WAITING)
    stale = (
        Organisation.objects.filter(Q(checked_at=None) | Q(checked_at__lt=at - STALE_AFTER))
        .exclude(ubn__in=waiting.values("ubn"))
        .order_by(F("checked_at").asc(nulls_first=True))
    )
    rows = [
        RegistryCheck(
            ubn=each.ubn,
            organisation=each,
            purpose=RegistryCheck.Purpose.NIGHTLY,
            asked_at=at,
            next_try_at=at,
        )
        for each in stale[:limit]
    ]
    return len(RegistryCheck.objects.bulk_create(rows))


def forget_nightly(*, at: datetime) -> int:
    """Delete nightly checks that passed long ago; what changed stands in RegistryChange. How many."""
    old = RegistryCheck.objects.filter(
        purpose=RegistryCheck.Purpose.NIGHTLY, state=State.PASSED, answered_at__lt=at - NIGHTLY_KEPT
    )
    newer = RegistryCheck.objects.filter(ubn=OuterRef("ubn"), asked_at__gt=OuterRef("asked_at"))
    return old.filter(Exists(newer)).delete()[1].get("organisations.RegistryCheck", 0)


# ---- asking outside


def _ask_outside(check: RegistryCheck, local: RegistryFacts | None, at: datetime) -> Answers:
    answers = Answers()
    if _needs_live_tax(check, local, at):
        _ask(answers, "tax_registry", check.ubn, tax_registry.look_up)
    _ask(answers, "gcis", check.ubn, gcis.look_up)
    return answers


def _needs_live_tax(check: RegistryCheck, local: RegistryFacts | None, at: datetime) -> bool:
    if check.purpose == RegistryCheck.Purpose.PAYMENT or local is None:
        return True
    if local.status != RegistryRecord.Status.OPERATING or not isinstance(local.as_of, date):
        return True
    return at.date() - local.as_of > FRESH_SNAPSHOT


def _ask(answers: Answers, source: str, ubn: str, look_up: Callable[[str], Any]) -> None:
    try:
        record = look_up(ubn)
    except (OutsideDown, OutsideAnswerBroken) as error:
        answers.silent[source] = error.why
        return
    answers.kept[source] = {
        "facts": _plain(record) if record else None,
        "raw": record.raw if record else None,
    }


def _plain(record: Any) -> dict[str, Any]:
    """A client's record as JSON; the raw answer is kept beside it."""
    facts = asdict(record)
    facts.pop("raw")
    return {
        name: value.isoformat() if isinstance(value, date) else value  # a moment is a date, too
        for name, value in facts.items()
    }


def _may_rely_on(local: RegistryFacts | None, check: RegistryCheck) -> bool:
    """Whether the snapshot stands in for a silent tax register: to join yes, before money moves no."""
    is_operating = local is not None and local.status == RegistryRecord.Status.OPERATING
    return is_operating and check.purpose != RegistryCheck.Purpose.PAYMENT


# ---- judging


def judge(
    facts: RegistryFacts | None, silent: dict[str, str], relies_on_snapshot: bool
) -> list[dict[str, Any]]:
    """The named reasons, stops first. A pass is said only when nothing stops."""
    codes = _tax_codes(facts, silent) + _register_codes(facts) + _paper_codes(facts)
    if silent and not (relies_on_snapshot and set(silent) == {"tax_registry"}):
        codes.append("registry.source_down")
    if not any(reason(code).severity == "stop" for code in codes) and not {
        "registry.not_found",
        "registry.source_down",
    } & set(codes):
        codes.insert(0, "registry.active")
    as_of = facts.as_of.isoformat() if facts and facts.as_of else None
    source = facts.source if facts else ", ".join(sorted(silent))
    rows = [
        {"code": code, "severity": reason(code).severity, "source": source, "as_of": as_of}
        for code in dict.fromkeys(codes)
    ]
    return sorted(rows, key=lambda row: ("stop", "warn", "pass").index(row["severity"]))


def _tax_codes(facts: RegistryFacts | None, silent: dict[str, str]) -> list[str]:
    status = facts.status if facts else ""
    if status == RegistryRecord.Status.SUSPENDED:
        return ["registry.tax_suspended"]
    if status in (RegistryRecord.Status.CLOSED, RegistryRecord.Status.GONE):
        return [] if "tax_registry" in silent else ["registry.tax_closed"]
    if status != RegistryRecord.Status.OPERATING and "tax_registry" not in silent:
        return ["registry.not_found"]
    return []


def _register_codes(facts: RegistryFacts | None) -> list[str]:
    """Source: GCIS status codes; only 01 is active."""
    code = facts.register_status if facts else ""
    if code in ("", "01"):
        return []
    if code == "02":
        return ["registry.ordered_dissolution"]
    if code in DISSOLVED:
        return ["registry.company_dissolved"]
    return ["registry.in_receivership" if code in IN_RECEIVERSHIP else "registry.company_revoked"]


def _paper_codes(facts: RegistryFacts | None) -> list[str]:
    if facts is None or not facts.status:
        return []
    codes = []
    if facts.kind == Organisation.Kind.BRANCH and not facts.head_office_ubn:
        codes.append("registry.branch_without_head")
    if facts.township_code is None:
        codes.append("registry.address_unclear")
    if not facts.industry_division:
        codes.append("registry.industry_missing")
    return codes


def _decide(
    check: RegistryCheck,
    facts: RegistryFacts | None,
    reasons: list[dict[str, Any]],
    answers: Answers,
    at: datetime,
) -> None:
    kept = {**check.answers, **answers.kept}
    codes = {row["code"] for row in reasons}
    common: dict[str, Any] = {"reasons": reasons, "answers": kept, "tries": check.tries + 1}
    if any(row["severity"] == "stop" for row in reasons) or "registry.not_found" in codes:
        move(check, "answer_fail", by=None, at=at, **common, next_try_at=None, answered_at=at)
    elif "registry.source_down" not in codes:
        move(check, "answer_pass", by=None, at=at, **common, next_try_at=None, answered_at=at)
    elif check.tries >= len(WAITS):
        move(check, "hand_over", by=None, at=at, **common, next_try_at=None, note=str(answers.silent))
    else:
        for name, value in common.items():
            setattr(check, name, value)
        check.next_try_at = at + WAITS[check.tries - 1]
        check.save(update_fields=["reasons", "answers", "tries", "next_try_at"])
        return
    if facts is not None and check.state != State.OFFICER:
        refresh_organisation(check.ubn, facts, at=at)
    if check.tries > 1:  # the person did not see the answer on the page
        _tell_person(check, at)
    publish("registry_check", {"check": check.pk, "ubn": check.ubn, "state": check.state}, at=at)


def _tell_person(check: RegistryCheck, at: datetime) -> None:
    person = check.document.brought_by if check.document else check.asked_by
    if person is not None and check.purpose == RegistryCheck.Purpose.JOIN:
        path = f"/my/join/{check.ubn}/"
        tell(person, f"check_{check.state}", facts={"ubn": check.ubn}, path=path, at=at)


# ---- what the registers now say about an organisation that has joined

REFRESHED = {
    "name": "name",
    "address": "address",
    "kind": "kind",
    "responsible_person": "responsible_person",
    "capital_twd": "capital_twd",
    "setup_date": "setup_date",
    "head_office_ubn": "head_office_ubn",
    "tax_status": "status",
    "register_status": "register_status",
    "industry_name": "industry_name",
    "township_id": "township_code",
    "industry_id": "industry_division",
}


def refresh_organisation(ubn: str, facts: RegistryFacts, *, at: datetime) -> Organisation | None:
    """Copy the registers' facts to the organisation and write down each that changed. None if nobody has joined."""
    organisation = Organisation.objects.select_for_update().filter(ubn=ubn).first()
    if organisation is None:
        return None
    changes = []
    for fact, source in REFRESHED.items():
        before, after = getattr(organisation, fact), getattr(facts, source)
        if after in (None, "") or before == after:
            continue  # a silent register takes nothing away
        setattr(organisation, fact, after)
        changes.append(
            RegistryChange(
                organisation=organisation,
                fact=fact.removesuffix("_id"),
                before=str(before or "")[:300],
                after=str(after)[:300],
                source=facts.source,
                seen_at=at,
            )
        )
    organisation.checked_at = at
    organisation.save()
    RegistryChange.objects.bulk_create(changes)
    return organisation


# ---- the officer


def hand_in_document(check: RegistryCheck, *, document: Any, by: Any, at: datetime) -> None:
    """The person brings a certificate because the registers do not know the number: an officer decides.

    Raises: Refused("wrong_state").
    """
    move(check, "hand_over", by=by, at=at, document=document, answered_at=None)


def decide_by_document(
    check: RegistryCheck, *, passes: bool, facts: dict[str, str], note: str, by: Any, at: datetime
) -> None:
    """An officer decides from the certificate, with a reason; for a number no register knows also name, address and kind.

    Raises: Refused("reason_missing"), Refused("own_check"), Refused("facts_missing"), Refused("wrong_state").
    """
    if not note.strip():
        raise Refused(
            "reason_missing",
            _("還沒有寫理由，決定沒有送出。"),
            remedy=_("請寫下您看了什麼、為什麼這樣決定。"),
        )
    if check.asked_by_id is not None and check.asked_by_id == by.pk:
        raise Refused("own_check", _("這筆是您自己提出的查證。"), remedy=_("請由另一位承辦人決定。"))
    answers = dict(check.answers)
    if passes:
        answers |= _typed_by_officer(check, facts, at)
    with transaction.atomic():
        verb = "officer_pass" if passes else "officer_fail"
        move(check, verb, by=by, at=at, note=note.strip(), answers=answers, answered_at=at)
        _tell_person(check, at)
        publish("registry_check", {"check": check.pk, "ubn": check.ubn, "state": check.state}, at=at)


def _typed_by_officer(check: RegistryCheck, facts: dict[str, str], at: datetime) -> dict[str, Any]:
    """Facts from the paper stand where a tax register's answer would; marked as the officer's."""
    known = with_answers(local_facts(check.ubn), check.ubn, check.answers)
    name = facts.get("name", "").strip() or (known.name if known else "")
    address = facts.get("address", "").strip() or (known.address if known else "")
    if not name or not address:
        raise Refused(
            "facts_missing",
            _("登記資料沒有這家的名稱或地址，決定沒有送出。"),
            remedy=_("請照文件填寫名稱與地址。"),
        )
    return {
        "tax_registry": {
            "raw": None,
            "facts": {
                "name": name,
                "address": address,
                "status": RegistryRecord.Status.OPERATING,
                "fetched_at": at.isoformat(),
                "capital_twd": 0,
                "setup_date": None,
                "organisation_kind": facts.get("organisation_kind", ""),
                "head_office_ubn": "",
                "industries": [],
                "by_document": True,
            },
        }
    }
