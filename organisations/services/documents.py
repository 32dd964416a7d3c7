"""Papers that people hand in: few kinds of file, known by their first bytes, stored under a name of ours."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from organisations.models.documents import Document
from organisations.models.organisation import Organisation
from organisations.reasons import refusal
from organisations.refusals import Refused

MAX_BYTES = 10 * 1024 * 1024
MOST_A_DAY = 40
# ending → (media type, how such a file begins)
KINDS = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
}


def keep_document(
    upload: UploadedFile[bytes], *, kind: str, by: Any, at: datetime, organisation: Organisation | None = None
) -> Document:
    """Store an uploaded file.

    Raises: Refused("upload.too_large"), Refused("upload.type_not_allowed"), Refused("upload.unreadable"),
    Refused("too_many_uploads").
    """
    if (upload.size or 0) > MAX_BYTES:
        raise refusal("upload.too_large")
    if Document.objects.filter(brought_by=by, brought_at__date=at.date()).count() >= MOST_A_DAY:
        raise Refused(
            "too_many_uploads", _("今天上傳的檔案已達上限。"), remedy=_("請明天再傳，或請承辦人協助。")
        )
    ending = Path(upload.name or "").suffix.lower()
    content = upload.read()
    media_type, beginning = KINDS.get(ending, ("", b"\x00"))
    if not content:
        raise refusal("upload.unreadable")
    if not media_type or not content.startswith(beginning):
        raise refusal("upload.type_not_allowed")
    document = Document(
        organisation=organisation,
        kind=kind,
        name=Path(upload.name or "").name[:120],
        media_type=media_type,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        brought_by=by,
        brought_at=at,
    )
    document.stored_name = f"documents/{document.pk}{ending}"
    path = path_of(document)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    document.save(force_insert=True)
    return document


def path_of(document: Document) -> Path:
    """Where the file lies."""
    return Path(settings.MEDIA_ROOT) / document.stored_name
