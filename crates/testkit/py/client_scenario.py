"""One event from publishing to its delivery, spoken through a client generated from openapi/hookyard.json.

Nothing here knows a path or a JSON key of the API: only generated functions and models are used, and
every field that is relied on is checked for its type.

    client_scenario.py URL EMAIL PASSWORD

The package `hookyard_client` must be importable, and the gateway must allow http to 127.0.0.0/8.
"""

import datetime
import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from hookyard_client import AuthenticatedClient, Client
from hookyard_client.api.auth import create_token, get_me
from hookyard_client.api.deliveries import get_delivery, list_attempts, list_deliveries, retry_delivery
from hookyard_client.api.endpoints import create_endpoint, get_endpoint, update_endpoint
from hookyard_client.api.event_types import get_event_type, list_event_types
from hookyard_client.api.events import get_event, publish_event
from hookyard_client.api.merchants import create_merchant, get_merchant
from hookyard_client.models import (
    Attempt,
    BodyState,
    CreateEndpoint,
    CreateMerchant,
    CreateStore,
    Delivery,
    DeliveryStatus,
    Dialect,
    Endpoint,
    Login,
    Merchant,
    Outcome,
    PlatformRole,
    Problem,
    ProblemType,
    PublishedEvent,
    PublishEvent,
    PublishEventPayload,
    Trigger,
    UpdateEndpoint,
)
from hookyard_client.types import Response, Unset

# Seconds for the request to come in, and again for the delivery to be settled. Both take milliseconds.
DEADLINE = 20

T = TypeVar("T")
Received = tuple[dict[str, str], bytes]


