"""What schemathesis must know and no schema can say: which of the values that a schema allows go together.

Only values of the right form are looked at. Those of a wrong form stay as they are, to be refused.
"""

import re
import uuid
from datetime import datetime, timedelta

import schemathesis

CURSOR = re.compile(r"[A-Za-z0-9_-]{44}")
KEY = re.compile(r'"[!-~]{1,128}"|[!#-~][!-~]{0,127}')
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
RANGE_MAX = timedelta(days=90)


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    query, headers = case.query or {}, case.headers or {}
    # A cursor is good where an answer gave it: one that is made up is left out.
    if CURSOR.fullmatch(str(query.get("cursor", ""))):
        del case.query["cursor"]
    # A range of time runs forward, and not for too long: an end that does not fit is left out.
    start, end = (str(query.get(name, "")) for name in ("from", "to"))
    if TIME.fullmatch(start) and TIME.fullmatch(end) and not is_range(start, end):
        del case.query["to"]
    # Where what was made is looked for afterwards: a key that was there before would get the answer of that time, of a
    # thing that may be deleted since.
    follows = case.meta is not None and case.meta.phase.name == "stateful"
    if follows and KEY.fullmatch(str(headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex


def is_range(start: str, end: str) -> bool:
    try:
        return timedelta() <= datetime.fromisoformat(end) - datetime.fromisoformat(start) <= RANGE_MAX
    except (ValueError, OverflowError):
        return False
