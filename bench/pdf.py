"""One sealed contract with Chinese text: cold (the first of a process that has imported its code) and warm."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from tempfile import TemporaryDirectory

from papers.contracts import ContractData, contract_pdf
from papers.seal import attach_evidence, check_seal, make_platform_seal_key, seal_pdf

LIMIT_SECONDS = 0.5
ROUNDS = 20
_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def run() -> Iterator[dict[str, object]]:
    """`pdf.contract` carries the target; `.cold` is the first one of a process, `.check` verifying a seal."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.pdf", "child"], stdout=subprocess.PIPE, check=True, env=os.environ
    )
    shot = json.loads(done.stdout.splitlines()[-1])
    yield _line("pdf.contract", shot["warm"])
    yield _line("pdf.contract.cold", shot["cold"])
    yield _line("pdf.contract.check", shot["check"])


def _line(name: str, seconds: float) -> dict[str, object]:
    ratio = seconds / LIMIT_SECONDS
    return {
        "name": name,
        "value": round(seconds, 3),
        "limit": LIMIT_SECONDS,
        "ratio": round(ratio, 2),
        "target": 1.0,
        "ok": ratio <= 1,
    }


def _measure() -> dict[str, float]:
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        key = make_platform_seal_key(folder, at=datetime(2026, 1, 1, tzinfo=UTC))

        def sealed(n: int) -> bytes:
            pdf = attach_evidence(
                contract_pdf(_contract(n)), "signatures.json", b'{"buyer": {}, "vendor": {}}'
            )
            return seal_pdf(pdf, key=key, reason="雙方簽署完成", at=_AT)

        pdf = sealed(0)
        cold = time.perf_counter() - start
        times = []
        for n in range(1, ROUNDS + 1):
            start = time.perf_counter()
            pdf = sealed(n)
            times.append(time.perf_counter() - start)
        start = time.perf_counter()
        if not check_seal(pdf, roots=[key.certificate]).is_good:
            raise RuntimeError("the bench's own seal does not check")
        return {"cold": cold, "warm": max(times), "check": time.perf_counter() - start}


def _contract(n: int) -> ContractData:
    """Every one different in every part, so that nothing is taken from the last."""
    return {
        "language": "zh-hant",
        "number": f"O1151123{n:012d}",
        "programme": "中小企業雲端服務補助計畫",
        "zone": "一般補助專區",
        "buyer": {
            "name": f"好鄰居麵店第{n}分店",
            "ubn": f"{n:08d}",
            "address": f"屏東縣屏東市中正路{n}號",
            "representative": "林阿美",
        },
        "vendor": {
            "name": f"晴雲資訊{n}股份有限公司",
            "ubn": "24536806",
            "address": "臺北市中正區羅斯福路",
            "representative": "陳志明",
        },
        "solution": {
            "name": f"晴雲智慧點餐 {n}",
            "version": "3",
            "category": "POS 系統",
            "summary": f"手機點餐、櫃檯收銀與日結一次完成，第 {n} 版說明。",
        },
        "plan": {"name": "標準方案", "months": 12, "users": f"{n} 人", "data_volume": "20 GB"},
        "money": {
            "price_twd": 28_800 + 2 * n,
            "points": 14_400 + n,
            "copay_twd": 14_400 + n,
            "rate_bp": 5_000,
            "copay_due_date": date(2026, 11, 30),
        },
        "periods": {
            "ordered_at": _AT,
            "answer_by": date(2026, 11, 30),
            "activate_by": date(2026, 11, 30),
            "months": 12,
        },
        "service_levels": [{"item": "可用率", "promise": f"每月 99.{n} % 以上"}],
        "exit": {"formats": "CSV、JSON", "procedure": "後台匯出全部資料", "data_location": "臺灣"},
        "clause_references": [],
        "signatures": [
            {"side": "buyer", "person": "林阿美", "method": "工商憑證", "at": _AT, "key": f"4A7F{n:020X}"},
            {"side": "vendor", "person": "陳志明", "method": "通行密鑰", "at": _AT, "key": f"pK7x{n:036d}"},
        ],
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        sys.stdout.write(json.dumps(_measure()) + "\n")
    else:
        for line in run():
            sys.stdout.write(json.dumps(line) + "\n")