def expect(answer: Response, status: int, model: type[T]) -> T:
    """The parsed body of an answer that has this status and this model."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.content!r}"
    assert isinstance(answer.parsed, model), f"{type(answer.parsed)} instead of {model}"
    return answer.parsed


def is_a(value: object, kind: type, name: str) -> None:
    """Checks that a field was read as what the document says."""
    assert type(value) is kind, f"{name} is {value!r}, not a {kind.__name__}"


def is_utc(value: object, name: str) -> None:
    """Checks that a field is a time with its offset."""
    is_a(value, datetime.datetime, name)
    assert value.utcoffset() == datetime.timedelta(0), f"{name} is {value}, not in UTC"


def receiver(well: threading.Event) -> tuple[str, "queue.Queue[Received]"]:
    """A receiver that answers 200 while it is well, else 500, and passes on the headers, in lower case, and the body."""
    requests: queue.Queue[Received] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200 if well.is_set() else 500)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            requests.put(({name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/hook", requests


def log_in(url: str, email: str, password: str) -> AuthenticatedClient:
    """Proves who we are; a wrong password is a problem that says so."""
    with Client(base_url=url, raise_on_unexpected_status=True) as client:
        wrong = create_token.sync_detailed(client=client, body=Login(email=email, password=password + "x"))
        problem = expect(wrong, 401, Problem)
        assert problem.type_ is ProblemType.UNAUTHENTICATED, problem
        is_a(problem.status, int, "problem.status")
        token = create_token.sync(client=client, body=Login(email=email, password=password))
        is_a(token.expires_in, int, "token.expires_in")
    return AuthenticatedClient(base_url=url, token=token.access_token, raise_on_unexpected_status=True)


def add_merchant(client: AuthenticatedClient) -> str:
    """A merchant with its store."""
    store = CreateStore(name="Client Store", main_domain="client.example.com", currency="USD")
    made = create_merchant.sync_detailed(client=client, body=CreateMerchant(name="Client Store", store=store))
    merchant = expect(made, 201, Merchant)
    assert made.headers["location"].endswith(merchant.id)
    is_utc(merchant.created_at, "merchant.created_at")
    assert merchant.store.shopify_domain is None and merchant.store.currency == "USD", merchant
    assert get_merchant.sync(client=client, merchant_id=merchant.id) == merchant
    return merchant.id


def add_endpoint(client: AuthenticatedClient, merchant: str, url: str, event_type: str) -> tuple[str, str]:
    """An endpoint in the FlexyPe dialect, and its secret."""
    body = CreateEndpoint(url=url, dialect=Dialect.FLEXYPE, event_types=[event_type], timeout="5s")
    made = create_endpoint.sync(client=client, merchant_id=merchant, body=body)
    assert made.dialect is Dialect.FLEXYPE and made.timeout == "5s" and made.enabled is True, made
    assert made.disabled_reason is None and made.disabled_at is None and made.rate_limit is None, made
    is_utc(made.created_at, "endpoint.created_at")
    # Null empties, what is left out stays: a client must be able to say either.
    change = UpdateEndpoint(timeout=None, description="from a client")
    assert isinstance(change.url, Unset)
    changed = update_endpoint.sync(client=client, merchant_id=merchant, endpoint_id=made.id, body=change)
    found = get_endpoint.sync(client=client, merchant_id=merchant, endpoint_id=made.id)
    assert isinstance(found, Endpoint) and found == changed, found
    assert found.timeout is None and found.url == url and found.description == "from a client", found
    return made.id, made.secret


def publish(client: AuthenticatedClient, merchant: str, event_type: str, payload: dict) -> PublishedEvent:
    """Publishes an event; the same again by its id is a repeat, not another event."""
    body = PublishEvent(
        event_type=event_type,
        payload=PublishEventPayload.from_dict(payload),
        event_id="client-1",
        occurred_at=datetime.datetime(2026, 5, 7, 12, 0, tzinfo=datetime.UTC),
    )
    published = expect(publish_event.sync_detailed(client=client, merchant_id=merchant, body=body), 202, PublishedEvent)
    repeat = expect(publish_event.sync_detailed(client=client, merchant_id=merchant, body=body), 200, PublishedEvent)
    assert repeat == published and len(published.deliveries) == 1, (published, repeat)
    return published


def until(what: str, read: Callable[[], T], done: Callable[[T], bool]) -> T:
    """Reads again until it is done: the API gives no signal for this."""
    end = time.monotonic() + DEADLINE
    while not done(value := read()):
        assert time.monotonic() < end, f"{what}: {value}"
        time.sleep(0.05)
    return value


def check_delivery(delivery: Delivery, endpoint: str) -> None:
    """A succeeded delivery, with each field as its own type."""
    assert delivery.endpoint_id == endpoint and delivery.event_id == "client-1", delivery
    is_a(delivery.status, DeliveryStatus, "delivery.status")
    assert delivery.last_outcome is Outcome.SUCCESS and delivery.last_http_status == 200, delivery
    assert delivery.skip_reason is None and delivery.next_attempt_at is None, delivery
    is_utc(delivery.created_at, "delivery.created_at")
    is_utc(delivery.finished_at, "delivery.finished_at")
    is_a(delivery.attempt_count, int, "delivery.attempt_count")
    assert delivery.is_test is False and delivery.attempt_count == 1, delivery
    assert delivery.additional_properties == {}, delivery.additional_properties


def check_attempt(attempt: Attempt, delivery: Delivery, url: str, body: bytes) -> None:
    """Its one attempt, with each field as its own type."""
    assert attempt.delivery_id == delivery.id and attempt.number == 1, attempt
    assert attempt.trigger is Trigger.SCHEDULE and attempt.outcome is Outcome.SUCCESS, attempt
    assert attempt.response_body_state is BodyState.COMPLETE and attempt.response_body == "ok", attempt
    is_utc(attempt.started_at, "attempt.started_at")
    is_a(attempt.duration_ms, float, "attempt.duration_ms")
    is_a(attempt.timings.connect_ms, float, "attempt.timings.connect_ms")
    assert attempt.timings.tls_ms is None and attempt.actor is None and attempt.late is False, attempt
    assert attempt.url == url and attempt.remote_ip == "127.0.0.1" and attempt.http_status == 200, attempt
    assert attempt.request_body == body.decode(), "the log shows other bytes than were sent"
    assert "x-event-id" in {name.lower() for name in attempt.request_headers.additional_keys}
    assert attempt.additional_properties == {}, attempt.additional_properties


def deliver(client: AuthenticatedClient) -> Delivery:
    """Takes one event from publishing to its delivery, and reads it in every way."""
    me = get_me.sync(client=client)
    assert me.platform_role is PlatformRole.ADMIN and me.scopes is None, me
    catalogue = list_event_types.sync(client=client, dialect=Dialect.FLEXYPE)
    event_type = get_event_type.sync(client=client, name=catalogue.data[0].name)
    assert event_type.dialect is Dialect.FLEXYPE and event_type.built_in is True, event_type
    payload = event_type.example.to_dict()

    well = threading.Event()
    well.set()
    hook, requests = receiver(well)
    merchant = add_merchant(client)
    endpoint, secret = add_endpoint(client, merchant, hook, event_type.name)
    published = publish(client, merchant, event_type.name, payload)
    headers, body = requests.get(timeout=DEADLINE)
    assert headers["x-flexype-authorization"] == secret and headers["x-event-id"] == "client-1", headers
    assert json.loads(body)["payload"] == payload, body

    ids = {"client": client, "merchant_id": merchant, "delivery_id": published.deliveries[0].id}
    delivery = until(
        "the delivery is not settled",
        lambda: get_delivery.sync(**ids),
        lambda delivery: delivery.status is DeliveryStatus.SUCCEEDED,
    )
    check_delivery(delivery, endpoint)
    attempts = list_attempts.sync(**ids)
    assert len(attempts.data) == 1 and attempts.next_cursor is None, attempts
    check_attempt(attempts.data[0], delivery, hook, body)
    event = get_event.sync(client=client, merchant_id=merchant, event_id=published.id)
    assert event.deliveries == [delivery] and event.payload.to_dict() == payload, event
    is_utc(event.occurred_at, "event.occurred_at")
    check_log(client, merchant, delivery)
    return delivery


def check_log(client: AuthenticatedClient, merchant: str, delivery: Delivery) -> None:
    """No filter of the log has to be given, each may be given more than once, and a foreign id is a problem."""
    scope = {"client": client, "merchant_id": merchant}
    assert list_deliveries.sync(**scope).data == [delivery]
    some = [DeliveryStatus.SUCCEEDED, DeliveryStatus.FAILED]
    assert list_deliveries.sync(**scope, status=some, limit=1).data == [delivery]
    none = list_deliveries.sync(**scope, outcome=[Outcome.TIMEOUT, Outcome.RESET])
    assert none.data == [] and none.next_cursor is None, none
    missing = get_delivery.sync_detailed(**scope, delivery_id="dlv_01h455vb4pex5vsknk084sn02q")
    assert expect(missing, 404, Problem).type_ is ProblemType.NOT_FOUND


def fail_and_retry(client: AuthenticatedClient) -> None:
    """An event that cannot be delivered, and is when it is retried."""
    well = threading.Event()
    hook, _ = receiver(well)
    merchant = add_merchant(client)
    print(f"created merchant {merchant}")
    kind = get_event_type.sync(client=client, name="PRODUCT_VIEWED")
    body = CreateEndpoint(url=hook, dialect=Dialect.FLEXYPE, event_types=[kind.name], schedule=["1s"])
    endpoint = create_endpoint.sync(client=client, merchant_id=merchant, body=body)
    print(f"created endpoint {endpoint.id}")
    event = PublishEvent(event_type=kind.name, payload=PublishEventPayload.from_dict(kind.example.to_dict()))
    published = publish_event.sync(client=client, merchant_id=merchant, body=event)
    print(f"published event {published.event_id}")

    ids = {"client": client, "merchant_id": merchant, "delivery_id": published.deliveries[0].id}
    failed = until("not failed", lambda: get_delivery.sync(**ids), lambda it: it.status is DeliveryStatus.FAILED)
    assert failed.attempt_count == 2 and failed.last_http_status == 500, failed
    print(f"failed after {failed.attempt_count} attempts")
    well.set()
    expect(retry_delivery.sync_detailed(**ids), 202, Delivery)
    until("not retried", lambda: get_delivery.sync(**ids), lambda it: it.status is DeliveryStatus.SUCCEEDED)
    print("retried: succeeded")
    attempts = list_attempts.sync(**ids).data
    for attempt in attempts:
        print(f"attempt {attempt.number}: {attempt.outcome} by {attempt.trigger}")
    outcomes = [attempt.outcome for attempt in attempts]
    assert outcomes == [Outcome.HTTP_STATUS, Outcome.HTTP_STATUS, Outcome.SUCCESS], outcomes


def main(url: str, email: str, password: str) -> None:
    with log_in(url, email, password) as client:
        print(f"logged in as {email}")
        fail_and_retry(client)
        delivery = deliver(client)
    print(f"{delivery.event_type} went through the generated client: {delivery.id} {delivery.status}")


if __name__ == "__main__":
    main(*sys.argv[1:])
