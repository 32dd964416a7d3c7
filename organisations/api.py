"""Who calls the API: an organisation by its key (`Authorization: Bearer cm_…`)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from organisations.clock import now
from organisations.models.people import ApiKey
from organisations.services.api_keys import authenticate


class KeyHolder(AnonymousUser):
    """Stands where a person would: an organisation that came with its key. `organisation`, `key`."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__()
        self.key = key
        self.organisation = key.organisation
        self.pk = f"key-{key.pk}"  # type: ignore[assignment]  # rate limits count by it

    @property
    def is_authenticated(self) -> bool:  # type: ignore[override]
        """A key that holds is a proof."""
        return True

    @property
    def is_anonymous(self) -> bool:  # type: ignore[override]
        """Known by the organisation."""
        return False


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer cm_PREFIX_SECRET`; sets `request.user` (KeyHolder) and `request.auth` (ApiKey)."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, ApiKey] | None:
        """None without a key; 401 for one that does not hold."""
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() != "bearer":
            return None
        key = authenticate(words[1], at=now()) if len(words) == 2 else None
        if key is None:
            raise AuthenticationFailed(_("金鑰不對或已撤銷。"))
        return KeyHolder(key), key

    def authenticate_header(self, request: Request) -> str:
        """Asks for a key."""
        return "Bearer"


class HasScope(BasePermission):
    """The key's scopes hold the view's `required_scope`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Only keys have scopes."""
        return isinstance(request.auth, ApiKey) and getattr(view, "required_scope", "") in request.auth.scopes


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names the key."""

    target_class = "organisations.api.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Bearer."""
        return {"type": "http", "scheme": "bearer"}
