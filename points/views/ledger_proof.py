"""`/transparency/ledger/`: digests, transfers and a short program, so that anybody can check the ledger."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from organisations import clock
from points.download import verify
from points.limits import within_limit
from points.models.ledger import Digest
from points.services.digests import COLUMNS, write_transfers

DIGEST_COLUMNS = (
    "id",
    "from_transaction",
    "to_transaction",
    "transfers",
    "points",
    "previous",
    "sha256",
    "made_at",
)
Response = TypeVar("Response", HttpResponse, StreamingHttpResponse)
DOWNLOADS, WINDOW_SECONDS = 5, 600


@require_safe
def ledger_proof(request: HttpRequest) -> HttpResponse:
    """What the digests are, the newest of them, and the three files."""
    digests = Digest.objects.order_by("-to_transaction")
    return render(
        request,
        "points/ledger_proof.html",
        {"digests": digests[:30], "count": digests.count(), "as_of": clock.now()},
    )


@require_safe
def digests_csv(request: HttpRequest) -> HttpResponse:
    """Every digest, oldest first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(DIGEST_COLUMNS)
    writer.writerows(Digest.objects.order_by("to_transaction").values_list(*DIGEST_COLUMNS))
    return _attached(HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8"), "digests.csv")


@require_safe
def transfers_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Every transfer that a digest covers. Accounts are numbers; no names, no business numbers."""
    if not within_limit("transfers", request, most=DOWNLOADS, seconds=WINDOW_SECONDS):
        return render(request, "429.html", status=429)
    return _attached(
        StreamingHttpResponse(_transfers(), content_type="text/csv; charset=utf-8"), "transfers.csv"
    )


@require_safe
def verify_program(request: HttpRequest) -> FileResponse:
    """The program, which needs nothing but Python."""
    return FileResponse(
        Path(str(verify.__file__)).open("rb"),
        as_attachment=True,
        filename="verify.py",
        content_type="text/x-python",
    )


def _transfers() -> Iterator[bytes]:
    """In id order, as the program expects them; digest ranges interleave, so it is one list up to the last digest."""
    yield (",".join(COLUMNS) + "\n").encode()
    last = Digest.objects.order_by("-to_transaction").first()
    if last is not None:
        out = io.BytesIO()
        write_transfers(out, 0, last.to_transaction)
        yield out.getvalue()


def _attached(response: Response, name: str) -> Response:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
