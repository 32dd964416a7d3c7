"""Long work as its owner sees it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from organisations.clock import now
from organisations.models.jobs import Job
from organisations.refusals import Refused
from organisations.services.jobs import cancel, job_of, result_path

RUNNING = (Job.State.WAITING, Job.State.RUNNING)


@require_safe
@login_required
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Progress as a page, or as the fragment that htmx polls; 286 ends the polling."""
    context = card_of(_own(request, job_id))
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "organisations/job.html", context)
    part = render(request, "components/job.html", context)
    return part if context["running"] else HttpResponseStopPolling(part.content)


@require_POST
@login_required
def cancel_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Stop it."""
    cancel(_own(request, job_id), at=now())
    return redirect("organisations:job", job_id)


@require_safe
@login_required
def job_file(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """The result, for its owner, while it is kept."""
    own = _own(request, job_id)
    try:
        path = result_path(own, at=now())
    except Refused as no:
        messages.error(request, str(no))
        return redirect("organisations:job", job_id)
    return FileResponse(path.open("rb"), as_attachment=True, filename=own.result_name or path.name)


def card_of(own: Job) -> dict[str, Any]:
    """What `components/job.html` shows of a job."""
    running = own.state in RUNNING and not own.cancel_asked
    return {
        "id": f"job-{own.pk}",
        "title": own.sentence or own.kind,
        "done": own.done,
        "total": own.total,
        "state_words": own.get_state_display(),
        "running": running,
        "url": reverse("organisations:job", args=[own.pk]),
        "cancel_url": reverse("organisations:cancel_job", args=[own.pk]),
        "result_url": reverse("organisations:job_file", args=[own.pk]) if own.result_file else "",
        "result_label": own.result_name,
    }


def _own(request: HttpRequest, job_id: UUID) -> Job:
    own = job_of(job_id, request.user)
    if own is None:
        raise Http404
    return own
