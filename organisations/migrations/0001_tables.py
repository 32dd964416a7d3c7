"""Tables of organisations, people, places, registers and jobs."""

import datetime
import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Agency",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=30, unique=True)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=160)),
            ],
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("label", models.CharField(max_length=60, verbose_name="用途")),
                ("prefix", models.CharField(max_length=8, unique=True)),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="BankAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "bank_code",
                    models.CharField(
                        help_text="bank and branch, 7 digits", max_length=7, verbose_name="銀行代號"
                    ),
                ),
                ("account_number", models.CharField(max_length=16, verbose_name="帳號")),
                ("account_name", models.CharField(max_length=100, verbose_name="戶名")),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("code", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("name_zh", models.CharField(max_length=40)),
                ("name_en", models.CharField(max_length=80)),
                ("covers", models.TextField(blank=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ahead", models.DurationField(default=datetime.timedelta(0))),
                ("moved_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="County",
            fields=[
                ("code", models.CharField(max_length=5, primary_key=True, serialize=False)),
                ("name_zh", models.CharField(max_length=10, unique=True)),
                ("name_en", models.CharField(max_length=40)),
                ("region", models.CharField(max_length=10)),
                ("id_letter", models.CharField(max_length=1)),
                (
                    "is_municipality",
                    models.BooleanField(default=False, help_text="one of the six special municipalities"),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("kind", models.CharField(help_text="registry, copay, evidence …", max_length=30)),
                (
                    "name",
                    models.CharField(
                        help_text="as the person called it; only shown", max_length=120, verbose_name="檔名"
                    ),
                ),
                ("stored_name", models.CharField(max_length=80)),
                ("media_type", models.CharField(max_length=60)),
                ("size_bytes", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "scan",
                    models.CharField(
                        choices=[
                            ("waiting", "等待掃描"),
                            ("clean", "掃描通過"),
                            ("harmful", "有惡意內容"),
                            ("none", "沒有掃描"),
                        ],
                        default="none",
                        max_length=8,
                    ),
                ),
                ("brought_at", models.DateTimeField()),
                ("kept_until", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="GcisStatus",
            fields=[
                ("code", models.CharField(max_length=2, primary_key=True, serialize=False)),
                ("description", models.CharField(max_length=60)),
                ("is_active", models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name="IdentityProof",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("moeaca", "工商憑證"),
                            ("xca", "組織及團體憑證"),
                            ("moica", "負責人自然人憑證"),
                            ("fido", "行動自然人憑證"),
                            ("mobile", "負責人手機驗證碼"),
                            ("passkey", "通行密鑰"),
                        ],
                        max_length=8,
                    ),
                ),
                ("evidence", models.JSONField(default=dict)),
                ("id_hash", models.CharField(blank=True, max_length=64)),
                ("id_last4", models.CharField(blank=True, max_length=4)),
                ("proven_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Industry",
            fields=[
                ("code", models.CharField(max_length=5, primary_key=True, serialize=False)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("section", "大類"),
                            ("division", "中類"),
                            ("group", "小類"),
                            ("class", "細類"),
                        ],
                        max_length=8,
                    ),
                ),
                ("section", models.CharField(db_index=True, max_length=1)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(blank=True, max_length=160)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="電子郵件")),
                (
                    "role",
                    models.CharField(
                        choices=[("viewer", "檢視"), ("preparer", "經辦"), ("acceptor", "有權簽署")],
                        max_length=10,
                    ),
                ),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("arguments", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "排隊中"),
                            ("running", "進行中"),
                            ("done", "完成"),
                            ("failed", "沒有完成"),
                            ("cancelled", "已取消"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("sentence", models.CharField(blank=True, max_length=200)),
                ("result_file", models.CharField(blank=True, max_length=200)),
                ("result_name", models.CharField(blank=True, max_length=120)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("cancel_asked", models.BooleanField(default=False)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("viewer", "檢視"), ("preparer", "經辦"), ("acceptor", "有權簽署")],
                        max_length=10,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="MembershipRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("is_granted", models.BooleanField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="OfficeDay",
            fields=[
                ("date", models.DateField(primary_key=True, serialize=False)),
                ("is_off", models.BooleanField()),
                ("note", models.CharField(blank=True, max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ubn", models.CharField(max_length=8, unique=True, verbose_name="統一編號")),
                ("name", models.CharField(max_length=200, verbose_name="名稱")),
                ("name_en", models.CharField(blank=True, max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("company", "公司"),
                            ("branch", "分公司"),
                            ("sole", "獨資商號"),
                            ("partnership", "合夥商號"),
                            ("tax_only", "僅稅籍登記"),
                            ("clinic", "診所"),
                            ("cooperative", "合作社"),
                            ("social", "社會創新組織"),
                            ("association", "社團"),
                            ("foundation", "財團法人"),
                            ("other", "其他組織"),
                        ],
                        max_length=12,
                    ),
                ),
                ("responsible_person", models.CharField(blank=True, max_length=60, verbose_name="負責人")),
                ("address", models.CharField(max_length=300, verbose_name="地址")),
                (
                    "industry_name",
                    models.CharField(
                        blank=True, help_text="main trade as the tax register prints it", max_length=80
                    ),
                ),
                ("capital_twd", models.BigIntegerField(help_text="empty = no register tells", null=True)),
                ("employees", models.PositiveIntegerField(null=True, verbose_name="員工人數")),
                ("setup_date", models.DateField(null=True)),
                ("head_office_ubn", models.CharField(blank=True, max_length=8)),
                ("tax_status", models.CharField(default="operating", max_length=10)),
                (
                    "register_status",
                    models.CharField(
                        blank=True, help_text="GCIS status code, empty if not registered there", max_length=2
                    ),
                ),
                ("checked_at", models.DateTimeField(help_text="registers last answered", null=True)),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="電話")),
                ("joined_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("topic", models.CharField(max_length=40)),
                ("payload", models.JSONField()),
                ("at", models.DateTimeField()),
                (
                    "transaction_id",
                    models.BigIntegerField(
                        db_default=django.db.models.expressions.RawSQL(
                            "(pg_current_xact_id()::text::bigint)", []
                        )
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProofChallenge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("purpose", models.CharField(help_text="join, sign …", max_length=20)),
                (
                    "subject",
                    models.CharField(
                        help_text="what it is for, e.g. the UBN or contract hash", max_length=80
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("moeaca", "工商憑證"),
                            ("xca", "組織及團體憑證"),
                            ("moica", "負責人自然人憑證"),
                            ("fido", "行動自然人憑證"),
                            ("mobile", "負責人手機驗證碼"),
                            ("passkey", "通行密鑰"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "challenge",
                    models.CharField(
                        help_text="hex nonce for cards, salted hash of the code for phones", max_length=200
                    ),
                ),
                ("facts", models.JSONField(default=dict)),
                ("wrong_answers", models.PositiveSmallIntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RefusedRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line_number", models.PositiveIntegerField(help_text="1 is the header")),
                ("is_quarantined", models.BooleanField(default=False)),
                ("why", models.CharField(max_length=40)),
                ("detail", models.CharField(blank=True, max_length=200)),
                ("raw", models.TextField(help_text="the line as it came, at most 2,000 characters")),
            ],
            options={
                "ordering": ["line_number", "id"],
            },
        ),
        migrations.CreateModel(
            name="RegistryChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fact", models.CharField(max_length=30)),
                ("before", models.CharField(blank=True, max_length=300)),
                ("after", models.CharField(blank=True, max_length=300)),
                ("source", models.CharField(max_length=20)),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RegistryCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ubn", models.CharField(db_index=True, max_length=8)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("join", "加入"), ("payment", "撥款前"), ("nightly", "每夜複查")],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "查詢中"),
                            ("passed", "通過"),
                            ("failed", "不符"),
                            ("officer", "由承辦人確認"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "reasons",
                    models.JSONField(
                        default=list, help_text='[{"code", "severity", "facts", "source", "as_of"}]'
                    ),
                ),
                ("answers", models.JSONField(default=dict, help_text="raw answers by source")),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RegistryCheckMove",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("verb", models.CharField(max_length=40)),
                ("source", models.CharField(max_length=30)),
                ("target", models.CharField(max_length=30)),
                ("at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["at", "id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RegistryImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=200)),
                (
                    "file_kind",
                    models.CharField(
                        choices=[("operating", "營業中（BGMOPEN1）"), ("suspended", "停業中（BGMOPEN1X）")],
                        default="operating",
                        max_length=10,
                    ),
                ),
                ("data_date", models.DateField(help_text="the date in the file's second row", null=True)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("rows_read", models.PositiveIntegerField(default=0)),
                ("rows_new", models.PositiveIntegerField(default=0)),
                ("rows_changed", models.PositiveIntegerField(default=0)),
                ("rows_gone", models.PositiveIntegerField(default=0)),
                (
                    "rows_repeated",
                    models.PositiveIntegerField(default=0, help_text="the same number once more"),
                ),
                (
                    "rows_skipped",
                    models.PositiveIntegerField(default=0, help_text="empty rows and headers in the middle"),
                ),
                (
                    "rows_quarantined",
                    models.PositiveIntegerField(default=0, help_text="the number's check digit is wrong"),
                ),
                ("rows_refused", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="RegistryRecord",
            fields=[
                ("ubn", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("address", models.TextField(help_text="as printed, whole")),
                ("head_office_ubn", models.CharField(blank=True, max_length=8)),
                (
                    "capital_twd",
                    models.BigIntegerField(
                        help_text="empty = unknown; the file prints 0 for many", null=True
                    ),
                ),
                ("setup_date", models.DateField(null=True)),
                ("organisation_kind", models.TextField(help_text="組織別名稱 as printed")),
                ("uses_invoice", models.BooleanField(null=True)),
                (
                    "industry_code",
                    models.CharField(
                        blank=True,
                        help_text="tax trade code, first two digits follow the division",
                        max_length=6,
                    ),
                ),
                ("industry_name", models.TextField()),
                ("other_industries", models.JSONField(default=list, help_text="up to three [code, name]")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("operating", "營業中"),
                            ("suspended", "停業中"),
                            ("closed", "已歇業"),
                            ("gone", "已不在營業名單"),
                        ],
                        default="operating",
                        max_length=10,
                    ),
                ),
                (
                    "row_hash",
                    models.BigIntegerField(
                        help_text="64-bit hash of the row as it came, for change detection"
                    ),
                ),
                (
                    "oddities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        default=list,
                        help_text="what the import found strange",
                        size=None,
                    ),
                ),
                ("suspended_date", models.DateField(null=True)),
                (
                    "data_date",
                    models.DateField(help_text="date of the file in which the row last changed", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StaffRole",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("reviewer", "審查委員"),
                            ("officer", "承辦人"),
                            ("finance", "財務"),
                            ("pmo", "計畫辦公室"),
                            ("sub_programme", "次領域"),
                            ("decision_maker", "決策者"),
                            ("auditor", "稽核"),
                            ("support", "客服"),
                            ("administrator", "系統管理"),
                        ],
                        max_length=20,
                    ),
                ),
                ("given_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SubCategory",
            fields=[
                ("code", models.CharField(max_length=4, primary_key=True, serialize=False)),
                ("name_zh", models.CharField(max_length=40)),
                ("name_en", models.CharField(max_length=80)),
                ("group_zh", models.CharField(max_length=20)),
                ("group_en", models.CharField(max_length=40)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Township",
            fields=[
                ("code", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("name_zh", models.CharField(max_length=10)),
                ("name_en", models.CharField(max_length=60)),
                ("postal_code", models.CharField(max_length=3)),
                ("is_rural", models.BooleanField(default=False)),
                ("is_indigenous", models.BooleanField(default=False)),
                ("is_hakka", models.BooleanField(default=False)),
                ("is_offshore", models.BooleanField(default=False)),
                ("population", models.PositiveIntegerField(default=0)),
                ("longitude", models.DecimalField(decimal_places=5, max_digits=8)),
                ("latitude", models.DecimalField(decimal_places=5, max_digits=8)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.AddField(
            model_name="apikey",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.CheckConstraint(condition=models.Q(("pk", 1)), name="clock_is_one_row"),
        ),
        migrations.AddField(
            model_name="document",
            name="brought_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="industry",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="organisations.industry",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="used_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="jobs", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="memberships",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="identityproof",
            name="membership",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="proofs",
                to="organisations.membership",
            ),
        ),
        migrations.AddField(
            model_name="membershiprequest",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="membershiprequest",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="membership_requests",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="organisation",
            name="industry",
            field=models.ForeignKey(
                help_text="division (2 digits)",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organisations.industry",
            ),
        ),
        migrations.AddField(
            model_name="membershiprequest",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="membership_requests",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="memberships",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="invitations",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="organisation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="documents",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="bankaccount",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bank_accounts",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="api_keys",
                to="organisations.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="outbox",
            index=models.Index(fields=["topic", "id"], name="outbox_topic"),
        ),
        migrations.AddField(
            model_name="proofchallenge",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="registrychange",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="registry_changes",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="registrycheck",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="registrycheck",
            name="document",
            field=models.ForeignKey(
                help_text="certificate for the officer",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organisations.document",
            ),
        ),
        migrations.AddField(
            model_name="registrycheck",
            name="organisation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="registry_checks",
                to="organisations.organisation",
            ),
        ),
        migrations.AddField(
            model_name="registrycheckmove",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="registrycheckmove",
            name="row",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="moves",
                to="organisations.registrycheck",
            ),
        ),
        migrations.AddField(
            model_name="refusedrow",
            name="of_import",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="refused_rows",
                to="organisations.registryimport",
            ),
        ),
        migrations.AddField(
            model_name="staffrole",
            name="agency",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="staff_roles",
                to="organisations.agency",
            ),
        ),
        migrations.AddField(
            model_name="staffrole",
            name="given_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="staffrole",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="staff_roles",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="subcategory",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sub_categories",
                to="organisations.category",
            ),
        ),
        migrations.AddField(
            model_name="township",
            name="county",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="townships",
                to="organisations.county",
            ),
        ),
        migrations.AddField(
            model_name="registryrecord",
            name="township",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="organisations.township",
            ),
        ),
        migrations.AddField(
            model_name="organisation",
            name="township",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="organisations",
                to="organisations.township",
            ),
        ),
        migrations.AddConstraint(
            model_name="membershiprequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decided_at", None)),
                fields=("user", "organisation"),
                name="membership_request_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("user", "organisation"),
                name="membership_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("role", "acceptor"), _negated=True), name="invitation_never_gives_signing"
            ),
        ),
        migrations.AddConstraint(
            model_name="bankaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("valid_to", None)),
                fields=("organisation",),
                name="one_bank_account_in_force",
            ),
        ),
        migrations.AddIndex(
            model_name="registrycheck",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["next_try_at"], name="registry_check_due"
            ),
        ),
        migrations.AddIndex(
            model_name="registrycheck",
            index=models.Index(
                condition=models.Q(("state", "officer")), fields=["asked_at"], name="registry_check_officer"
            ),
        ),
        migrations.AddConstraint(
            model_name="registrycheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["waiting", "officer"]), ("answered_at__isnull", False), _connector="OR"
                ),
                name="registry_check_answered_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="staffrole",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("user", "role", "agency"),
                name="staff_role_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="township",
            constraint=models.UniqueConstraint(fields=("county", "name_zh"), name="township_once_per_county"),
        ),
        migrations.AddIndex(
            model_name="registryrecord",
            index=models.Index(
                condition=models.Q(("head_office_ubn", ""), _negated=True),
                fields=["head_office_ubn"],
                name="registry_record_branches",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ubn__regex", "^[0-9]{8}$"), models.Q(("ubn", "00000000"), _negated=True)
                ),
                name="organisation_ubn_is_8_digits",
            ),
        ),
    ]
