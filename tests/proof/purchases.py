"""Purchases as a shop sees them, the events that the provider sends of them, and what must come of those: read
out of the events themselves, whatever their order and number. It shares nothing with the program but the contract."""

import json
import random

from harness.payments import Purchase, event, subscription

ENDED = ("canceled", "incomplete_expired")
IN_FORCE = ("active", "trialing")


class World:
    """Who and what there is: `merged` {id: id it became}, `missing` ids of nobody, `deleted` ids of people who are
    gone; `courses` {id: (price, currency)}, `nowhere` ids of no course."""

    def __init__(self, learners, merged, missing, deleted, courses, nowhere, policy, accepts_discounts):
        self.learners, self.merged, self.missing, self.deleted = learners, merged, missing, deleted
        self.courses, self.nowhere = courses, nowhere
        self.policy, self.accepts_discounts = policy, accepts_discounts

    def learner(self, named):
        """Whom an id means; None: nobody."""
        found = self.merged.get(named, named)
        return found if found in self.learners else None


# --- What is sent


def _card(p, chance):
    return [p.completed(), p.intent_succeeded()]


def _card_at_last(p, chance):
    failures = [p.intent_failed(named=chance.random() < 0.5) for _ in range(chance.randint(1, 3))]
    return failures + [p.intent_succeeded(), p.completed()]


def _bank(p, chance):
    return [p.completed("unpaid"), p.async_succeeded(), p.intent_succeeded(named=chance.random() < 0.5)]


def _bank_refused(p, chance):
    return [p.completed("unpaid"), p.async_failed(), p.intent_failed(named=False)]


def _abandoned(p, chance):
    return [p.completed("unpaid")]


def _nameless(p, chance):
    return [p.intent_succeeded(named=False), p.intent_failed(named=False), p.completed()]


