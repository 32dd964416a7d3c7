"""Vendors report daily use: `POST /api/v1/usage/` with an API key of scope `usage`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.services.usage import MOST_ROWS, UsageRow, report_usage
from organisations.api import ApiKeyAuthentication, HasScope
from organisations.clock import now
from vendors.models.vendors import Vendor

MOST_COUNTED = 1_000_000_000


class UsageRowSerializer(serializers.Serializer[Any]):
    """One order and day. Aggregates only: no names, no content of the enterprise."""

    order = serializers.CharField(max_length=20, help_text="20-character order number")
    date = serializers.DateField(help_text="day in Taipei, ISO 8601")
    active_users = serializers.IntegerField(min_value=0, max_value=MOST_COUNTED)
    events = serializers.IntegerField(min_value=0, max_value=MOST_COUNTED, help_text="how often it was used")
    last_used_at = serializers.DateTimeField(required=False, allow_null=True)


class UsageReportSerializer(serializers.Serializer[Any]):
    """Up to 1,000 rows; a day reported again replaces what was said before."""

    rows = serializers.ListField(child=UsageRowSerializer(), min_length=1, max_length=MOST_ROWS)


class RowAnswerSerializer(serializers.Serializer[Any]):
    """What came of one row."""

    order = serializers.CharField()
    date = serializers.DateField()
    state = serializers.ChoiceField(choices=["kept", "refused"])
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)


class UsageAnswerSerializer(serializers.Serializer[Any]):
    """How many rows were kept, and the answer to each in order."""

    kept = serializers.IntegerField()
    refused = serializers.IntegerField()
    rows = RowAnswerSerializer(many=True)


class UsageView(APIView):
    """Daily use of running orders."""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [HasScope]
    required_scope = "usage"

    @extend_schema(
        operation_id="report_usage",
        summary="Report daily use",
        request=UsageReportSerializer,
        responses={200: UsageAnswerSerializer},
        tags=["usage"],
    )
    def post(self, request: Request) -> Response:
        """Keep what holds, name what does not; rows that are refused do not stop the others."""
        report = UsageReportSerializer(data=request.data)
        report.is_valid(raise_exception=True)
        vendor = Vendor.objects.filter(organisation=request.user.organisation).first()  # type: ignore[union-attr]
        if vendor is None:
            self.permission_denied(request)
        rows = [UsageRow(**row) for row in report.validated_data["rows"]]
        answers = report_usage(vendor=vendor, rows=rows, key_prefix=request.auth.prefix, at=now())  # type: ignore[union-attr]
        kept = sum(answer.state == "kept" for answer in answers)
        body = {"kept": kept, "refused": len(answers) - kept, "rows": [asdict(answer) for answer in answers]}
        return Response(UsageAnswerSerializer(body).data)
