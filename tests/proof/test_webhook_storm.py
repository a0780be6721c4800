"""Proof of payments: every kind of event, shuffled, repeated, delivered by many at once while workers die, and
forged ones among them. Afterwards exactly those are enrolled who paid, once each. LOCKSTEP_SEED repeats a run."""

import collections
import json
import os
import random
import signal
import threading
import time
from http.client import HTTPException

import pytest

from harness import truth
from harness.client import Client
from harness.database import execute, query
from harness.payments import Provider, Purchase, Signer, forgeries
from harness.stack import Stack
from harness.tokens import Mint
from proof.purchases import Outcome, World, make

SECRET, OLD_SECRET = "whsec_of_the_storm_0000000001", "whsec_of_the_storm_before_0002"
CLIENTS = 16
PATIENCE_S = 120
CURRENCIES = ("usd", "EUR", "jpy", "usd")


@pytest.fixture(scope="module")
def signer():
    signer = Signer()
    yield signer
    signer.close()


def populate(connection, size, policy, accepts_discounts):
    learners = [truth.create_learner(connection) for _ in range(size.of(12, 120))]
    merged = {}
    for learner in learners[: len(learners) // 10 + 1]:
        old = truth.create_learner(connection)
        execute(connection, "UPDATE users SET merged_into = %s WHERE id = %s", (learner, old))
        merged[old] = learner
    deleted = [truth.create_learner(connection) for _ in range(3)]
    for gone in deleted:
        execute(connection, "UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = %s", (gone,))
    courses = {}
    for at in range(size.of(4, 12)):
        price, currency = 1000 + 700 * at, CURRENCIES[at % len(CURRENCIES)]
        courses[execute(connection, "INSERT INTO courses (title, status, price_cents, currency) VALUES (%s, %s, %s, %s)",
                        (f"Course {at}", "Published", price, currency))] = (price, currency)
    missing = [2**41 + at for at in range(3)]
    nowhere = [2**41 + at for at in range(3)]
    return World(learners, merged, missing, deleted, courses, nowhere, policy, accepts_discounts)


class Storm:
    """Takes deliveries off a list, each until it is answered for good."""

    def __init__(self, stack, signer, deliveries):
        self.stack, self.provider = stack, Provider(None, signer, SECRET)
        self.deliveries, self.lock = deliveries, threading.Lock()
        self.total, self.failures, self.tries = len(deliveries), [], 0

    def left(self):
        with self.lock:
            return len(self.deliveries)

    def _deliver(self, client, body, header, expected):
        deadline = time.monotonic() + PATIENCE_S
        status = None
        while time.monotonic() < deadline:
            self.tries += 1
            try:
                status = self.provider.deliver(body, header=header, client=client).status
            except (OSError, HTTPException):
                client.close()
                status = None
            if status == expected:
                return
            if status not in (None, 502, 503, 504):
                break
            time.sleep(0.02)
        self.failures.append((status, expected, body[:200]))

    def _run(self):
        client = Client(self.stack.url)
        while True:
            with self.lock:
                if not self.deliveries:
                    return
                body, header, expected = self.deliveries.pop()
            self._deliver(client, body, header, expected)

    def rage(self, between):
        threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            between(self)
        for thread in threads:
            thread.join()
        assert not self.failures, (len(self.failures), self.failures[:5])


def trouble(stack, chance, kills_database):
    """Kills a worker now and then, and the database once in the middle."""
    deaths, last = [], [0]

    def strike(storm):
        time.sleep(0.2)
        pids = stack.worker_pids()
        if len(pids) > 1 and time.monotonic() - last[0] > 0.5:  # faster than the master lets them come back: no proof
            last[0] = time.monotonic()
            deaths.append(chance.choice(pids))
            try:
                os.kill(deaths[-1], signal.SIGKILL)
            except ProcessLookupError:
                pass
        if kills_database and storm.left() < storm.total / 2 and "database" not in deaths:
            deaths.append("database")
            stack.database.kill()
            stack.database.start()

    return strike, deaths


def forged_of(signer, world, chance, count):
    """Purchases that nobody made, told of by forgers: [(body, header)]."""
    made = []
    for _ in range(count):
        course = chance.choice(list(world.courses))
        ghost = Purchase(chance.choice(world.learners), course, *world.courses[course])
        body = ghost.completed()[1]
        made += [parts for parts in forgeries(signer, body, SECRET).values() if parts[0]]
    return made


# --- What the tables must say


def assert_payments(connection, outcome):
    rows = {row["provider_ref"]: row for row in query(connection, "SELECT * FROM payments")}
    assert rows.keys() == outcome.payments.keys(), "a payment for each intent, and no other"
    for intent, payment in outcome.payments.items():
        row = rows[intent]
        told = (row["status"], row["refunded_cents"], row["user_id"], row["course_id"], bool(row["mismatch"]))
        assert told == (payment.status, payment.refunded_cents, payment.learner, payment.course,
                        intent in outcome.mismatched), (intent, vars(payment), row)
        if intent in outcome.granting:
            assert row["granted_at"] is not None, row
            assert (row["amount_cents"], row["currency"].lower()) == (payment.amount, payment.currency.lower()), row


def assert_enrollments(connection, outcome):
    active = [(row["user_id"], row["course_id"]) for row in
              query(connection, "SELECT user_id, course_id FROM enrollments WHERE status <> 'cancelled'")]
    legacy = [(row["student_id"], row["course_id"]) for row in
              query(connection, "SELECT student_id, course_id FROM student_progress")]
    assert len(active) == len(set(active)) and sorted(active) == sorted(legacy), "one in each table"
    assert set(active) - outcome.enrolled == set(), "enrolled without having paid"
    assert outcome.enrolled - set(active) == set(), "paid and not enrolled"


def assert_history(connection, outcome):
    """Who was never refunded was enrolled by one entry; with refunds, one more than was taken back."""
    moves = {}
    for row in query(connection, "SELECT user_id, changes FROM ledger"):
        for change in json.loads(row["changes"]):
            if change["what"] in ("enrolled", "unenrolled"):
                key = (row["user_id"], int(change["key"]))
                moves.setdefault(key, {"enrolled": 0, "unenrolled": 0})[change["what"]] += 1
    touched = {(p.learner, p.course) for p in outcome.payments.values() if p.is_refunded}
    for key, moved in moves.items():
        assert moved["enrolled"] - moved["unenrolled"] == (key in outcome.enrolled), (key, moved)
        assert key in touched or moved == {"enrolled": 1, "unenrolled": 0}, (key, moved)
    assert outcome.enrolled <= moves.keys()
    gaps = query(connection, "SELECT u.id FROM users AS u JOIN (SELECT user_id, COUNT(*) AS n FROM ledger GROUP BY user_id)"
                             " AS l ON l.user_id = u.id WHERE l.n <> u.revision")
    assert not gaps, "an entry for each revision"


def assert_events(connection, outcome, events):
    rows = {row["event_id"]: row for row in query(connection, "SELECT * FROM webhook_events")}
    bodies = dict(events)
    assert rows.keys() == bodies.keys(), "each event once, and no forged one"
    waiting, mismatched = set(), set()
    for event_id, row in rows.items():
        if row["processed_at"] is None:
            waiting.add(row["subject"])
        if row["outcome"] == "mismatch":
            mismatched.add(row["subject"])
        is_kept = row["subject"] not in outcome.erased
        assert row["payload"].encode() == (bodies[event_id] if is_kept else b"{}"), "as received"
    for told, expected in ((waiting, outcome.waiting), (mismatched, outcome.mismatched)):
        differing = [row for row in rows.values() if row["subject"] in told ^ expected]
        assert not differing, (told ^ expected, [(row["type"], row["outcome"], row["error"]) for row in differing])


def assert_profiles(connection, outcome):
    rows = query(connection, "SELECT stripe_customer_id, subscription_status, is_subscribed FROM profiles"
                             " WHERE stripe_customer_id IS NOT NULL")
    told = {row["stripe_customer_id"]: (row["subscription_status"], bool(row["is_subscribed"])) for row in rows}
    assert told == outcome.profiles()


def assert_rules(stack, connection, outcome):
    """The rules over payments, written by other hands, find nothing but the mismatches, and the refunds that keep."""
    mint = Mint(stack.config)
    admin = Client(stack.url, mint.sign(mint.claims(truth.create_learner(connection, role="admin"), "admin")))
    kept = {pair for pair, payments in outcome.by_pair().items()
            if all(payment.is_refunded for payment in payments)} & outcome.enrolled
    expected = {"payment_matches_price": len(outcome.mismatched), "refunded_payment_not_enrolled": len(kept)}
    found = collections.Counter()
    for learner in outcome.world.learners:
        for rule in admin.get(f"/api/sync/validate?userId={learner}").json()["rules"]:
            found[rule["name"]] += rule["breaches"]
    assert {"paid_payment_is_enrolled", *expected} <= found.keys()
    breached = {name: count for name, count in found.items() if count}
    assert breached == {name: count for name, count in expected.items() if count}


@pytest.mark.parametrize("policy,accepts_discounts", [("unenroll", False), ("keep", True)])
def test_exactly_those_are_enrolled_who_paid(signer, size, policy, accepts_discounts):
    seed = int(os.environ.get("LOCKSTEP_SEED") or random.SystemRandom().randrange(10**6))
    print(f"LOCKSTEP_SEED={seed}")
    chance = random.Random(seed)
    settings = {"payments": {"secrets": [SECRET, OLD_SECRET], "refund_policy": policy,
                             "accept_discounts": accepts_discounts}}
    with Stack(settings) as stack:
        connection = stack.connect()
        world = populate(connection, size, policy, accepts_discounts)
        events = make(world, size.of(50, 500), size.of(210, 2000), seed)
        forged = forged_of(signer, world, chance, size.of(4, 25))
        deliveries = [(body, ..., 200) for _, body in events for _ in range(chance.randint(1, 5))]
        deliveries += [(body, header, 400) for body, header in forged]
        chance.shuffle(deliveries)
        storm = Storm(stack, signer, deliveries)
        strike, deaths = trouble(stack, chance, size.is_full)
        started = time.monotonic()
        storm.rage(strike)
        print(f"{storm.total} deliveries of {len(events)} events, {len(forged)} forged, in {storm.tries} tries and"
              f" {time.monotonic() - started:.1f} s; {len(deaths)} deaths")
        assert deaths
        connection = stack.connect()
        outcome = Outcome(world, events)
        assert outcome.enrolled and outcome.mismatched and outcome.waiting
        assert_payments(connection, outcome)
        assert_enrollments(connection, outcome)
        assert_history(connection, outcome)
        assert_events(connection, outcome, events)
        assert_profiles(connection, outcome)
        assert_rules(stack, connection, outcome)
