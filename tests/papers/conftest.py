"""Samples of every paper, shared by the tests of this folder."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from papers.contracts import ContractData, LetterData, StatementData
from papers.seal import SealKey, make_platform_seal_key


@pytest.fixture
def contract() -> ContractData:
    return {
        "language": "zh-hant",
        "number": "O1151123000000000042",
        "programme": "中小企業雲端服務補助計畫",
        "zone": "一般補助專區",
        "buyer": {
            "name": "好鄰居麵店",
            "ubn": "01234567",
            "address": "屏東縣屏東市中正路12號",
            "representative": "林阿美",
        },
        "vendor": {
            "name": "晴雲資訊股份有限公司",
            "ubn": "24536806",
            "address": "臺北市中正區羅斯福路二段100號",
            "representative": "陳志明",
            "contact": "service@qingyun.example",
        },
        "solution": {
            "name": "晴雲智慧點餐",
            "version": "3",
            "category": "POS 系統",
            "summary": "手機點餐、櫃檯收銀與日結一次完成。",
            "functions": ["手機點餐", "櫃檯收銀"],
        },
        "plan": {"name": "標準方案", "months": 12, "users": "5 人", "data_volume": "20 GB"},
        "money": {
            "price_twd": 28_800,
            "points": 14_400,
            "copay_twd": 14_400,
            "rate_bp": 5_000,
            "copay_due_date": date(2026, 11, 30),
        },
        "periods": {
            "ordered_at": datetime(2026, 11, 23, 6, 5, 9, tzinfo=UTC),
            "answer_by": date(2026, 11, 30),
            "activate_by": date(2026, 11, 30),
            "months": 12,
            "default_activation_days": 14,
        },
        "service_levels": [{"item": "可用率", "promise": "每月 99.5% 以上"}],
        "exit": {
            "formats": "CSV、JSON",
            "procedure": "後台匯出全部資料",
            "data_location": "臺灣",
            "second_year_twd": 26_400,
        },
        "clause_references": [{"clause": "管理辦法第 12 條", "text": "點數抵付以總價之 50% 為上限"}],
        "signatures": [
            {
                "side": "buyer",
                "person": "林阿美",
                "method": "工商憑證",
                "at": datetime(2026, 11, 23, 6, 7, 1, tzinfo=UTC),
                "key": "4A7F00C1D29E8B3365AA10FE",
            },
            {
                "side": "vendor",
                "person": "陳志明",
                "method": "通行密鑰",
                "at": datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
                "key": "pK7xq2Lr9vTn4wZs1YbUe8dGhJc0MfAo3iRkXlNpQtE",
            },
        ],
    }


@pytest.fixture
def statement() -> StatementData:
    return {
        "language": "zh-hant",
        "title": "點數對帳單",
        "number": "S115-000123",
        "holder": "好鄰居麵店",
        "holder_number": "01234567",
        "account": "一般補助專區",
        "from_date": date(2026, 9, 1),
        "until_date": date(2026, 11, 30),
        "opening_points": 0,
        "moves": [
            {
                "at": datetime(2026, 9, 3, 2, 15, tzinfo=UTC),
                "what": "核發",
                "reference": "D1150903-0021",
                "in_points": 30_000,
                "out_points": 0,
                "balance_points": 30_000,
            },
            {
                "at": datetime(2026, 11, 23, 6, 7, tzinfo=UTC),
                "what": "圈存",
                "reference": "O1151123000000000042",
                "in_points": 0,
                "out_points": 14_400,
                "balance_points": 15_600,
            },
        ],
        "closing_points": 15_600,
        "made_at": datetime(2026, 11, 30, 8, 0, tzinfo=UTC),
        "made_by": "林阿美",
    }


@pytest.fixture
def letter() -> LetterData:
    return {
        "language": "zh-hant",
        "sender": "雲市集計畫辦公室",
        "sender_lines": ["臺北市中正區範例路1號"],
        "receiver": "晴雲資訊股份有限公司",
        "receiver_lines": ["統一編號 24536806"],
        "number": "雲辦字第 1150001234 號",
        "date": date(2026, 11, 23),
        "subject": "解決方案通過計畫審。",
        "paragraphs": ["依審查會議決議辦理。", "請於 7 日內確認上架資料。"],
        "items": ["價格方案"],
        "signature": "王大同",
        "copies_to": ["財務組"],
    }


@pytest.fixture(scope="session")
def seal_key(tmp_path_factory: pytest.TempPathFactory) -> SealKey:
    return make_platform_seal_key(tmp_path_factory.mktemp("seal"), at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def other_key(tmp_path: Path) -> SealKey:
    return make_platform_seal_key(tmp_path, name="另一把鑰匙", at=datetime(2026, 1, 1, tzinfo=UTC))
