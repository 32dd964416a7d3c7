"""Keys for the API."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from organisations.clock import now
from organisations.forms import KeyForm
from organisations.models.people import ApiKey, Membership
from organisations.refusals import Refused
from organisations.services.api_keys import SCOPES, make_key, revoke_key
from organisations.views.access import member_required


@never_cache
@member_required(Membership.Role.ACCEPTOR)
def keys(request: HttpRequest) -> HttpResponse:
    """Keys and the form for a new one, whose text is shown in this answer only."""
    organisation = request.organisation  # type: ignore[attr-defined]
    form = KeyForm(request.POST or None, initial={"scopes": ["usage"]})
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            _key, shown = make_key(organisation=organisation, by=request.user, at=now(), **form.cleaned_data)
            form = KeyForm(initial={"scopes": ["usage"]})
        except Refused as no:
            form.add_error(None, str(no))
    rows = organisation.api_keys.select_related("made_by").order_by("-made_at")
    context = {"form": form, "shown": shown, "keys": rows, "scopes": SCOPES}
    return render(request, "organisations/keys.html", context)


@require_POST
@member_required(Membership.Role.ACCEPTOR)
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey, pk=key_id, organisation=request.organisation)  # type: ignore[attr-defined]
    revoke_key(key, by=request.user, at=now())
    messages.success(request, _("金鑰「%(label)s」已撤銷，用它的程式立即連不進來。") % {"label": key.label})
    return redirect("organisations:keys")
