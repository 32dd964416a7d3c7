"""Pages of the programme office and of auditors."""

from django.urls import path

from pmo.views import audit, warroom

app_name = "pmo"
urlpatterns = [
    path("office/warroom/", warroom.overview, name="warroom"),
    path("office/warroom/<slug:table>.<slug:fmt>", warroom.table_file, name="warroom_file"),
    path("office/map/", warroom.coverage, name="map"),
    path("office/map/<str:code>/", warroom.township, name="township"),
    path("audit/reimbursements/", audit.reimbursements_page, name="reimbursements"),
    path("audit/reimbursements/register.<slug:fmt>", audit.reimbursement_file, name="reimbursement_file"),
    path("audit/funnel/", audit.points_funnel, name="audit_funnel"),
    path("audit/ledger/", audit.ledger, name="audit_ledger"),
    path("audit/trail/", audit.trail, name="audit_trail"),
]
