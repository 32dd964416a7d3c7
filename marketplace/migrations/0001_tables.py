"""Orders from choice to use, claims with their checks, payout batches."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_tables"),
        ("points", "0001_tables"),
        ("vendors", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Claim",
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
                ("number", models.CharField(max_length=20, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "自動檢查中"),
                            ("officer", "承辦審查中"),
                            ("returned", "退回補正"),
                            ("approved", "審查通過"),
                            ("in_batch", "撥款中"),
                            ("paid", "已撥款"),
                            ("failed", "匯款失敗"),
                            ("rejected", "退件"),
                        ],
                        default="checking",
                        max_length=10,
                    ),
                ),
                ("points", models.PositiveIntegerField(help_text="asked for")),
                ("approved_points", models.PositiveIntegerField(null=True)),
                (
                    "account_id",
                    models.BigIntegerField(help_text="ledger account 'in claim' of the order", null=True),
                ),
                ("submitted_at", models.DateTimeField()),
                ("clock_stopped_at", models.DateTimeField(null=True)),
                ("stopped_seconds", models.PositiveIntegerField(default=0)),
                ("decided_at", models.DateTimeField(null=True)),
                ("paid_at", models.DateTimeField(null=True)),
                (
                    "risk",
                    models.PositiveSmallIntegerField(default=0, help_text="0–100; routes, never decides"),
                ),
                ("risk_parts", models.JSONField(default=list)),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        help_text="what the vendor reads with a return or rejection",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="vendors.vendor",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClaimCheck",
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
                ("rule", models.CharField(max_length=40)),
                ("rule_version", models.PositiveSmallIntegerField(default=1)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("pass", "通過"), ("warn", "注意"), ("stop", "停止")],
                        max_length=4,
                    ),
                ),
                ("facts", models.JSONField(default=dict)),
                ("made_at", models.DateTimeField()),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="checks",
                        to="marketplace.claim",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClaimMove",
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
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="marketplace.claim",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Order",
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
                    "number",
                    models.CharField(
                        help_text="20 characters, ROC year first, last one a check character",
                        max_length=20,
                        unique=True,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "待簽署"),
                            ("signed", "等業者回覆"),
                            ("accepted", "業者已接單"),
                            ("activated", "已啟用"),
                            ("in_use", "使用中"),
                            ("refused", "業者未接單"),
                            ("expired", "逾期取消"),
                            ("cancelled", "已取消"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                (
                    "frozen",
                    models.JSONField(help_text="names, plan, price, exit terms as they were when ordered"),
                ),
                ("price_twd", models.PositiveIntegerField()),
                ("points", models.PositiveIntegerField()),
                ("copay_twd", models.PositiveIntegerField()),
                (
                    "account_id",
                    models.BigIntegerField(
                        help_text="ledger account 'claimable' of this order",
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "hold_id",
                    models.BigIntegerField(help_text="the ledger's hold of its points", null=True),
                ),
                (
                    "form_token",
                    models.CharField(
                        help_text="of the page it was sent from: a double click is one order",
                        max_length=36,
                        null=True,
                        unique=True,
                    ),
                ),
                ("placed_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField(null=True)),
                (
                    "answer_by_date",
                    models.DateField(help_text="vendor answers by the end of this day", null=True),
                ),
                ("accepted_at", models.DateTimeField(null=True)),
                (
                    "activate_by_date",
                    models.DateField(
                        help_text="else the hold is released (1-month return)",
                        null=True,
                    ),
                ),
                ("copay_due_date", models.DateField(null=True)),
                ("copay_paid_at", models.DateTimeField(null=True)),
                (
                    "copay_reference",
                    models.CharField(
                        blank=True,
                        help_text="receipt or transfer number the vendor entered",
                        max_length=60,
                        verbose_name="收款憑據",
                    ),
                ),
                ("activated_at", models.DateTimeField(null=True)),
                ("service_url", models.URLField(blank=True, verbose_name="使用網址")),
                (
                    "activation_note",
                    models.TextField(
                        blank=True,
                        help_text="never a password",
                        verbose_name="開通說明",
                    ),
                ),
                (
                    "confirm_by_date",
                    models.DateField(
                        help_text="silence until the end of this day is acceptance",
                        null=True,
                    ),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(
                        help_text="acceptance by the buyer: points are captured",
                        null=True,
                    ),
                ),
                ("claimable_from", models.DateField(null=True)),
                ("service_ends_on", models.DateField(null=True)),
                (
                    "frozen_by_buyer_at",
                    models.DateTimeField(help_text='"I never ordered this": no claim is paid', null=True),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        help_text="empty = all self-paid",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="points.grant",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="vendors.plan",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="vendors.vendor",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="vendors.solutionversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Invoice",
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
                ("number", models.CharField(max_length=10)),
                (
                    "period",
                    models.CharField(help_text="11306 = May–June 2024", max_length=5),
                ),
                ("issued_on", models.DateField()),
                ("seller_ubn", models.CharField(max_length=8)),
                ("buyer_ubn", models.CharField(max_length=8)),
                ("amount_twd", models.PositiveIntegerField(help_text="tax included")),
                ("tax_twd", models.PositiveIntegerField()),
                ("entered_at", models.DateTimeField()),
                ("voided_at", models.DateTimeField(null=True)),
                (
                    "claim",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="marketplace.claim",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="marketplace.order",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Contract",
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
                ("unsigned_pdf", models.BinaryField()),
                (
                    "sha256",
                    models.CharField(help_text="of the unsigned PDF: what is signed", max_length=64),
                ),
                ("sealed_pdf", models.BinaryField(null=True)),
                ("sealed_at", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField()),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contract",
                        to="marketplace.order",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="claim",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="claims",
                to="marketplace.order",
            ),
        ),
        migrations.CreateModel(
            name="OrderMove",
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
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="marketplace.order",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PayoutBatch",
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
                ("number", models.CharField(max_length=20, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "編製中"),
                            ("approved", "財務已核可"),
                            ("sent", "已送銀行"),
                            ("settled", "銀行已回覆"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("file", models.BinaryField(null=True)),
                ("file_sha256", models.CharField(blank=True, max_length=64)),
                ("receipt", models.CharField(blank=True, max_length=60)),
                ("result_file", models.BinaryField(null=True)),
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
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Payout",
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
                    "sequence",
                    models.PositiveIntegerField(help_text="record number in the file"),
                ),
                ("amount_twd", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "等待撥款"),
                            ("paid", "已入帳"),
                            ("failed", "匯款失敗"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "bank_code",
                    models.CharField(
                        blank=True,
                        help_text="the bank's return code, 00 = paid",
                        max_length=2,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "bank_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.bankaccount",
                    ),
                ),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts",
                        to="marketplace.claim",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts",
                        to="marketplace.payoutbatch",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PayoutBatchMove",
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
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="marketplace.payoutbatch",
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
            name="Rating",
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
                ("stars", models.PositiveSmallIntegerField()),
                ("text", models.TextField(blank=True)),
                (
                    "effects",
                    models.JSONField(
                        default=dict,
                        help_text="cost, revenue, input, product, staff: 0–4 each",
                    ),
                ),
                ("still_used", models.BooleanField(default=True)),
                ("rated_at", models.DateTimeField()),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rating",
                        to="marketplace.order",
                    ),
                ),
                (
                    "rated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Signature",
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
                    "party",
                    models.CharField(choices=[("buyer", "企業"), ("vendor", "業者")], max_length=6),
                ),
                ("method", models.CharField(max_length=8)),
                ("signed_at", models.DateTimeField()),
                (
                    "evidence",
                    models.JSONField(help_text="CMS or WebAuthn data, base64"),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="marketplace.contract",
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UsageDay",
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
                ("date", models.DateField()),
                ("active_users", models.PositiveIntegerField()),
                ("events", models.PositiveIntegerField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("reported_at", models.DateTimeField()),
                (
                    "reported_with",
                    models.CharField(help_text="prefix of the API key", max_length=8),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage_days",
                        to="marketplace.order",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["organisation", "-placed_at"], name="order_of_organisation"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["vendor", "state"], name="order_of_vendor"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("points__lte", models.F("price_twd")),
                    (
                        "copay_twd",
                        django.db.models.expressions.CombinedExpression(
                            models.F("price_twd"), "-", models.F("points")
                        ),
                    ),
                ),
                name="order_points_and_copay_make_the_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("points", 0), ("grant__isnull", False), _connector="OR"),
                name="order_points_come_from_a_grant",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["draft", "signed", "accepted", "activated", "in_use"],
                    ),
                    ("points__gt", 0),
                ),
                fields=("organisation", "version"),
                name="one_subsidised_order_per_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("voided_at", None)),
                fields=("number", "period"),
                name="invoice_number_used_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__regex", "^[A-Z]{2}[0-9]{8}$")),
                name="invoice_number_form",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(fields=["state", "submitted_at"], name="claim_queue"),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["rejected", "paid"]), _negated=True),
                fields=("order",),
                name="one_open_claim_per_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["approved", "in_batch", "paid"]), _negated=True),
                    ("approved_points__isnull", False),
                    _connector="OR",
                ),
                name="approved_claim_has_points",
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", None),
                    models.Q(("approved_by", models.F("made_by")), _negated=True),
                    _connector="OR",
                ),
                name="batch_needs_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.UniqueConstraint(fields=("batch", "sequence"), name="payout_sequence"),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "failed"), _negated=True),
                fields=("claim",),
                name="claim_is_paid_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="rating",
            constraint=models.CheckConstraint(
                condition=models.Q(("stars__range", (1, 5))), name="rating_1_to_5"
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.UniqueConstraint(fields=("contract", "party"), name="each_party_signs_once"),
        ),
        migrations.AddConstraint(
            model_name="usageday",
            constraint=models.UniqueConstraint(fields=("order", "date"), name="usage_once_a_day"),
        ),
    ]
