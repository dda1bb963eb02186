# Verifies requests to {{url}}
# Give it the body as it came, before any JSON parser: request.get_data() in Flask, for one.
import base64
import hashlib
import hmac
import time

TOLERANCE = 5 * 60  # seconds


def verify(headers, body, signing_secret, secret=""):
    """`headers`: names in lower case. `body`: bytes. `signing_secret`: whsec_..."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    # plain:begin
    given = headers.get("{{plain_header}}", "")
    if not hmac.compare_digest(given.encode(), secret.encode()):
        return False
    # plain:end
    key = base64.b64decode(signing_secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    signatures = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), expected) for one in signatures)
