from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PointsConfig(AppConfig):
    name = "points"

    def ready(self) -> None:
        """The audit trail's triggers follow the tables of all apps; every connection says who acts."""
        from celery import signals

        from organisations import audit
        from points.audit_of_tasks import begin, end

        post_migrate.connect(audit.attach, dispatch_uid="organisations.audit.attach")
        audit.install()
        signals.task_prerun.connect(begin, dispatch_uid="points.audit.begin")
        signals.task_postrun.connect(end, dispatch_uid="points.audit.end")
