"""A learner who practises in the learner's pages, for tests."""

import re

QUESTIONS = 10
SIGNS = {"×": ("times", lambda a, b: a * b), "+": ("plus", lambda a, b: a + b), "−": ("minus", lambda a, b: a - b)}


class Practice:
    """What a learner does in one tab of the practice view. `done` is shared: [exercise, what was written, whether it was right]."""

    def __init__(self, visitor, done):
        self.tab = visitor.open("learner.html#/practice")
        self.done = done

    def start(self, topic):
        self.tab.role("radio", topic).click()
        self.tab.role("radio", "Easy").click()
        self.tab.button("Start", exact=True).click()

    def number(self):
        """Which question is asked; None: the session is over."""
        found = re.search(r"Question (\d+) of", self.tab.css("main").read())
        return int(found.group(1)) if found else None

    def answer(self, count):
        """So many questions, every fourth one wrongly."""
        for _ in range(count):
            self.tab.call("bringToFront")
            before = self.number()
            left, sign, right = re.search(r"(\d+) ([×+−]) (\d+)", self.tab.css(".question").read()).groups()
            word, value = SIGNS[sign]
            is_right = len(self.done) % 4 != 3
            given = value(int(left), int(right)) + (0 if is_right else 1)
            self.tab.css(".player input").fill(given)
            self.tab.css(".player input").press("Enter")
            self.done.append((f"mathematics-{left}-{word}-{right}", str(given), is_right))
            self.tab.until("(before) => !document.querySelector('main').innerText.includes(`Question ${before} of`)", before)

    def look_elsewhere(self):
        self.tab.go("#/dashboard")
        self.tab.until_shows("Recent sessions")
        self.tab.go("#/practice")

    def resumed_at(self, number):
        self.tab.until_shows(f"Question {number} of {QUESTIONS}")

    def waits(self, count, why):
        """The banner tells how much waits, and why."""
        self.tab.css(f'.banner[data-pending="{count}"]').having(why).wait(40)

    def drained(self):
        """Nothing waits, and the session on show knows that all of it has arrived."""
        self.tab.until("() => !document.querySelector('.banner') && document.querySelector('[data-waiting]')?.dataset.waiting === '0'", timeout_s=40)

    def result(self):
        """(stitch, questions, right, points) as the page has them."""
        self.tab.until_shows("What was saved")
        facts = dict(re.findall(r"^(Right|Points)\n(.+)$", self.tab.css(".figures").read(), re.MULTILINE))
        right, of = facts["Right"].split(" of ")
        return int(of), int(right), int(facts["Points"])
