"""The twin's bank: takes a credit file, checks it strictly, and answers after a while with a result file."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from outside import ach
from outside.sandbox.web import Reply, Request, Twin, Unfit, as_json, route

SETTLES_AFTER = timedelta(seconds=5)
ENCODING = "latin-1"  # keeps bytes as they are inside JSON


@route("POST", "/bank/files")
def take_file(twin: Twin, request: Request) -> Reply:
    """Take a P01 file."""
    name = unquote(request.headers.get("x-file-name", ""))
    if not name:
        raise Unfit("X-File-Name is missing")
    try:
        details = ach.read_file(request.body, "ACHP01")
    except ach.FileBroken as error:
        return as_json({"errors": [str(error)]}, 400)
    errors = [f"record {line}: {why}" for line, row in details if (why := _fault_of(row))]
    if errors:
        return as_json({"errors": errors}, 400)
    return _receipt(twin, request, name, sum(int(row["AMT"]) for _, row in details), len(details))


def _receipt(twin: Twin, request: Request, name: str, amount: int, count: int) -> Reply:
    content = request.body.decode(ENCODING)
    earlier = next((one for one in twin.store.all("bank", limit=100_000) if one["file_name"] == name), None)
    if earlier and earlier["content"] != content:
        return as_json({"error": "another file with this name was handed in before"}, 409)
    if not earlier:
        body = {"file_name": name, "content": content, "count": count, "amount_twd": amount}
        number = twin.store.add("bank", "file", body, key=f"file:{name}")
    else:
        number = earlier["id"]
    return as_json({"receipt": f"B{number:08d}", "count": count, "amount": amount}, 201)


def _fault_of(row: dict[str, str]) -> str:
    if (row["TYPE"], row["TXTYPE"]) != ("N", "SD"):
        return "TYPE must be N and TXTYPE SD"
    if row["RCODE"] or row["PSEQ"]:
        return "RCODE and PSEQ must be empty in a P01 file"
    if len(row["RBANK"]) != 7 or len(row["PBANK"]) != 7:
        return "bank codes have 7 digits"
    if not row["PID"] or not row["CID"]:
        return "CID or PID is missing"
    return "" if int(row["AMT"]) > 0 else "the amount must be above zero"


@route("GET", "/bank/files/<receipt>/result")
def result(twin: Twin, request: Request, receipt: str) -> Reply:
    """The R01 file, or status 202 while the bank is at work."""
    one = _file(twin, receipt)
    if one is None:
        return as_json({"error": "no such receipt"}, 404)
    settled = twin.store.get("bank-result", receipt)
    if settled is None and datetime.now(UTC) - datetime.fromisoformat(one["at"]) < SETTLES_AFTER:
        return as_json({"state": "at work"}, 202)
    settled = settled or _settle(twin, receipt, one)
    return Reply(200, settled["content"].encode(ENCODING), "application/octet-stream")


@route("POST", "/bank/files/<receipt>/settle")
def settle(twin: Twin, request: Request, receipt: str) -> Reply:
    """Finish a file at once."""
    one = _file(twin, receipt)
    if one is None:
        return as_json({"error": "no such receipt"}, 404)
    if twin.store.get("bank-result", receipt) is None:
        _settle(twin, receipt, one)
    return as_json({"state": "settled"})


def _settle(twin: Twin, receipt: str, one: dict[str, Any]) -> dict[str, Any]:
    """A planned failure is used up by the first payment to its account."""
    content = one["content"].encode(ENCODING)
    codes = {}
    for _, row in ach.read_file(content, "ACHP01"):
        account = row["RCLNO"].lstrip("0")
        planned = twin.store.get("bank-failure", account)
        if planned:
            codes[row["SEQ"]] = planned["code"]
            twin.store.take("bank-failure", account)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    answer = ach.build_result_file(content, codes, previous_day=yesterday)
    body = {"content": answer.decode(ENCODING)}
    twin.store.put("bank-result", receipt, body)
    return body


@route("POST", "/bank/failures")
def plan_failure(twin: Twin, request: Request) -> Reply:
    """The next payment to this account fails with this code."""
    account, code = request.text("account", "code")
    if len(code) != 2 or not code.isdigit() or code == ach.ACCEPTED:
        raise Unfit("code must be two digits, not 00")
    twin.store.put("bank-failure", account.lstrip("0"), {"code": code})
    return as_json({"account": account, "code": code}, 201)


@route("GET", "/bank/files")
def files(twin: Twin, request: Request) -> Reply:
    """What the bank has, newest first."""
    rows = twin.store.all("bank")
    return as_json({"files": [_row(twin, one) for one in rows]})


def _row(twin: Twin, one: dict[str, Any]) -> dict[str, Any]:
    receipt = f"B{one['id']:08d}"
    facts = {name: one[name] for name in ("file_name", "count", "amount_twd", "at")}
    return {"receipt": receipt, "settled": twin.store.get("bank-result", receipt) is not None} | facts


def _file(twin: Twin, receipt: str) -> dict[str, Any] | None:
    return next(
        (one for one in twin.store.all("bank", limit=100_000) if f"B{one['id']:08d}" == receipt), None
    )
