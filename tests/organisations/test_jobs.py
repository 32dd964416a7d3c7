"""Long work, office days, official lists, news: what every app above uses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIRequestFactory

from organisations import clock
from organisations.api import ApiKeyAuthentication, HasScope
from organisations.industries import division_of, is_known_tax_code, section_of
from organisations.models.jobs import Job, Outbox
from organisations.models.organisation import Organisation
from organisations.models.places import Category, County, Industry, SubCategory, Township
from organisations.models.registry import GcisStatus, RegistryCheck
from organisations.refusals import Refused
from organisations.services import jobs
from organisations.services.api_keys import make_key
from organisations.services.office_days import add_working_days, is_working_day, working_days_between
from organisations.services.outbox import publish
from organisations.services.reference_data import load_reference_data
from organisations.tasks import look_after_jobs
from organisations.todos import todos

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def job(media: Path, person: Callable[..., Any], at: datetime) -> Job:
    return jobs.start_job(
        kind="register", task="organisations.tasks.nothing", by=person("auditor"), at=at, year=115
    )


def test_job_runs_once_though_its_task_runs_twice(job: Job, at: datetime) -> None:
    assert jobs.begin(job.pk, at=at) is not None
    assert jobs.begin(job.pk, at=at) is None


def test_job_tells_progress_and_gives_its_file_to_its_owner_only(
    job: Job, person: Callable[..., Any], media: Path
) -> None:
    at = clock.now()
    begun = jobs.begin(job.pk, at=at)
    assert begun is not None
    jobs.progress(begun, done=3, total=10, sentence="製作中")
    owner, stranger = Client(), Client()
    owner.force_login(job.owner)
    stranger.force_login(person("stranger"))
    page = owner.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert page.status_code == 200
    assert 'value="3" max="10"' in page.content.decode()
    file = jobs.result_folder(begun) / "register.csv"
    file.write_text("統一編號\n")
    jobs.finish(begun, file=file, name="清冊.csv", at=at)
    assert owner.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"}).status_code == 286
    assert owner.get(f"/jobs/{job.pk}/file/").getvalue().decode() == "統一編號\n"
    for path in ("", "file/"):
        assert stranger.get(f"/jobs/{job.pk}/{path}").status_code == 404
        assert Client().get(f"/jobs/{job.pk}/{path}").status_code == 302
    assert stranger.post(f"/jobs/{job.pk}/cancel/").status_code == 404


def test_result_is_gone_after_seven_days(job: Job, at: datetime) -> None:
    begun = jobs.begin(job.pk, at=at)
    assert begun is not None
    file = jobs.result_folder(begun) / "register.csv"
    file.write_text("x")
    jobs.finish(begun, file=file, name="a.csv", at=at)
    begun.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        jobs.result_path(begun, at=at + timedelta(days=7, seconds=1))
    assert refusal.value.code == "result_over"
    assert jobs.delete_old_results(at=at + timedelta(days=8)) == 1
    assert not file.exists()


def test_cancelled_job_stops_at_its_next_progress(job: Job, at: datetime) -> None:
    begun = jobs.begin(job.pk, at=at)
    assert begun is not None
    client = Client()
    client.force_login(job.owner)
    client.post(f"/jobs/{job.pk}/cancel/")
    with jobs.working(begun, at=at):
        jobs.progress(begun, done=1, total=2)
        pytest.fail("the work went on")
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_waiting_job_is_cancelled_at_once(job: Job, at: datetime) -> None:
    jobs.cancel(job, at=at)
    assert jobs.begin(job.pk, at=at) is None


def test_failure_is_told_and_raised(job: Job, at: datetime) -> None:
    begun = jobs.begin(job.pk, at=at)
    assert begun is not None
    with pytest.raises(ZeroDivisionError), jobs.working(begun, at=at):
        raise ZeroDivisionError
    job.refresh_from_db()
    assert (job.state, bool(job.sentence)) == (Job.State.FAILED, True)


def test_job_of_a_killed_worker_waits_again(job: Job, at: datetime) -> None:
    jobs.begin(job.pk, at=at)
    assert jobs.renudge_waiting(at=at + timedelta(minutes=10)) == 0
    assert jobs.renudge_waiting(at=at + timedelta(minutes=31)) == 1
    assert jobs.begin(job.pk, at=at) is not None
    look_after_jobs()


def test_news_are_numbered_and_carry_their_transaction(at: datetime, db: None) -> None:
    publish("one", {"a": 1}, at=at)
    row = Outbox.objects.get()
    assert row.transaction_id > 0
    assert (row.topic, row.payload) == ("one", {"a": 1})


# ---- official lists


def test_lists_are_whole_and_loading_again_changes_nothing(db: None) -> None:
    first = load_reference_data()
    assert load_reference_data() == first
    assert first == {
        "County": 22,
        "Township": 368,
        "Industry": 737,
        "Category": 16,
        "SubCategory": 31,
        "OfficeDay": 1826,
        "GcisStatus": 33,
    }
    assert Township.objects.filter(is_indigenous=True).count() == 55
    assert Township.objects.filter(is_hakka=True).count() == 70
    assert Industry.objects.filter(level="section").exclude(name_en="").count() == 19
    assert Industry.objects.filter(level="division").exclude(name_en="").count() == 88
    assert County.objects.first().is_municipality  # type: ignore[union-attr]
    assert SubCategory.objects.exclude(category__in=Category.objects.all()).count() == 0
    assert list(GcisStatus.objects.filter(is_active=True).values_list("code", flat=True)) == ["01"]


@pytest.mark.parametrize(
    ("code", "division", "section"),
    [
        ("561113", "56", "I"),
        ("471913", "47-48", "G"),
        ("454100", "45-46", "G"),
        ("", None, None),
        ("999999", None, None),
    ],
)
def test_tax_code_belongs_to_the_division_of_its_first_two_digits(
    code: str, division: str | None, section: str | None
) -> None:
    assert (division_of(code), section_of(code)) == (division, section)


@pytest.mark.parametrize(
    ("code", "known"), [("471913", True), ("862011", True), ("479999", False), ("999999", False)]
)
def test_code_that_no_list_has_is_known_as_such(code: str, known: bool) -> None:
    assert is_known_tax_code(code) is known


@pytest.mark.parametrize(
    ("day", "count", "end"),
    [
        (date(2026, 3, 2), 5, date(2026, 3, 9)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 2, 13), 1, date(2026, 2, 23)),  # over the lunar new year
        (date(2026, 3, 9), -5, date(2026, 3, 2)),
        (date(2026, 3, 7), 0, date(2026, 3, 7)),
        (date(2035, 1, 5), 1, date(2035, 1, 8)),  # beyond the calendar: weekends are off
    ],
)
def test_working_days_are_counted_in_the_office_calendar(day: date, count: int, end: date, db: None) -> None:
    load_reference_data()
    assert add_working_days(day, count) == end
    if count > 0:
        assert working_days_between(day, end) == count
        assert is_working_day(end)


# ---- the API's caller


def test_key_opens_the_api_for_its_scope_only(person: Callable[..., Any], at: datetime) -> None:
    organisation = Organisation.objects.create(
        ubn="04595257", name="業者", kind="company", address="", joined_at=at
    )
    key, raw = make_key(organisation=organisation, label="機", scopes=["usage"], by=person("vendor"), at=at)
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {raw}"})
    caller, auth = ApiKeyAuthentication().authenticate(request) or (None, None)
    assert caller is not None
    assert caller.organisation == organisation
    request.auth = auth
    view = type("View", (), {"required_scope": "usage"})()
    assert HasScope().has_permission(request, view)
    view.required_scope = "orders"
    assert not HasScope().has_permission(request, view)
    assert ApiKeyAuthentication().authenticate(APIRequestFactory().get("/")) is None
    assert key.pk


def test_to_do_list_of_an_officer_shows_open_checks(person: Callable[..., Any], at: datetime) -> None:
    officer = person("officer", "officer")
    assert todos(officer, at=at) == []
    RegistryCheck.objects.create(ubn="04595257", purpose="join", state="officer", asked_at=at)
    assert [(each.desk, each.count) for each in todos(officer, at=at)] == [("office", 1)]
