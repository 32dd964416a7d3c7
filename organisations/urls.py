"""Addresses of this app's pages."""

from __future__ import annotations

from django.urls import path

from organisations.views import bank, jobs, joining, keys, people, registry_queue

app_name = "organisations"
urlpatterns = [
    path("my/join/", joining.join, name="join"),
    path("my/join/code/<int:challenge_id>/", joining.join_code, name="join_code"),
    path("my/join/code/<int:challenge_id>/again/", joining.join_code_again, name="join_code_again"),
    path("my/join/challenge/<int:challenge_id>/", joining.join_challenge, name="join_challenge"),
    path("my/join/<str:ubn>/", joining.join_found, name="join_found"),
    path("my/join/<str:ubn>/check/", joining.join_check, name="join_check"),
    path("my/join/<str:ubn>/again/", joining.join_again, name="join_again"),
    path("my/join/<str:ubn>/document/", joining.join_document, name="join_document"),
    path("my/join/<str:ubn>/prove/", joining.join_prove, name="join_prove"),
    path("my/join/<str:ubn>/card/", joining.join_card, name="join_card"),
    path("my/join/<str:ubn>/ask/", joining.join_ask, name="join_ask"),
    path("my/join/<str:ubn>/done/", joining.join_done, name="join_done"),
    path("my/people/", people.people, name="people"),
    path("my/people/<int:membership_id>/leave/", people.leave, name="leave"),
    path("my/people/requests/<int:request_id>/", people.decide_request, name="decide_request"),
    path(
        "my/people/invitations/<int:invitation_id>/withdraw/",
        people.withdraw_invitation,
        name="withdraw_invitation",
    ),
    path("my/invitation/<str:key>/", people.invitation, name="invitation"),
    path("my/acting/", people.acting, name="acting"),
    path("my/bank/", bank.bank, name="bank"),
    path("vendor/keys/", keys.keys, name="keys"),
    path("vendor/keys/<int:key_id>/revoke/", keys.revoke, name="revoke_key"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/cancel/", jobs.cancel_job, name="cancel_job"),
    path("jobs/<uuid:job_id>/file/", jobs.job_file, name="job_file"),
    path("office/registry/", registry_queue.registry_queue, name="registry_queue"),
    path("office/registry/<int:check_id>/", registry_queue.registry_case, name="registry_case"),
    path(
        "office/registry/<int:check_id>/again/",
        registry_queue.registry_case_again,
        name="registry_case_again",
    ),
    path(
        "office/registry/<int:check_id>/document/", registry_queue.registry_document, name="registry_document"
    ),
]
