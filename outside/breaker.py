"""A circuit breaker shared by all processes: after several failed calls a system is left alone for a while."""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

FAILURES_TO_OPEN = 5
COUNTED_SECONDS = 60
OPEN_SECONDS = 30
Value = TypeVar("Value")


def is_open(circuit: str) -> bool:
    """Whether calls must not be made now. After the pause one call at a time may try."""
    if _kept(lambda: cache.get(f"outside:{circuit}:open"), None):
        return True
    if (_kept(lambda: cache.get(f"outside:{circuit}:failures"), 0) or 0) < FAILURES_TO_OPEN:
        return False
    return not _kept(lambda: cache.add(f"outside:{circuit}:trial", 1, timeout=OPEN_SECONDS), True)


def failed(circuit: str) -> None:
    """Count a failed call; the fifth within a minute opens the circuit."""
    key = f"outside:{circuit}:failures"

    def count() -> int:
        cache.add(key, 0, timeout=COUNTED_SECONDS + OPEN_SECONDS)
        return int(cache.incr(key))

    if _kept(count, 0) >= FAILURES_TO_OPEN:
        _kept(lambda: cache.set(f"outside:{circuit}:open", 1, timeout=OPEN_SECONDS), None)
        _kept(lambda: cache.delete(f"outside:{circuit}:trial"), None)


def worked(circuit: str) -> None:
    """Forget earlier failures."""
    _kept(
        lambda: cache.delete_many([f"outside:{circuit}:{part}" for part in ("failures", "open", "trial")]),
        None,
    )


def _kept(ask: Callable[[], Value], otherwise: Value) -> Value:
    """A cache that is down, or a counter that has just run out, must not stop the call itself."""
    try:
        return ask()
    except (RedisError, OSError, ValueError):
        return otherwise
