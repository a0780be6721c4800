"""Payments through nginx: Stripe's events, signed by Stripe's own library."""

import itertools
import json
import threading
import time

import pytest

from conftest import Learner, service_of
from harness import truth
from harness.courses import assert_enrolled, create_course
from harness.database import execute, query, query_one
from harness.payments import Provider, Purchase, Signer, event, forgeries, subscription
from harness.processes import wait_until
from harness.races import all_at_once, caller
from harness.stack import Stack

FIRST, SECOND, THIRD = "whsec_first_of_the_tests_0001", "whsec_second_of_the_tests_02", "whsec_third_of_the_tests_003"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    path = tmp_path_factory.mktemp("secrets") / "second"
    path.write_text(SECOND + "\n")
    with Stack({"payments": {"secrets": [FIRST], "secret_files": [str(path)], "refund_policy": "unenroll"}},
               buffer_pool_mb=64) as stack:
        stack.second_secret = path
        yield stack


@pytest.fixture(scope="module")
def site(stack):
    return service_of(stack)


@pytest.fixture(scope="module")
def signer():
    signer = Signer()
    yield signer
    signer.close()


@pytest.fixture
def provider(site, signer):
    return Provider(site, signer, FIRST)


@pytest.fixture
def site_db(site):
    connection = site.connect()
    yield connection
    connection.close()


@pytest.fixture
def buyer(site, site_db):
    return Learner(site, site_db, truth.create_learner(site_db))


@pytest.fixture
def admin(site, site_db):
    return Learner(site, site_db, truth.create_learner(site_db, role="admin"), "admin")


def new_course(connection, price=4900, currency="usd"):
    return execute(connection, "INSERT INTO courses (title, status, price_cents, currency) VALUES (%s, %s, %s, %s)",
                   ("Course", "Published", price, currency))


@pytest.fixture
def course(site_db):
    return new_course(site_db)


@pytest.fixture
def purchase(buyer, course):
    return Purchase(buyer.id, course)


def enrolled(connection, user_id, course_id):
    """In both tables, or in none: anything between fails."""
    active = query_one(connection, "SELECT COUNT(*) AS n FROM enrollments WHERE user_id = %s AND course_id = %s"
                                   " AND status <> 'cancelled'", (user_id, course_id))["n"]
    legacy = query_one(connection, "SELECT COUNT(*) AS n FROM student_progress WHERE student_id = %s"
                                   " AND course_id = %s", (user_id, course_id))["n"]
    assert active == legacy <= 1
    return active == 1


def payment_of(connection, purchase):
    return query_one(connection, "SELECT * FROM payments WHERE provider_ref = %s", (purchase.intent,))


def stored(connection):
    return query_one(connection, "SELECT COUNT(*) AS n FROM webhook_events")["n"]


def stored_event(connection, made):
    return query_one(connection, "SELECT * FROM webhook_events WHERE event_id = %s", (made[0],))


# --- What each type does


@pytest.mark.parametrize("how", ["completed", "async_succeeded", "intent_succeeded"])
def test_a_success_enrols_in_both_tables(provider, site_db, buyer, course, purchase, how):
    made = getattr(purchase, how)()
    provider.tell(made)
    assert enrolled(site_db, buyer.id, course)
    payment = payment_of(site_db, purchase)
    assert (payment["status"], payment["mismatch"], payment["amount_cents"], payment["currency"]) == \
        ("paid", 0, 4900, "usd")
    row = stored_event(site_db, made)
    assert row["payload"].encode() == made[1], "as received, byte for byte"
    assert row["outcome"] == "applied" and row["processed_at"] is not None and row["user_id"] == buyer.id
    source = query_one(site_db, "SELECT source FROM enrollments WHERE user_id = %s", (buyer.id,))["source"]
    assert source == "payment"


