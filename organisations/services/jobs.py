"""Long work that a person waits for: one row with progress, cancel and a result file behind a personal link that ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from organisations.models.jobs import Job
from organisations.refusals import Refused
from organisations.services.nudges import nudge

RESULT_LASTS = timedelta(days=7)
FORGOTTEN_AFTER = timedelta(minutes=30)
State = Job.State


class JobCancelled(Exception):
    """The person stopped the work; whoever works on it lets go."""


def start_job(
    *,
    kind: str,
    task: str,
    by: Any,
    at: datetime,
    queue: str = "reports",
    sentence: str = "",
    **arguments: Any,
) -> Job:
    """Write the row and nudge `task` (called with `job_id`); `arguments` are kept with the job."""
    job = Job.objects.create(
        kind=kind,
        owner=by,
        arguments={**arguments, "_task": task, "_queue": queue},
        sentence=sentence,
        made_at=at,
    )
    nudge(task, queue=queue, job_id=str(job.pk))
    return job


def job_of(job_id: str | UUID, user: Any) -> Job | None:
    """A person's own job."""
    return Job.objects.filter(pk=job_id, owner_id=user.pk).first()


def begin(job_id: str | UUID, *, at: datetime) -> Job | None:
    """Take a waiting job to work on; None when another worker has it or it is over. So a task may run twice."""
    if Job.objects.filter(pk=job_id, state=State.WAITING).update(state=State.RUNNING, started_at=at):
        return Job.objects.get(pk=job_id)
    return None


def progress(job: Job, *, done: int, total: int, sentence: str = "") -> None:
    """Say how far the work is. Raises: JobCancelled when the person has stopped it."""
    facts: dict[str, Any] = {"done": done, "total": total} | ({"sentence": sentence} if sentence else {})
    if not Job.objects.filter(pk=job.pk, state=State.RUNNING, cancel_asked=False).update(**facts):
        raise JobCancelled


def finish(job: Job, *, file: Path | None = None, name: str = "", sentence: str = "", at: datetime) -> None:
    """The work is done; `file` lies below MEDIA_ROOT and is had for seven days under `name`."""
    facts: dict[str, Any] = {
        "state": State.DONE,
        "finished_at": at,
        "expires_at": at + RESULT_LASTS,
        "sentence": sentence,
    }
    if file is not None:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        facts |= {
            "result_file": str(file.relative_to(settings.MEDIA_ROOT)),
            "result_name": name,
            "sha256": digest,
        }
    Job.objects.filter(pk=job.pk, state=State.RUNNING).update(**facts, done=F("total"))


def fail(job: Job, *, sentence: str, at: datetime) -> None:
    """The work could not be done."""
    Job.objects.filter(pk=job.pk, state__in=(State.WAITING, State.RUNNING)).update(
        state=State.FAILED, sentence=sentence[:200], finished_at=at
    )


def cancel(job: Job, *, at: datetime) -> None:
    """Stop the work: at once while it waits, at its next sign of progress while it runs."""
    Job.objects.filter(pk=job.pk, state=State.WAITING).update(
        state=State.CANCELLED, finished_at=at, cancel_asked=True
    )
    Job.objects.filter(pk=job.pk, state=State.RUNNING).update(cancel_asked=True)


@contextmanager
def working(job: Job, *, at: datetime) -> Iterator[Job]:
    """Around a task's work: a cancelled job is marked so, a bug marks the job as failed and is raised on."""
    try:
        yield job
    except JobCancelled:
        Job.objects.filter(pk=job.pk, state=State.RUNNING).update(state=State.CANCELLED, finished_at=at)
    except Refused as refused:
        fail(job, sentence=str(refused), at=at)
    except Exception:
        fail(job, sentence=str(_("工作中斷了，已通知維護人員。請再試一次。")), at=at)
        raise


def result_path(job: Job, *, at: datetime) -> Path:
    """Where the result lies. Raises: Refused("no_result"), Refused("result_over")."""
    if job.state != State.DONE or not job.result_file:
        raise Refused("no_result", _("這項工作還沒有檔案可以下載。"))
    path = Path(settings.MEDIA_ROOT) / job.result_file
    if (job.expires_at and at > job.expires_at) or not path.is_file():
        raise Refused("result_over", _("檔案只保留7天，已經刪除。"), remedy=_("請重新產生一次。"))
    return path


def result_folder(job: Job) -> Path:
    """A folder of the job's own for its result file."""
    folder = Path(settings.MEDIA_ROOT) / "jobs" / str(job.pk)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def renudge_waiting(*, at: datetime, limit: int = 100) -> int:
    """Nudge jobs whose first nudge was lost, and put back those whose worker was killed. How many."""
    Job.objects.filter(state=State.RUNNING, started_at__lt=at - FORGOTTEN_AFTER, cancel_asked=False).update(
        state=State.WAITING, started_at=None
    )
    count = 0
    for job in Job.objects.filter(state=State.WAITING).order_by("pk")[:limit]:
        if "_task" in job.arguments:
            nudge(job.arguments["_task"], queue=job.arguments["_queue"], job_id=str(job.pk))
            count += 1
    return count


def delete_old_results(*, at: datetime) -> int:
    """Delete result files whose time is over. How many."""
    count = 0
    for job in Job.objects.filter(state=State.DONE, expires_at__lt=at).exclude(result_file=""):
        (Path(settings.MEDIA_ROOT) / job.result_file).unlink(missing_ok=True)
        Job.objects.filter(pk=job.pk).update(result_file="")
        count += 1
    return count
