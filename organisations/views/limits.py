"""How often one person, or one address, may ask for something."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from redis.exceptions import RedisError

View = Callable[..., HttpResponseBase]


def limited(
    name: str, *, count: int, seconds: int, methods: tuple[str, ...] = ("POST",)
) -> Callable[[View], View]:
    """At most `count` requests by `methods` within `seconds` from one person (one address, when not signed in); then 429.

    Note: without its cache the platform does not stop.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in methods and _exceeds(f"limit:{name}:{_who(request)}", count, seconds):
                response = render(request, "429.html", status=429)
                response["Retry-After"] = str(seconds)
                return response
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def address_of(request: HttpRequest) -> str:
    """Where a request comes from: the address that the last trusted proxy saw."""
    trusted = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    if trusted and len(forwarded) >= trusted:
        return forwarded[-trusted]
    return str(request.META.get("REMOTE_ADDR", ""))


def _who(request: HttpRequest) -> str:
    return f"user:{request.user.pk}" if request.user.is_authenticated else f"address:{address_of(request)}"


def _exceeds(key: str, count: int, seconds: int) -> bool:
    try:
        cache.add(key, 0, timeout=seconds)
        return bool(cache.incr(key) > count)
    except (RedisError, OSError, ValueError):
        return False
