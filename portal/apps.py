from django.apps import AppConfig

from portal import checks
from portal.celery import app as celery_app

__all__ = [
    "PortalConfig",
    "celery_app",
    "checks",
]  # loaded with Django: `shared_task` finds our Celery, checks are known


class PortalConfig(AppConfig):
    name = "portal"
