"""Programmes, zones, grants, decisions, the rule book and the ledger's tables; its guards follow in 0002."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Regulation",
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
                ("version", models.PositiveSmallIntegerField(unique=True)),
                ("title_zh", models.CharField(max_length=120)),
                ("title_en", models.CharField(max_length=200)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Account",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("treasury", "國庫"),
                            ("budget", "預算"),
                            ("grant", "企業點數"),
                            ("claimable", "可請款"),
                            ("in_claim", "請款中"),
                            ("paid", "已撥款"),
                            ("unclaimable", "不可請款"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "posted_credit",
                    models.BigIntegerField(default=0, help_text="points that came in"),
                ),
                (
                    "posted_debit",
                    models.BigIntegerField(default=0, help_text="points that went out"),
                ),
                (
                    "pending_debit",
                    models.BigIntegerField(default=0, help_text="points held for orders"),
                ),
                (
                    "capped",
                    models.BooleanField(help_text="whether it keeps a balance that cannot go below zero"),
                ),
                (
                    "bucket_of",
                    models.BigIntegerField(
                        help_text="a budget is several accounts, so that many grants at once need not wait for one row",
                        null=True,
                    ),
                ),
                ("budget_source_id", models.BigIntegerField(null=True)),
                ("grant_id", models.BigIntegerField(null=True)),
                ("order_id", models.BigIntegerField(null=True)),
                ("organisation_id", models.BigIntegerField(null=True)),
                ("vendor_id", models.BigIntegerField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("bucket_of__isnull", False)),
                        fields=["bucket_of"],
                        name="account_buckets",
                    ),
                    models.Index(fields=["organisation_id"], name="account_organisation"),
                    models.Index(
                        condition=models.Q(("vendor_id__isnull", False)),
                        fields=["vendor_id"],
                        name="account_vendor",
                    ),
                    models.Index(
                        fields=["budget_source_id", "kind"],
                        name="account_budget_source",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("capped", False),
                            (
                                "posted_credit__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("posted_debit"),
                                    "+",
                                    models.F("pending_debit"),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="account_never_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("posted_credit__gte", 0),
                            ("posted_debit__gte", 0),
                            ("pending_debit__gte", 0),
                        ),
                        name="account_counters_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("capped", True),
                            models.Q(
                                ("pending_debit", 0),
                                ("posted_credit", 0),
                                ("posted_debit", 0),
                            ),
                            _connector="OR",
                        ),
                        name="account_uncapped_keeps_no_balance",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("capped", True),
                                (
                                    "kind__in",
                                    ["budget", "grant", "claimable", "in_claim"],
                                ),
                            ),
                            models.Q(
                                ("capped", False),
                                ("kind__in", ["treasury", "paid", "unclaimable"]),
                            ),
                            _connector="OR",
                        ),
                        name="account_capped_by_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("bucket_of__isnull", False), ("kind", "budget")),
                            models.Q(
                                models.Q(("kind", "budget"), _negated=True),
                                ("bucket_of__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="account_buckets_only_of_budgets",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("order_id__isnull", False)),
                        fields=("order_id", "kind"),
                        name="account_once_per_order",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("grant_id__isnull", False), ("kind", "grant")),
                        fields=("grant_id",),
                        name="account_once_per_grant",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("kind__in", ["treasury", "paid", "unclaimable"]),
                            models.Q(("bucket_of", models.F("id")), ("kind", "budget")),
                            _connector="OR",
                        ),
                        fields=("budget_source_id", "kind"),
                        name="account_once_per_budget_source",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Application",
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
                ("applied_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "查核中"),
                            ("granted", "已核發"),
                            ("refused", "未通過"),
                            ("waiting", "候補中"),
                        ],
                        default="checking",
                        max_length=10,
                    ),
                ),
                (
                    "declared_grants",
                    models.JSONField(default=list, help_text="other grants the applicant declared"),
                ),
                (
                    "applied_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="organisations.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApplicationMove",
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
                ("verb", models.CharField(max_length=40)),
                ("source", models.CharField(max_length=30)),
                ("target", models.CharField(max_length=30)),
                ("at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="points.application",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BudgetSource",
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
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=160)),
                ("roc_year", models.PositiveSmallIntegerField()),
                (
                    "account_id",
                    models.BigIntegerField(
                        help_text="ledger account; no foreign key by design",
                        unique=True,
                    ),
                ),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="budget_sources",
                        to="organisations.agency",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Decision",
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
                ("facts", models.JSONField()),
                (
                    "outcomes",
                    models.JSONField(help_text='[{"condition", "passed", "facts", "clause"}]'),
                ),
                ("is_eligible", models.BooleanField()),
                ("made_at", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="organisations.organisation",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="application",
            name="decision",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="points.decision",
            ),
        ),
        migrations.CreateModel(
            name="Digest",
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
                ("from_transaction", models.BigIntegerField()),
                ("to_transaction", models.BigIntegerField(unique=True)),
                ("transfers", models.BigIntegerField()),
                ("points", models.BigIntegerField()),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("to_transaction__gt", models.F("from_transaction"))),
                        name="digest_goes_forward",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Grant",
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
                (
                    "account_id",
                    models.BigIntegerField(
                        help_text="ledger account; no foreign key by design",
                        unique=True,
                    ),
                ),
                ("points", models.PositiveIntegerField()),
                ("exclusion_group", models.CharField(blank=True, max_length=30)),
                (
                    "is_regrant",
                    models.BooleanField(default=False, help_text="out of points that had come back"),
                ),
                ("granted_at", models.DateTimeField()),
                (
                    "use_by_date",
                    models.DateField(help_text="points not ordered by the end of this day lapse"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("live", "可用"),
                            ("lapsed", "已收回"),
                            ("used", "已用完"),
                        ],
                        default="live",
                        max_length=8,
                    ),
                ),
                (
                    "budget_source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="points.budgetsource",
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="points.decision",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="organisations.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GrantMove",
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
                ("verb", models.CharField(max_length=40)),
                ("source", models.CharField(max_length=30)),
                ("target", models.CharField(max_length=30)),
                ("at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="points.grant",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("debit", models.BigIntegerField()),
                ("credit", models.BigIntegerField()),
                ("points", models.BigIntegerField()),
                ("captured", models.BigIntegerField(default=0)),
                ("released", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("captured__gte", 0),
                            (
                                "points__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("captured"), "+", models.F("released")
                                ),
                            ),
                            ("released__gte", 0),
                        ),
                        name="hold_never_exceeded",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Programme",
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
                ("code", models.SlugField(max_length=30, unique=True)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=160)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("grants_frozen_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="programmes",
                        to="organisations.agency",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="budgetsource",
            name="programme",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="budget_sources",
                to="points.programme",
            ),
        ),
        migrations.CreateModel(
            name="SubProgramme",
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
                ("code", models.SlugField(max_length=30, unique=True)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=160)),
                (
                    "kind",
                    models.CharField(help_text="small, large or guidance", max_length=10),
                ),
                ("audience", models.CharField(blank=True, max_length=120)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sub_programmes",
                        to="organisations.agency",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SubsidyRecord",
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
                ("ubn", models.CharField(db_index=True, max_length=8)),
                ("programme_name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(help_text="small, large or guidance", max_length=10),
                ),
                ("cost_item", models.CharField(blank=True, max_length=80)),
                ("amount_twd", models.PositiveIntegerField()),
                ("approved_at", models.DateTimeField()),
                ("starts_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("status", models.CharField(default="live", max_length=12)),
                (
                    "grant",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subsidy_record",
                        to="points.grant",
                    ),
                ),
                (
                    "sub_programme",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subsidies",
                        to="points.subprogramme",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Transfer",
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
                (
                    "idempotency_key",
                    models.CharField(db_collation="C", max_length=100, unique=True),
                ),
                (
                    "operation",
                    models.CharField(
                        choices=[
                            ("appropriate", "編列"),
                            ("grant", "核發"),
                            ("hold", "圈存"),
                            ("capture", "扣抵"),
                            ("release", "釋放"),
                            ("lapse", "逾期收回"),
                            ("claim", "請款"),
                            ("return", "退回請款"),
                            ("pay", "撥款"),
                            ("unclaimable", "列為不可請款"),
                            ("reclaim", "收回"),
                            ("rebalance", "預算內調撥"),
                        ],
                        max_length=12,
                    ),
                ),
                ("debit", models.BigIntegerField(help_text="account that gives")),
                ("credit", models.BigIntegerField(help_text="account that receives")),
                ("points", models.BigIntegerField()),
                (
                    "hold_id",
                    models.BigIntegerField(
                        help_text="the hold that a capture or release draws on",
                        null=True,
                    ),
                ),
                ("reason", models.CharField(max_length=30)),
                ("cause_type", models.CharField(max_length=30)),
                ("cause_id", models.BigIntegerField()),
                ("event_at", models.DateTimeField(help_text="on the platform's clock")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="real time, whatever the clock says",
                    ),
                ),
                (
                    "transaction_id",
                    models.BigIntegerField(
                        db_default=django.db.models.expressions.RawSQL(
                            "(pg_current_xact_id()::text::bigint)", []
                        )
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["debit", "id"], name="transfer_debit"),
                    models.Index(fields=["credit", "id"], name="transfer_credit"),
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["transaction_id"],
                        name="transfer_transaction",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("points__gt", 0)),
                        name="transfer_moves_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("debit", models.F("credit")), _negated=True),
                        name="transfer_between_two_accounts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("hold_id__isnull", False),
                                ("operation__in", ["capture", "release"]),
                            ),
                            models.Q(
                                models.Q(
                                    ("operation__in", ["capture", "release"]),
                                    _negated=True,
                                ),
                                ("hold_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="transfer_settles_a_hold",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Zone",
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
                ("code", models.SlugField(max_length=30, unique=True)),
                (
                    "funding",
                    models.CharField(
                        choices=[
                            ("own", "自有經費"),
                            ("list_only", "只採用方案清單"),
                            ("self_paid", "全額自付"),
                            ("showcase", "展示"),
                        ],
                        max_length=10,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="zones",
                        to="points.programme",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.AddField(
            model_name="application",
            name="zone",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="applications",
                to="points.zone",
            ),
        ),
        migrations.CreateModel(
            name="ZoneBudget",
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
                (
                    "budget_source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="points.budgetsource",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="ZoneVersion",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "草稿"),
                            ("tried", "已試算"),
                            ("approved", "已核定"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                (
                    "valid",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        help_text="from (inclusive) to (exclusive); open end = in force"
                    ),
                ),
                ("name_zh", models.CharField(max_length=60)),
                ("name_en", models.CharField(max_length=120)),
                ("audience_zh", models.CharField(blank=True, max_length=120)),
                ("audience_en", models.CharField(blank=True, max_length=200)),
                ("text_zh", models.TextField(blank=True)),
                ("text_en", models.TextField(blank=True)),
                (
                    "cap_points",
                    models.PositiveIntegerField(default=30000, help_text="most points per organisation"),
                ),
                (
                    "rate_bp",
                    models.PositiveSmallIntegerField(default=5000, help_text="points ≤ rate × price"),
                ),
                (
                    "conditions",
                    models.JSONField(
                        default=list,
                        help_text='[{"name": "kinds", "arguments": {…}, "clause": "R2-1"}]',
                    ),
                ),
                (
                    "categories",
                    models.JSONField(default=list, help_text="allowed category codes; empty = all"),
                ),
                (
                    "activate_by",
                    models.CharField(
                        default="end_of_month",
                        help_text="end of the calendar month of signing",
                        max_length=20,
                    ),
                ),
                (
                    "use_by_months",
                    models.PositiveSmallIntegerField(default=3, help_text="points not ordered by then lapse"),
                ),
                (
                    "default_activation_days",
                    models.PositiveSmallIntegerField(default=14, help_text="after the vendor accepts"),
                ),
                (
                    "answer_within_working_days",
                    models.PositiveSmallIntegerField(default=5, help_text="vendor's answer to an order"),
                ),
                (
                    "use_days_before_claim",
                    models.PositiveSmallIntegerField(default=30, help_text="days of use before a claim"),
                ),
                ("service_months", models.PositiveSmallIntegerField(default=12)),
                (
                    "exclusion_group",
                    models.CharField(
                        blank=True,
                        help_text="one live grant per organisation and group",
                        max_length=30,
                    ),
                ),
                (
                    "sampling_rate_bp",
                    models.PositiveSmallIntegerField(
                        default=500,
                        help_text="automatic approvals looked at afterwards",
                    ),
                ),
                (
                    "auto_claim_limit_points",
                    models.PositiveIntegerField(default=0, help_text="0 = every claim goes to an officer"),
                ),
                ("approved_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "budget_sources",
                    models.ManyToManyField(through="points.ZoneBudget", to="points.budgetsource"),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="points.zone",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="zonebudget",
            name="zone_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="zone_budgets",
                to="points.zoneversion",
            ),
        ),
        migrations.AddField(
            model_name="grant",
            name="zone_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="grants",
                to="points.zoneversion",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="zone_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="points.zoneversion",
            ),
        ),
        migrations.CreateModel(
            name="Clause",
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
                ("code", models.CharField(max_length=12)),
                ("position", models.PositiveSmallIntegerField()),
                ("heading_zh", models.CharField(blank=True, max_length=200)),
                ("heading_en", models.CharField(blank=True, max_length=300)),
                ("text_zh", models.TextField()),
                ("text_en", models.TextField()),
                (
                    "facts",
                    models.JSONField(default=dict, help_text="figures, what it replaces, basis"),
                ),
                (
                    "regulation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clauses",
                        to="points.regulation",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("regulation", "code"), name="clause_once_per_version")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["checking", "granted", "waiting"])),
                fields=("organisation", "zone"),
                name="one_application_open_per_zone",
            ),
        ),
        migrations.AddConstraint(
            model_name="zoneversion",
            constraint=models.UniqueConstraint(fields=("zone", "number"), name="zone_version_number"),
        ),
        migrations.AddConstraint(
            model_name="zoneversion",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("state", "approved")),
                expressions=[("zone", "="), ("valid", "&&")],
                name="one_zone_version_in_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="zoneversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "approved"), _negated=True),
                    models.Q(
                        ("approved_at__isnull", False),
                        models.Q(("approved_by", models.F("made_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="zone_version_needs_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="zonebudget",
            constraint=models.UniqueConstraint(
                fields=("zone_version", "budget_source"), name="zone_budget_once"
            ),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(
                condition=models.Q(("state", "live")),
                fields=["use_by_date"],
                name="grant_lapse_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "live"), models.Q(("exclusion_group", ""), _negated=True)),
                fields=("organisation", "exclusion_group"),
                name="one_live_grant_per_exclusion_group",
            ),
        ),
    ]
