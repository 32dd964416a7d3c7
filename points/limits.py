"""How often somebody may ask: a count per window in the cache."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest


def within_limit(name: str, request: HttpRequest, *, most: int, seconds: int) -> bool:
    """Whether this address has asked at most `most` times in the current window of `seconds`; counts this time too."""
    key = f"limit:{name}:{request.META.get('REMOTE_ADDR', '')}"
    if cache.add(key, 1, timeout=seconds):
        return True
    try:
        return bool(cache.incr(key) <= most)
    except ValueError:  # the window ended in between
        return True