def test_a_card_is_told_of_three_times_and_counts_once(provider, site_db, buyer, course, purchase):
    provider.tell(purchase.completed())
    revision = buyer.row()["revision"]
    provider.tell(purchase.intent_succeeded(), "unchanged")
    provider.tell(purchase.async_succeeded(), "unchanged")
    provider.tell(purchase.intent_failed(), "unchanged")
    assert buyer.row()["revision"] == revision
    assert payment_of(site_db, purchase)["status"] == "paid"
    assert query_one(site_db, "SELECT COUNT(*) AS n FROM payments WHERE user_id = %s", (buyer.id,))["n"] == 1


def test_the_same_delivery_again_is_answered_and_does_nothing(provider, buyer, purchase):
    made = purchase.completed()
    provider.tell(made)
    revision = buyer.row()["revision"]
    again = provider.deliver(made)
    assert again.status == 200 and again.json() == {"received": True, "outcome": "applied", "duplicate": True}
    assert buyer.row()["revision"] == revision


def test_an_unpaid_checkout_enrols_nobody_until_the_bank_says_so(provider, site_db, buyer, course, purchase):
    provider.tell(purchase.completed("unpaid"))
    assert payment_of(site_db, purchase)["status"] == "pending"
    assert not enrolled(site_db, buyer.id, course)
    provider.tell(purchase.async_succeeded())
    assert enrolled(site_db, buyer.id, course)


@pytest.mark.parametrize("how", ["async_failed", "intent_failed"])
def test_a_failure_enrols_nobody(provider, site_db, buyer, course, purchase, how):
    provider.tell(getattr(purchase, how)())
    assert payment_of(site_db, purchase)["status"] == "failed"
    assert not enrolled(site_db, buyer.id, course)


def test_nothing_to_pay_is_no_payment(provider, site_db, purchase):
    body = json.loads(purchase.completed("no_payment_required")[1])
    body["data"]["object"]["payment_intent"] = None
    provider.tell(json.dumps(body).encode(), "ignored")
    assert payment_of(site_db, purchase) is None


def test_what_is_not_kept_is_stored_as_ignored(provider, site_db):
    made = event("invoice.finalized", {"id": "in_1", "object": "invoice"})
    provider.tell(made, "ignored")
    assert stored_event(site_db, made)["outcome"] == "ignored"


def test_subscriptions_fill_the_profile(provider, buyer):
    now = int(time.time())
    name, customer = f"sub_{buyer.id}", f"cus_{buyer.id}"
    provider.tell(subscription("updated", name, customer, "active", buyer.id, now))
    profile = buyer.api.get("/api/profile").json()
    assert profile["isSubscribed"] is True and profile["subscriptionStatus"] == "active"
    provider.tell(subscription("created", name, customer, "incomplete", buyer.id, now), "unchanged")
    provider.tell(subscription("deleted", name, customer, "canceled", None, now + 9))
    profile = buyer.api.get("/api/profile").json()
    assert profile["isSubscribed"] is False and profile["subscriptionStatus"] == "canceled"
    provider.tell(subscription("updated", name, customer, "active", None, now + 5), "unchanged")


# --- Order


def histories(purchase):
    """Events of a purchase that was paid by card after a failure, and of which one names nobody."""
    return [purchase.completed(), purchase.intent_failed(named=False), purchase.intent_succeeded(named=False),
            purchase.refunded(1000, named=False)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=lambda order: "".join(map(str, order)))
def test_every_order_comes_to_the_same(provider, site_db, buyer, course, purchase, order):
    events = histories(purchase)
    for at in order:
        assert provider.deliver(events[at]).status == 200
    payment = payment_of(site_db, purchase)
    assert (payment["status"], payment["refunded_cents"], payment["user_id"]) == ("paid", 1000, buyer.id)
    assert enrolled(site_db, buyer.id, course)
    for made in events:
        assert stored_event(site_db, made)["processed_at"] is not None


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=lambda order: "".join(map(str, order)))
def test_a_refund_is_final_in_every_order(provider, site_db, buyer, course, purchase, order):
    events = [purchase.completed(), purchase.intent_succeeded(), purchase.refunded(named=False)]
    for at in order:
        assert provider.deliver(events[at]).status == 200
    assert payment_of(site_db, purchase)["status"] == "refunded"
    assert not enrolled(site_db, buyer.id, course)


