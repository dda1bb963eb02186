"""Makes a caller for one fuzzing run, with something of its own to find, and prints its credential.

    fuzz_caller.py URL EMAIL PASSWORD admin|owner|key

Every run has a merchant and a user of its own: what it deletes is missed by no other run.
"""

import json
import secrets
import sys
import urllib.request


def call(url: str, method: str, path: str, body: dict | None = None, token: str | None = None) -> dict:
    """The answer's body; any status but 2xx is an error."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def log_in(url: str, email: str, password: str) -> str:
    return call(url, "POST", "/v1/auth/token", {"email": email, "password": password})["access_token"]


def main(url: str, email: str, password: str, kind: str) -> None:
    admin = log_in(url, email, password)
    name = f"fuzz-{secrets.token_hex(4)}"
    merchant = call(url, "POST", "/v1/merchants", {"name": name, "store": {"name": name}}, admin)["id"]
    if kind == "key":
        scopes = call(url, "GET", "/openapi.json")["components"]["schemas"]["Scope"]["enum"]
        body = {"name": name, "scopes": scopes}
        print(call(url, "POST", f"/v1/merchants/{merchant}/api-keys", body, admin)["key"])
        return
    user = {"email": f"{name}@example.com", "password": secrets.token_hex(16)}
    role = {"platform_role": "admin"} if kind == "admin" else {"memberships": [{"merchant_id": merchant, "role": "owner"}]}
    call(url, "POST", "/v1/users", user | role, admin)
    print(log_in(url, user["email"], user["password"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
