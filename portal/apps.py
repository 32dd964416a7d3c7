from django.apps import AppConfig

from portal.celery import app as celery_app

__all__ = ["PortalConfig", "celery_app"]  # loaded with Django, so that `shared_task` finds our Celery


class PortalConfig(AppConfig):
    name = "portal"