def test_a_person_unenrolled_stays_so(provider, site_db, buyer, course, purchase, admin):
    provider.tell(purchase.completed())
    reply = admin.api.send("DELETE", "/api/enrollment", json_body={"userId": buyer.id, "courseId": course})
    assert reply.status == 200, reply
    provider.tell(purchase.intent_succeeded(), "unchanged")
    assert not enrolled(site_db, buyer.id, course)


def test_a_refund_leaves_what_an_administrator_gave(provider, site_db, buyer, course, purchase, admin):
    assert admin.api.post("/api/enrollment", {"userId": buyer.id, "courseId": course}).status in (200, 201)
    provider.tell(purchase.completed())
    provider.tell(purchase.refunded())
    assert enrolled(site_db, buyer.id, course)


# --- What is not as it should be


@pytest.mark.parametrize("amount,currency", [(4899, "usd"), (4901, "usd"), (4900, "eur"), (0, "usd")])
def test_a_mismatch_enrols_nobody_until_it_is_settled(provider, site_db, buyer, course, admin, stack, amount, currency):
    purchase = Purchase(buyer.id, course, amount, currency)
    made = purchase.completed()
    provider.tell(made, "mismatch")
    provider.tell(purchase.intent_succeeded(), "mismatch")
    assert not enrolled(site_db, buyer.id, course)
    page = admin.api.get("/api/admin/payments?mismatch=true&limit=1").json()["payments"]
    assert page[0]["providerRef"] == purchase.intent and page[0]["mismatch"] is True
    assert stack.control("payments", "replay", made[0], check=False).returncode == 1
    execute(site_db, "UPDATE courses SET price_cents = %s, currency = %s WHERE id = %s", (amount, currency, course))
    said = stack.control("payments", "replay", made[0])
    assert "applied" in said.stdout
    assert enrolled(site_db, buyer.id, course)
    assert payment_of(site_db, purchase)["mismatch"] == 0


def test_unknown_learner_and_course_wait_for_an_administrator(provider, site_db, buyer, course, admin):
    stranger = Purchase(2**40 + buyer.id, course)
    nowhere = Purchase(buyer.id, 2**40 + course)
    first, second = stranger.completed(), nowhere.completed()
    provider.tell(first, "unknown_learner")
    provider.tell(second, "unknown_course")
    found = admin.api.get("/api/admin/webhook-events?outcome=unknown_learner&limit=1").json()["events"][0]
    assert found["eventId"] == first[0] and found["processedAt"] is None and "payload" not in found
    execute(site_db, "INSERT INTO users (id) VALUES (%s)", (stranger.user_id,))
    reply = admin.api.post(f"/api/admin/webhook-events/{found['id']}/replay")
    assert reply.status == 200 and reply.json()["outcome"] == "applied" and reply.json()["success"], reply
    assert enrolled(site_db, stranger.user_id, course)
    again = admin.api.post(f"/api/admin/webhook-events/{found['id']}/replay")
    assert again.json()["outcome"] == "unchanged", again
    whole = admin.api.get(f"/api/admin/webhook-events?eventId={second[0]}").json()["events"]
    assert len(whole) == 1 and whole[0]["payload"].encode() == second[1]
    assert admin.api.post(f"/api/admin/webhook-events/{whole[0]['id']}/replay").json()["outcome"] == "unknown_course"


