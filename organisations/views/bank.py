"""Where an organisation is paid."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from organisations.clock import now
from organisations.forms import BankAccountForm
from organisations.models.people import Membership
from organisations.services.bank_accounts import set_bank_account
from organisations.views.access import member_required


@member_required(Membership.Role.ACCEPTOR)
def bank(request: HttpRequest) -> HttpResponse:
    """The account in force, those before, and the form for another."""
    organisation = request.organisation  # type: ignore[attr-defined]
    form = BankAccountForm(request.POST or None, initial={"account_name": organisation.name})
    if request.method == "POST" and form.is_valid():
        set_bank_account(organisation=organisation, by=request.user, at=now(), **form.cleaned_data)
        messages.success(request, _("收款帳戶已更新。正在審查的請款會再確認一次帳戶。"))
        return redirect("organisations:bank")
    accounts = organisation.bank_accounts.order_by("-valid_from")
    return render(request, "organisations/bank.html", {"form": form, "accounts": accounts})
