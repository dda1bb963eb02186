"""Verifies one request with PyPI's `standardwebhooks`.

Reads {secret, headers, body} as JSON, the body in base64; exits 0 when the signature is good and 1 with the
reason when it is not.
"""

import base64
import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

request = json.load(sys.stdin)
try:
    Webhook(request["secret"]).verify(base64.b64decode(request["body"]), request["headers"])
except WebhookVerificationError as error:
    sys.exit(f"refused: {error}")