def test_what_was_erased_is_not_replayed(provider, site_db, buyer, course, admin, purchase, stack):
    made = purchase.completed()
    provider.tell(made)
    execute(site_db, "UPDATE webhook_events SET payload = '{}', user_id = NULL WHERE event_id = %s", (made[0],))
    found = stored_event(site_db, made)
    reply = admin.api.post(f"/api/admin/webhook-events/{found['id']}/replay")
    assert reply.status == 409 and "deleted" in reply.json()["detail"], reply
    assert "deleted" in stack.control("payments", "replay", made[0], check=False).stderr


def test_who_was_merged_pays_as_who_they_became(provider, site_db, buyer, course, purchase):
    guest = truth.create_learner(site_db)
    paid = Purchase(guest, course)
    provider.tell(paid.completed("unpaid"))
    execute(site_db, "UPDATE users SET merged_into = %s WHERE id = %s", (buyer.id, guest))
    provider.tell(paid.async_succeeded())
    assert enrolled(site_db, buyer.id, course) and not enrolled(site_db, guest, course)
    assert payment_of(site_db, paid)["user_id"] == buyer.id
    assert buyer.row()["revision"] == 1


def test_an_event_of_long_ago_is_recognised(provider, site_db, buyer, purchase):
    made = purchase.completed()
    provider.tell(made)
    execute(site_db, "DELETE FROM webhook_events WHERE event_id = %s", (made[0],))
    revision = buyer.row()["revision"]
    again = provider.deliver(made)
    assert again.json() == {"received": True, "outcome": "unchanged", "duplicate": True}, again
    assert buyer.row()["revision"] == revision


def listed(admin, path):
    reply = admin.api.get(path)
    assert reply.status == 200, reply
    return reply.json()


def test_filters_of_payments(provider, site_db, buyer, course, admin):
    other = new_course(site_db, 700)
    paid, odd, failed = Purchase(buyer.id, course), Purchase(buyer.id, course, 4901), Purchase(buyer.id, other, 700)
    provider.tell(paid.completed())
    provider.tell(odd.completed(), "mismatch")
    provider.tell(failed.intent_failed())

    def found(query):
        rows = listed(admin, f"/api/admin/payments?limit=200&{query}")["payments"]
        return [row["providerRef"] for row in rows if row["userId"] == buyer.id]

    assert found(f"userId={buyer.id}") == [failed.intent, odd.intent, paid.intent]
    assert found(f"userId={buyer.id}&status=paid") == [odd.intent, paid.intent]
    assert found(f"userId={buyer.id}&mismatch=true") == [odd.intent]
    assert found(f"userId={buyer.id}&courseId={other}") == [failed.intent]
    assert found(f"courseId={course}") == [odd.intent, paid.intent]
    assert found(f"courseId={course}&mismatch=true&status=paid") == [odd.intent]
    assert found("mismatch=true") == [odd.intent] and found("mismatch=true&status=failed") == []
    assert found("status=failed") == [failed.intent] and found("status=refunded") == []
    assert found(f"providerRef={odd.intent}") == [odd.intent]
    row, = listed(admin, f"/api/admin/payments?providerRef={odd.intent}")["payments"]
    assert (row["amountCents"], row["priceCents"], row["priceCurrency"], row["courseTitle"]) == \
        (4901, 4900, "usd", "Course")
    assert admin.api.get("/api/admin/payments?providerRef=pi_no_such").status == 404
    assert admin.api.get("/api/admin/payments?status=lost").status == 400


