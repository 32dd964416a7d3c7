"""One organisation per unified business number, whether it buys, sells or hosts youth."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from organisations.models.places import Industry, Township
from organisations.refusals import Refused


class Organisation(models.Model):
    """An enterprise or body known by its UBN. Facts come from registers; people do not type what a register knows."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("公司")
        BRANCH = "branch", _("分公司")
        SOLE = "sole", _("獨資商號")
        PARTNERSHIP = "partnership", _("合夥商號")
        TAX_ONLY = "tax_only", _("僅稅籍登記")
        CLINIC = "clinic", _("診所")
        COOPERATIVE = "cooperative", _("合作社")
        SOCIAL = "social", _("社會創新組織")
        ASSOCIATION = "association", _("社團")
        FOUNDATION = "foundation", _("財團法人")
        OTHER = "other", _("其他組織")

    ubn = models.CharField(_("統一編號"), max_length=8, unique=True)
    name = models.CharField(_("名稱"), max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    responsible_person = models.CharField(_("負責人"), max_length=60, blank=True)
    address = models.CharField(_("地址"), max_length=300)
    township = models.ForeignKey(Township, models.PROTECT, null=True, related_name="organisations")
    industry = models.ForeignKey(
        Industry, models.PROTECT, null=True, related_name="+", help_text="division (2 digits)"
    )
    industry_name = models.CharField(
        max_length=80, blank=True, help_text="main trade as the tax register prints it"
    )
    capital_twd = models.BigIntegerField(null=True, help_text="empty = no register tells")
    employees = models.PositiveIntegerField(_("員工人數"), null=True)
    setup_date = models.DateField(null=True)
    head_office_ubn = models.CharField(max_length=8, blank=True)
    tax_status = models.CharField(max_length=10, default="operating")
    register_status = models.CharField(
        max_length=2, blank=True, help_text="GCIS status code, empty if not registered there"
    )
    checked_at = models.DateTimeField(null=True, help_text="registers last answered")
    phone = models.CharField(_("電話"), max_length=20, blank=True)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ubn__regex=r"^[0-9]{8}$") & ~models.Q(ubn="00000000"),
                name="organisation_ubn_is_8_digits",
            )
        ]

    def __str__(self) -> str:
        return self.name


class BankAccount(models.Model):
    """Where an organisation is paid. A change is visible to claim checks for a while."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="bank_accounts")
    bank_code = models.CharField(_("銀行代號"), max_length=7, help_text="bank and branch, 7 digits")
    account_number = models.CharField(_("帳號"), max_length=16)
    account_name = models.CharField(_("戶名"), max_length=100)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(valid_to=None), name="one_bank_account_in_force"
            )
        ]

    @property
    def masked(self) -> str:
        """The account number with all but the last five digits hidden."""
        return "•" * max(len(self.account_number) - 5, 0) + self.account_number[-5:]


def require_bank_account(organisation: Organisation) -> BankAccount:
    """The account in force. Raises: Refused("no_bank_account")."""
    account = organisation.bank_accounts.filter(valid_to=None).first()
    if account is None:
        raise Refused(
            "no_bank_account", _("還沒有登記收款帳戶。"), remedy=_("請先到「收款帳戶」填寫銀行代號與帳號。")
        )
    return account
