"""Who sells and what is listed, with synonyms for the search."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Solution",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("code", models.CharField(max_length=10, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "草稿"),
                            ("listed", "上架中"),
                            ("stopped", "暫停銷售"),
                            ("delisted", "已下架"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("listed_at", models.DateTimeField(null=True)),
                (
                    "listed_until",
                    models.DateField(help_text="31 December, renewed yearly", null=True),
                ),
                ("rating_sum", models.PositiveIntegerField(default=0)),
                ("rating_count", models.PositiveIntegerField(default=0)),
                (
                    "demo_quality",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="demonstration only: steers made-up history, never shown",
                    ),
                ),
                (
                    "main_sub_category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="main_solutions",
                        to="organisations.subcategory",
                    ),
                ),
                (
                    "sub_categories",
                    models.ManyToManyField(related_name="solutions", to="organisations.subcategory"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SolutionVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("valid_from", models.DateTimeField()),
                ("name_zh", models.CharField(max_length=60)),
                ("name_en", models.CharField(max_length=60)),
                ("tagline_zh", models.CharField(blank=True, max_length=120)),
                ("tagline_en", models.CharField(blank=True, max_length=200)),
                ("summary_zh", models.TextField()),
                ("summary_en", models.TextField()),
                ("functions_zh", models.JSONField(default=list)),
                ("functions_en", models.JSONField(default=list)),
                (
                    "details",
                    models.JSONField(
                        default=dict,
                        help_text="the rest of the file: fit, exit, sla, security, AI, years 2 and 3",
                    ),
                ),
                (
                    "solution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="vendors.solution",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="solution",
            name="current",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="vendors.solutionversion",
            ),
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name_zh", models.CharField(max_length=40)),
                ("name_en", models.CharField(max_length=60)),
                ("price_twd", models.PositiveIntegerField()),
                ("months", models.PositiveSmallIntegerField()),
                ("data_volume", models.PositiveIntegerField(help_text="records")),
                (
                    "users",
                    models.PositiveIntegerField(help_text="seats; 999 = unlimited"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="vendors.solutionversion",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("term", models.CharField(max_length=60)),
                ("synonym", models.CharField(max_length=60)),
                ("language", models.CharField(max_length=2)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("term", "synonym"), name="synonym_once")],
            },
        ),
        migrations.CreateModel(
            name="Vendor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("code", models.CharField(max_length=10, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("applying", "申請中"),
                            ("active", "合格"),
                            ("suspended", "停權"),
                            ("ended", "已退場"),
                        ],
                        default="applying",
                        max_length=10,
                    ),
                ),
                ("name_en", models.CharField(max_length=160)),
                ("intro_zh", models.TextField(blank=True)),
                ("intro_en", models.TextField(blank=True)),
                ("support_hours_zh", models.CharField(blank=True, max_length=120)),
                ("support_hours_en", models.CharField(blank=True, max_length=120)),
                ("website", models.URLField(blank=True)),
                ("is_startup", models.BooleanField(default=False)),
                ("passed_at", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vendor",
                        to="organisations.organisation",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="solution",
            name="vendor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="solutions",
                to="vendors.vendor",
            ),
        ),
        migrations.AddConstraint(
            model_name="solutionversion",
            constraint=models.UniqueConstraint(fields=("solution", "number"), name="solution_version_number"),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_twd__gt", 0)), name="plan_has_a_price"
            ),
        ),
        migrations.AddIndex(
            model_name="solution",
            index=models.Index(fields=["state"], name="solution_state"),
        ),
    ]
