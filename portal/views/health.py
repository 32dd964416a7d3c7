"""Signs of life for machines: is the process up, can it serve, what does it count."""

from __future__ import annotations

import hmac
import time

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from redis.exceptions import RedisError

from portal.celery import HEARD_SECONDS, QUEUES, heard_key


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when database, cache, migrations and workers are all fit to serve, otherwise 503; each with a word."""
    checks = {"database": _database(), "redis": _redis(), "migrations": _migrations(), "workers": _workers()}
    ready = all(word == "ok" for word in checks.values())
    return JsonResponse({"status": "ok" if ready else "not ready", **checks}, status=200 if ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures. With METRICS_TOKEN set only for `Authorization: Bearer <token>`; production needs the token."""
    if settings.PRODUCTION or settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not settings.METRICS_TOKEN or not hmac.compare_digest(
            given.encode(), settings.METRICS_TOKEN.encode()
        ):
            return HttpResponse("metrics need their token\n", status=403, content_type="text/plain")
    return ExportToDjangoView(request)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            is_superuser = cursor.fetchone()[0]
    except DatabaseError:
        return "no answer"
    return "connected as a superuser, on whom no guard works" if is_superuser else "ok"


def _redis() -> str:
    try:
        cache.set("readyz", "1", 5)
    except RedisError:
        return "no answer"
    return "ok"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return "no answer"
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied" if missing else "ok"


def _workers() -> str:
    try:
        heard = cache.get_many([heard_key(queue) for queue in QUEUES])
    except RedisError:
        return "no answer"
    silent = [queue for queue in QUEUES if time.time() - heard.get(heard_key(queue), 0) > HEARD_SECONDS]
    return f"silent: {', '.join(silent)}" if silent else "ok"