def _nameless_throughout(p, chance):
    return [p.intent_succeeded(named=False), p.refunded(p.amount // 3, named=False)]


def _refunded_in_part(p, chance):
    return [p.completed(), p.intent_succeeded(), p.refunded(p.amount // 4), p.refunded(p.amount // 2, named=False)]


def _refunded(p, chance):
    return [p.completed(), p.intent_succeeded(), p.refunded(p.amount // 2, named=False),
            p.refunded(named=chance.random() < 0.5)]


KINDS = (_card, _card, _card_at_last, _bank, _bank_refused, _abandoned, _nameless, _nameless_throughout,
         _refunded_in_part, _refunded)


def _subscription(world, chance, user_id, customers):
    """One learner's: named in its first event at most, and by its customer alone once another one named that."""
    name, customer = f"sub_{user_id}_{chance.randrange(10**9)}", f"cus_of_{world.learner(user_id) or user_id}"
    named = None if customer in customers and chance.random() < 0.5 else user_id
    customers.add(customer)
    begun = 1_760_000_000 + chance.randrange(10**6)
    made = [subscription("created", name, customer, "incomplete", named, begun),
            subscription("updated", name, customer, "active", None, begun)]
    if chance.random() < 0.5:
        made += [subscription("updated", name, customer, "past_due", None, begun + 2_600_000),
                 subscription("updated", name, customer, "active", None, begun + 2_600_000 + chance.randint(1, 9))]
    if chance.random() < 0.3:
        made.append(subscription("deleted", name, customer, "canceled", None, begun + 9_000_000))
    return made


def _other(chance):
    """What the provider sends as well, and Lockstep keeps nothing of."""
    name = f"in_{chance.randrange(10**12)}"
    return chance.choice([
        event("invoice.paid", {"id": name, "object": "invoice", "customer": "cus_other", "amount_paid": 900}),
        event("customer.created", {"id": "cus_other", "object": "customer", "email": "anna@example.org"}),
        event("charge.succeeded", {"id": name.replace("in", "ch"), "object": "charge", "amount": 100})])


def _purchase(world, chance, at):
    """What is odd about purchases comes in turns, so that few of them have all of it."""
    user_id, course_id = chance.choice(world.learners), chance.choice(list(world.courses))
    whose = {3: list(world.merged), 8: list(world.merged), 14: world.missing, 20: world.deleted}.get(at % 27)
    user_id = chance.choice(whose) if whose else user_id
    price, currency = world.courses[course_id]
    odd = at % 25
    if odd == 4:
        course_id = chance.choice(world.nowhere)
    elif odd == 10:
        price += chance.choice([1, 5000])
    elif odd == 16:
        price -= chance.choice([1, 100])
    elif odd == 13:
        currency = "gbp"
    elif odd % 8 == 7:
        currency = currency.swapcase()
    return Purchase(user_id, course_id, price, currency)


def make(world, purchases, events, seed):
    """That many purchases, and that many different events of them (id, body)."""
    chance = random.Random(seed)
    made, bought, customers = [], [], set()
    while len(bought) < purchases:
        is_plain = len(bought) % 25 not in (4, 10, 13, 16)
        if is_plain and chance.random() < 0.06:
            bought.append(None)
            made += _subscription(world, chance, chance.choice(world.learners[:20] + list(world.merged)), customers)
            continue
        # Now and then the same learner pays for the same course twice.
        again = is_plain and chance.random() < 0.15 and next((old for old in reversed(bought) if old is not None), None)
        p = Purchase(again.user_id, again.course_id, again.amount, again.currency) if again else \
            _purchase(world, chance, len(bought))
        bought.append(p)
        made += KINDS[len(bought) * 7 % len(KINDS)](p, chance)
    assert len(made) <= events, f"{len(made)} events already"
    paying = [p for p in bought if p is not None]
    while len(made) < events:
        p = chance.choice(paying)
        made.append(chance.choice([lambda: p.intent_failed(named=chance.random() < 0.5),
                                   lambda: p.completed("unpaid"), lambda: _other(chance)])())
    return made


# --- What must come of it


class Payment:
    def __init__(self):
        self.named, self.courses, self.failed, self.paid = set(), set(), False, False
        self.refunded_cents, self.is_refunded, self.amount, self.currency = 0, False, None, None

    @property
    def status(self):
        if self.is_refunded:
            return "refunded"
        return "paid" if self.paid else "failed" if self.failed else "pending"


class Outcome:
    """`payments` {intent: Payment}, `enrolled` {(user, course)}; of the intents those that are `granting`,
    `mismatched`, `waiting` for somebody, and of people who are gone, `erased`."""

    def __init__(self, world, events):
        self.world, self.payments, self.states = world, {}, {}
        for _, body in events:
            self._take(json.loads(body))
        self.enrolled, self.granting, self.mismatched = set(), set(), set()
        self.waiting, self.erased = set(), set()
        for intent, payment in self.payments.items():
            self._judge(intent, payment)

    def _take(self, told):
        kind, thing = told["type"], told["data"]["object"]
        if kind.startswith("customer.subscription."):
            self._take_state(told["created"], kind, thing)
            return
        intent = {"checkout.session": thing.get("payment_intent"), "payment_intent": thing["id"],
                  "charge": thing.get("payment_intent")}.get(thing["object"])
        if intent is None:
            return
        payment = self.payments.setdefault(intent, Payment())
        names = thing["metadata"]
        payment.named |= {int(names["userId"])} if "userId" in names else set()
        payment.courses |= {int(names["courseId"])} if "courseId" in names else set()
        if kind == "payment_intent.succeeded" or thing.get("payment_status") == "paid":
            payment.paid = True
            payment.amount = thing.get("amount_received", thing.get("amount_total"))
            payment.currency = thing["currency"]
        payment.failed |= kind.endswith("failed")
        if kind == "charge.refunded":
            payment.refunded_cents = max(payment.refunded_cents, thing["amount_refunded"])
            payment.is_refunded |= thing["refunded"]

    def _take_state(self, created, kind, thing):
        order = ["incomplete", "trialing", "active", "past_due", "unpaid", "paused"]
        status = thing["status"]
        rank = 0 if kind.endswith("created") else 1 + (order.index(status) if status in order else len(order))
        self.states.setdefault((thing["customer"], thing["id"]), []).append(
            (status in ENDED, created, rank, status))

    def _judge(self, intent, payment):
        assert len(payment.named) <= 1 and len(payment.courses) <= 1
        learner = next((self.world.learner(named) for named in payment.named), None)
        course = next((course for course in payment.courses if course in self.world.courses), None)
        payment.learner, payment.course = learner, course
        if payment.named & set(self.world.deleted):
            self.erased.add(intent)
        if self._lacks(intent, payment):
            self.waiting.add(intent)
        if learner is None or course is None or not payment.paid:
            return
        if payment.is_refunded and self.world.policy == "unenroll":
            return
        price, currency = self.world.courses[course]
        fits = payment.amount == price or (self.world.accepts_discounts and payment.amount < price)
        if fits and payment.currency.lower() == currency.lower():
            self.granting.add(intent)
            self.enrolled.add((learner, course))
        elif not payment.is_refunded:
            self.mismatched.add(intent)

    def by_pair(self):
        """{(user, course): the payments that enrol}."""
        pairs = {}
        for intent in self.granting:
            payment = self.payments[intent]
            pairs.setdefault((payment.learner, payment.course), []).append(payment)
        return pairs

    def _lacks(self, intent, payment):
        if intent in self.erased:  # the money of somebody who is gone, that bought nothing
            return payment.status == "paid"
        return payment.learner is None or (payment.course is None and not payment.is_refunded)

    def profiles(self):
        """{customer: (status, whether any is in force)}: the status of the subscription that counts."""
        best = {}
        for (customer, name), states in self.states.items():
            ended, created, rank, status = max(states)
            candidate = (status in IN_FORCE, created, rank, name, status)
            best[customer] = max(best.get(customer, candidate), candidate)
        return {customer: (found[4], found[0]) for customer, found in best.items()}
