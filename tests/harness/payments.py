"""The payment provider as the tests play it: events in the shape that Stripe sends them (API version
2025-03-31.basil, pretty-printed), signed by Stripe's own library, and what must come of them."""

import itertools
import json
import os
import subprocess
import tempfile
import threading
import time

from harness.stack import REPOSITORY

WEBHOOK = "/api/payments/webhook"


class Signer:
    """tests/stripe/signer as a process that answers lines; one for a test run, safe for threads."""

    def __init__(self):
        state = os.environ.get("LOCKSTEP_STATE") or os.path.join(tempfile.gettempdir(), "lockstep-tests")
        self.process = subprocess.Popen(
            [os.path.join(REPOSITORY, "tests", "stripe", "signer"), os.path.join(state, "stripe-signer")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def _ask(self, **question):
        with self.lock:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        assert answer, "the signer has died"
        return answer

    def sign(self, body, secret, timestamp=None):
        """The value of Stripe-Signature."""
        return self._ask(body=body.decode("utf-8"), secret=secret, timestamp=int(timestamp or time.time()))

    def holds(self, body, secret, header):
        """Whether the library's receiving side takes it."""
        return self._ask(body=body.decode("utf-8"), secret=secret, header=header) != "refused"

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


_numbers = itertools.count(1)


def _id(prefix):
    return f"{prefix}_1Q{os.getpid():x}{int(time.time()):x}{next(_numbers):08d}"


def event(kind, obj, created=None, event_id=None):
    """(event id, body)."""
    event_id = event_id or _id("evt")
    body = {
        "id": event_id, "object": "event", "api_version": "2025-03-31.basil",
        "created": int(created or time.time()), "data": {"object": obj}, "livemode": False,
        "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}, "type": kind,
    }
    return event_id, json.dumps(body, indent=2).encode("utf-8")


class Purchase:
    """One purchase of a course by a learner, and every event that may tell of it."""

    def __init__(self, user_id, course_id, amount=4900, currency="usd", customer=None):
        self.user_id, self.course_id = user_id, course_id
        self.amount, self.currency, self.customer = amount, currency, customer
        self.intent, self.session, self.charge = _id("pi"), _id("cs_test"), _id("ch")

    def _metadata(self, named):
        return {"userId": str(self.user_id), "courseId": str(self.course_id)} if named else {}

    def _session(self, payment_status, named=True):
        return {
            "id": self.session, "object": "checkout.session", "adaptive_pricing": None, "after_expiration": None,
            "allow_promotion_codes": None, "amount_subtotal": self.amount, "amount_total": self.amount,
            "automatic_tax": {"enabled": False, "liability": None, "status": None},
            "billing_address_collection": None, "cancel_url": "https://school.example.org/cancel",
            "client_reference_id": None, "consent": None, "currency": self.currency, "custom_fields": [],
            "customer": self.customer, "customer_creation": "if_required",
            "customer_details": {"address": {"city": None, "country": "PT", "line1": None, "postal_code": None},
                                 "email": "anna@example.org", "name": "Anna Exämple", "phone": None,
                                 "tax_exempt": "none", "tax_ids": []},
            "expires_at": int(time.time()) + 86400, "invoice": None,
            "invoice_creation": {"enabled": False, "invoice_data": {"metadata": {}}}, "livemode": False,
            "locale": None, "metadata": self._metadata(named), "mode": "payment", "payment_intent": self.intent,
            "payment_link": None, "payment_method_types": ["card", "sepa_debit"],
            "payment_status": payment_status, "recovered_from": None, "shipping_cost": None, "status": "complete",
            "submit_type": None, "subscription": None, "success_url": "https://school.example.org/thanks",
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}, "url": None,
        }

    def completed(self, payment_status="paid", named=True):
        return event("checkout.session.completed", self._session(payment_status, named))

    def async_succeeded(self, named=True):
        return event("checkout.session.async_payment_succeeded", self._session("paid", named))

    def async_failed(self, named=True):
        return event("checkout.session.async_payment_failed", self._session("unpaid", named))

    def _intent(self, status, received, named):
        return {
            "id": self.intent, "object": "payment_intent", "amount": self.amount, "amount_capturable": 0,
            "amount_details": {"tip": {}}, "amount_received": received, "application": None,
            "automatic_payment_methods": None, "canceled_at": None, "capture_method": "automatic",
            "client_secret": f"{self.intent}_secret_x", "confirmation_method": "automatic",
            "created": int(time.time()), "currency": self.currency, "customer": self.customer, "description": None,
            "last_payment_error": None if status == "succeeded" else {"code": "card_declined",
                                                                      "type": "card_error"},
            "latest_charge": self.charge, "livemode": False, "metadata": self._metadata(named),
            "next_action": None, "payment_method": _id("pm"),
            "payment_method_options": {"card": {"installments": None, "network": None}},
            "payment_method_types": ["card"], "receipt_email": None, "shipping": None, "status": status,
        }

    def intent_succeeded(self, named=True):
        return event("payment_intent.succeeded", self._intent("succeeded", self.amount, named))

    def intent_failed(self, named=True):
        return event("payment_intent.payment_failed", self._intent("requires_payment_method", 0, named))

    def refunded(self, cents=None, named=True):
        cents = self.amount if cents is None else cents
        return event("charge.refunded", {
            "id": self.charge, "object": "charge", "amount": self.amount, "amount_captured": self.amount,
            "amount_refunded": cents, "balance_transaction": _id("txn"),
            "billing_details": {"address": {"country": "PT"}, "email": "anna@example.org", "name": "Anna"},
            "captured": True, "created": int(time.time()), "currency": self.currency, "customer": self.customer,
            "disputed": False, "fraud_details": {}, "livemode": False, "metadata": self._metadata(named),
            "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
            "paid": True, "payment_intent": self.intent, "payment_method": _id("pm"),
            "payment_method_details": {"card": {"brand": "visa", "checks": {"cvc_check": "pass"}, "last4": "4242"},
                                       "type": "card"},
            "refunded": cents == self.amount, "status": "succeeded",
        })


def subscription(kind, subscription_id, customer, status, user_id=None, created=None):
    now = int(created or time.time())
    return event(f"customer.subscription.{kind}", {
        "id": subscription_id, "object": "subscription", "application": None, "billing_cycle_anchor": now,
        "cancel_at": None, "cancel_at_period_end": False, "canceled_at": now if status == "canceled" else None,
        "collection_method": "charge_automatically", "created": now, "currency": "usd", "customer": customer,
        "items": {"object": "list", "data": [{
            "id": _id("si"), "object": "subscription_item", "current_period_end": now + 2592000,
            "current_period_start": now, "price": {"id": _id("price"), "object": "price", "unit_amount": 900,
                                                   "recurring": {"interval": "month", "interval_count": 1}},
            "quantity": 1, "subscription": subscription_id}], "has_more": False, "total_count": 1},
        "latest_invoice": _id("in"), "livemode": False, "start_date": now, "status": status,
        "metadata": {} if user_id is None else {"userId": str(user_id)},
    }, created)


class Provider:
    """Delivers to a service, as often as it takes."""

    def __init__(self, service, signer, secret):
        self.service, self.signer, self.secret = service, signer, secret

    def deliver(self, made, secret=None, timestamp=None, header=..., client=None):
        body = made[1] if isinstance(made, tuple) else made
        if header is ...:
            header = self.signer.sign(body, secret or self.secret, timestamp)
        return (client or self.service.client()).send(
            "POST", WEBHOOK, body=body,
            headers={"Stripe-Signature": header, "Content-Type": "application/json; charset=utf-8"})

    def tell(self, made, outcome="applied"):
        """A delivery that is taken, and comes to that."""
        reply = self.deliver(made)
        assert reply.status == 200, reply
        assert reply.json() == {"received": True, "outcome": outcome, "duplicate": False}, reply
        return reply


def forgeries(signer, body, secret):
    """{name: (body, header)} of what must be refused; `body` is a checkout's."""
    now = int(time.time())
    good = signer.sign(body, secret)
    stamp, mac = good.split(",")
    other = event("invoice.paid", {"id": "in_2", "object": "invoice"})[1]
    return {
        "no header": (body, None), "empty": (body, ""), "garbage": (body, "abc"),
        "another secret": (body, signer.sign(body, "whsec_of_somebody_else_0001")),
        "stale": (body, signer.sign(body, secret, now - 302)), "ahead": (body, signer.sign(body, secret, now + 3600)),
        "another time": (body, f"t={now - 1},{mac}"), "another body": (other, good),
        "re-serialised": (json.dumps(json.loads(body)).encode(), good),
        "one byte more": (body + b"\n", good), "amount changed": (body.replace(b'"amount_total": ', b'"amount_total": 1'), good),
        "learner changed": (body.replace(b'"userId": "', b'"userId": "1'), good),
        "v0 only": (body, f"{stamp},{mac.replace('v1=', 'v0=')}"), "no time": (body, mac), "no mac": (body, stamp),
        "mac cut": (body, good[:-1]), "nothing": (b"", good),
    }