def test_filters_of_events(provider, site_db, buyer, course, admin):
    odd, lost = Purchase(buyer.id, course, 4901), Purchase(2**42 + buyer.id, course)
    made = [odd.completed("unpaid"), odd.async_succeeded(), lost.completed(), lost.refunded(named=False)]
    for one in made:
        assert provider.deliver(one).status == 200
    names = [one[0] for one in made]

    def found(query):
        rows = listed(admin, f"/api/admin/webhook-events?limit=200&{query}")["events"]
        return [row["eventId"] for row in rows if row["eventId"] in names]

    assert found(f"subject={odd.intent}") == [names[1], names[0]]
    assert found(f"userId={buyer.id}") == [names[1], names[0]]
    assert found("outcome=mismatch") == [names[1]]
    assert found("waiting=true") == [names[3], names[2], names[1]]
    seen, after = [], 0
    while after is not None:
        page = listed(admin, f"/api/admin/webhook-events?waiting=true&limit=2&after={after}")
        seen += [row["id"] for row in page["events"]]
        after = page["nextAfter"]
    waiting = query(site_db, "SELECT id FROM webhook_events WHERE outcome NOT IN ('applied', 'unchanged', 'ignored')")
    assert seen == sorted((row["id"] for row in waiting), reverse=True)


def test_pages_by_cursor(provider, buyer, course, admin):
    purchases = [Purchase(buyer.id, course) for _ in range(5)]
    for purchase in purchases:
        assert provider.deliver(purchase.intent_failed()).status == 200
    for path, name in ((f"/api/admin/payments?userId={buyer.id}", "payments"), ("/api/admin/webhook-events?", "events")):
        seen, after = [], 0
        while after is not None and len(seen) < 5:
            page = admin.api.get(f"{path}&limit=2&after={after}").json()
            seen += [row["id"] for row in page[name]]
            after = page["nextAfter"]
        assert len(seen) >= 5 and seen == sorted(set(seen), reverse=True)
    for path, name in ((f"/api/admin/payments?userId={buyer.id}&courseId={course}", "payments"),
                       (f"/api/admin/payments?courseId={course}&status=failed", "payments"),
                       (f"/api/admin/webhook-events?subject={purchases[0].intent}", "events")):
        everything = admin.api.get(f"{path}&limit=200").json()[name]
        assert everything
        last = admin.api.get(f"{path}&limit={len(everything)}").json()
        assert (last[name], last["nextAfter"]) == (everything, None), "a last page that is full is the last"
    own = admin.api.get(f"/api/admin/payments?userId={buyer.id}").json()
    assert [row["providerRef"] for row in own["payments"]] == [p.intent for p in reversed(purchases)]
    assert own["nextAfter"] is None
    assert admin.api.get("/api/admin/webhook-events?eventId=evt_no_such").status == 404
    assert admin.api.post(f"/api/admin/webhook-events/{2**62}/replay").status == 404


# --- Signatures


def test_forged_deliveries_are_refused_and_leave_nothing(provider, signer, site_db, purchase):
    before = stored(site_db)
    for name, (body, header) in forgeries(signer, purchase.completed()[1], FIRST).items():
        reply = provider.deliver(body, header=header)
        assert reply.status == 400, f"{name}: {reply}"
        if body and header:
            assert not signer.holds(body, FIRST, header) or name == "ahead", f"the library takes {name}"
    assert stored(site_db) == before
    assert payment_of(site_db, purchase) is None


def test_signed_but_no_event(provider, site_db):
    before = stored(site_db)
    for body in (b"{}", b"[]", b"not json", b'{"id": "evt_1"}', b"\x7b\x22\xc3\xa4"):
        assert provider.deliver(body + b" ").status == 400
    assert stored(site_db) == before
    big = event("invoice.paid", {"id": "in_3", "object": "invoice", "x": "y" * (1 << 20)})
    assert provider.deliver(big).status == 413


def test_secrets_rotate_without_a_restart(provider, stack, site_db):
    def is_taken(secret):
        return provider.deliver(event("invoice.paid", {"id": "in_4", "object": "invoice"}), secret).status == 200

    assert is_taken(FIRST) and is_taken(SECOND) and not is_taken(THIRD)
    stack.second_secret.write_text(THIRD + "\n")
    stack.reload()
    try:
        wait_until(lambda: is_taken(THIRD), "the new secret to be taken")
        wait_until(lambda: not is_taken(SECOND), "the old secret to be refused")
        assert is_taken(FIRST)
    finally:
        stack.second_secret.write_text(SECOND + "\n")
        stack.reload()
        wait_until(lambda: is_taken(SECOND) and not is_taken(THIRD), "the secrets of before")


