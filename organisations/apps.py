from django.apps import AppConfig
from django.forms import Field
from django.utils.translation import gettext_lazy as _


class OrganisationsConfig(AppConfig):
    name = "organisations"

    def ready(self) -> None:
        # Django's own words name the fault ("required field"); ours say what to do.
        Field.default_error_messages["required"] = _("請填這一項。")
