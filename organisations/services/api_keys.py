"""Keys of an organisation for the API: shown once, kept as a hash, scoped, revocable."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organisations.models.organisation import Organisation
from organisations.models.people import ApiKey
from organisations.refusals import Refused

SCOPES = {"usage": _("回報使用量"), "orders": _("讀取訂單")}
PREFIX_CHARACTERS, SECRET_BYTES = 8, 32
MOST_KEYS = 10
NOTED_EVERY = timedelta(minutes=1)


def make_key(
    *, organisation: Organisation, label: str, scopes: list[str], by: Any, at: datetime
) -> tuple[ApiKey, str]:
    """A new key and its text, `cm_PREFIX_SECRET`, which is shown now and never again.

    Raises: Refused("unknown_scope"), Refused("too_many_keys").
    """
    if not scopes or set(scopes) - set(SCOPES):
        raise Refused("unknown_scope", _("請至少選一個用途範圍。"))
    if organisation.api_keys.filter(revoked_at=None).count() >= MOST_KEYS:
        raise Refused("too_many_keys", _("最多同時10把金鑰。"), remedy=_("請先撤銷不用的。"))
    prefix, secret = secrets.token_hex(PREFIX_CHARACTERS // 2), secrets.token_urlsafe(SECRET_BYTES)
    raw = f"cm_{prefix}_{secret}"
    key = ApiKey.objects.create(
        organisation=organisation,
        label=label,
        prefix=prefix,
        key_hash=_hash(raw),
        scopes=sorted(set(scopes)),
        made_by=by,
        made_at=at,
    )
    return key, raw


def revoke_key(key: ApiKey, *, by: Any, at: datetime) -> None:
    """End a key at once; ending it twice is the same."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at)


def authenticate(raw: str, *, at: datetime) -> ApiKey | None:
    """The key in force behind this text, or None. Its use is noted once a minute."""
    parts = raw.split("_", 2)
    if len(parts) != 3 or parts[0] != "cm" or len(raw) > 100:
        return None
    key = (
        ApiKey.objects.select_related("organisation", "made_by")
        .filter(prefix=parts[1], revoked_at=None)
        .first()
    )
    if key is None or not hmac.compare_digest(key.key_hash, _hash(raw)):
        return None
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=at - NOTED_EVERY), pk=key.pk).update(
        last_used_at=at
    )
    return key


def _hash(raw: str) -> str:
    """A plain hash is enough: the secret holds 256 random bits."""
    return hashlib.sha256(raw.encode()).hexdigest()