def test_a_secret_that_is_being_replaced_may_sign_beside_the_new_one(provider, signer, purchase):
    body = purchase.completed()[1]
    now = int(time.time())
    stranger = signer.sign(body, THIRD, now)
    header = f"{stranger},{signer.sign(body, SECOND, now).split(',')[1]}"
    assert provider.deliver(body, header=header).status == 200


def test_without_a_secret_nothing_is_taken(service, signer, purchase):
    reply = Provider(service, signer, FIRST).deliver(purchase.completed())
    assert reply.status == 404, reply


# --- Trouble


def test_many_deliveries_at_once_enrol_once(provider, site_db, buyer, course, purchase):
    made = [purchase.completed(), purchase.intent_succeeded(), purchase.async_succeeded()] * 6
    replies = []
    gate = threading.Barrier(len(made))

    def deliver(one):
        gate.wait()
        replies.append(provider.deliver(one))

    threads = [threading.Thread(target=deliver, args=(one,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status for reply in replies] == [200] * len(made), replies
    assert enrolled(site_db, buyer.id, course)
    assert buyer.row()["revision"] == 1
    rows = query(site_db, "SELECT outcome FROM webhook_events WHERE user_id = %s", (buyer.id,))
    assert sorted(row["outcome"] for row in rows) == ["applied", "unchanged", "unchanged"]


def test_enrolments_through_five_ways(site, provider, site_db, buyer, admin):
    """Two hundred at once: administrator, payment, approval, public course, and a default course on reading. The
    course is free, and paid for with nothing: there is no other that is open to all five."""
    course = create_course(site_db, chapters=2, is_public=1)
    ask = buyer.api.post("/api/student/requests", {"courseId": course}).json()["requestId"]
    execute(site_db, "UPDATE courses SET is_default_unlocked = 1 WHERE id = %s", (course,))
    paid = Purchase(buyer.id, course, 0)
    told = itertools.cycle([paid.completed(), paid.intent_succeeded(), paid.async_succeeded()])
    calls = []
    for _ in range(40):
        calls += [
            caller(site, admin.token, "POST", "/api/enrollment", {"userId": buyer.id, "courseId": course}),
            lambda made=next(told): provider.deliver(made).status,
            caller(site, admin.token, "PATCH", f"/api/admin/requests/{ask}", {"action": "approve"}),
            caller(site, buyer.token, "POST", "/api/student/enroll", {"courseId": course}),
            caller(site, buyer.token, "GET", "/api/student/courses", ...),
        ]
    try:
        statuses = all_at_once(calls, clients=len(calls))
    finally:
        execute(site_db, "UPDATE courses SET status = 'archived' WHERE id = %s", (course,))
    for way, allowed in enumerate(({200}, {200}, {200, 404, 409}, {200}, {200})):
        assert set(statuses[way::5]) <= allowed, (way, sorted(set(statuses[way::5])))
    assert_enrolled(site_db, buyer.id, course)
    entered = query_one(site_db, "SELECT COUNT(*) AS n FROM ledger WHERE user_id = %s"
                                 " AND (changes LIKE '%%\"enrolled\"%%' OR changes LIKE '%%\"enrollments\"%%')", (buyer.id,))
    assert entered["n"] == 1, "enrolled once, and not twice"
    payment = payment_of(site_db, paid)
    assert payment["status"] == "paid" and payment["granted_at"] is not None


def test_a_database_that_is_away_is_told_to_the_provider(provider, stack, purchase):
    made = purchase.completed()
    stack.database.kill()
    try:
        reply = provider.deliver(made)
        assert reply.status == 503 and reply.headers["Retry-After"], reply
    finally:
        stack.database.start()
        stack.wait_ready()
    provider.tell(made)
