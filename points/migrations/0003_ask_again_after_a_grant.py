"""An organisation may ask again after its grant has lapsed: only open applications exclude each other."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_tables"),
        ("points", "0002_ledger_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="application",
            name="one_application_open_per_zone",
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["checking", "waiting"])),
                fields=("organisation", "zone"),
                name="one_application_open_per_zone",
            ),
        ),
    ]
