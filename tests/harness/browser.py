"""Real Chromium from Python: pages are opened, used and looked at as people do. Node and playwright-core do the
driving (tests/web/browser/drive.mjs); whatever Playwright's Page can do is at hand by `Tab.call`."""

import base64
import itertools
import json
import os
import subprocess

from harness.stack import REPOSITORY

PATIENCE_S = 20


# What has the focus: {name, inDialog, isSeen, stop: of data-stop}; null: nothing.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const name = at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || '';
  return { name: name.trim().replace(/\\s+/g, ' '), inDialog: Boolean(at.closest('dialog')), isSeen: box.width > 0 && box.height > 0,
    stop: at.dataset.stop };
}"""


class Driver:
    """The process that drives. `ask` waits for the answer; what went wrong there is an AssertionError here."""

    def __init__(self, directory, home):
        self._ids = itertools.count(1)
        program = os.path.join(REPOSITORY, "tests", "web", "browser", "drive")
        self.process = subprocess.Popen([program, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "HOME": home})

    def ask(self, what, **given):
        number = next(self._ids)
        self.process.stdin.write(json.dumps({"id": number, "do": what, **given}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"{what}: the driver ended"
        answer = json.loads(line)
        assert answer["id"] == number
        if "error" in answer:
            raise AssertionError(f"{what} {given}: {answer['error']}")
        return answer["value"]

    def new_name(self, prefix):
        return f"{prefix}-{next(self._ids)}"

    def complaints(self):
        """What pages threw and what they were forbidden since the last time."""
        return self.ask("complaints")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


class Browser:
    """A Chromium over a profile of its own; `kill` ends it as a crash would."""

    def __init__(self, driver, url, profile):
        self.driver = driver
        self.url = url
        self.name = driver.new_name("browser")
        driver.ask("launch", name=self.name, profile=str(profile))

    def visitor(self, token=None, live=True, width=1280, height=900, scheme="light", disk_ms=0, **options):
        """Somebody with storage of their own, signed in by `token` if there is one. live=False: nothing lets their
        WebSockets through. disk_ms: after how long their disk says that it has something. Options are those of
        Playwright's newContext."""
        return Visitor(self, token, live=live, diskMs=disk_ms, viewport={"width": width, "height": height}, colorScheme=scheme, **options)

    def owner(self, disk_ms=0):
        """Whose profile it is: what they keep outlives the process."""
        return Visitor(self, None, persistent=True, diskMs=disk_ms)

    def kill(self):
        self.driver.ask("kill", name=self.name)


class Visitor:
    def __init__(self, browser, token, **options):
        self.browser = browser
        self.driver = browser.driver
        self.token = token
        self.name = self.driver.new_name("visitor")
        self.driver.ask("context", browser=browser.name, name=self.name, **options)

    def open(self, path):
        """A new tab: "learner.html#/today", or an address that begins with a slash."""
        url = self.browser.url + (path if path.startswith("/") else f"/lockstep/pages/{path}")
        if self.token is None:
            return Tab(self, url)
        address, _, place = url.partition("#")
        tab = Tab(self, f"{address}#token={self.token}")
        self.token = None  # it is kept from here on
        if place:
            tab.go(f"#{place}")
        return tab

    def offline(self, is_offline=True):
        self.driver.ask("chain", on=self.name, calls=[["setOffline", is_offline]])

    def reply(self, path, status, body=None):
        """From now on what they ask of `path` (a glob) is answered by this; status None: not at all."""
        self.driver.ask("reply", context=self.name, path=path, status=status, body=body)

    def close(self):
        self.driver.ask("closeContext", name=self.name)


class Look:
    """What a page shows, narrowed down step by step: tab.role("list", "Videos").button("Watch").click(). Actions wait
    until there is exactly one such thing, and it can be acted upon."""

    def __init__(self, tab, calls=()):
        self.tab = tab
        self.calls = list(calls)

    def _and(self, *call):
        return Look(self.tab, [*self.calls, list(call)])

    def _do(self, *call):
        return self.tab.driver.ask("chain", on=self.tab.name, calls=[*self.calls, list(call)])

    # Where to look

    def role(self, role, name=None, exact=False):
        return self._and("getByRole", role, {} if name is None else {"name": name, "exact": exact})

    def button(self, name, exact=False):
        return self.role("button", name, exact)

    def card(self, title):
        """A card of the pages, by its heading."""
        return self.role("region", title, exact=True)

    def label(self, text, exact=False):
        return self._and("getByLabel", text, {"exact": exact})

    def text(self, text, exact=False):
        return self._and("getByText", text, {"exact": exact})

    def css(self, selector):
        return self._and("locator", selector)

    def having(self, text):
        return self._and("filter", {"hasText": text})

    def nth(self, at):
        return self._and("nth", at)

    # What to do

    def click(self):
        self._do("click", {"timeout": PATIENCE_S * 1000})

    def click_for_a_file(self):
        """The file that it brings down: {"name": …, "text": …}."""
        return self.tab.driver.ask("file", on=self.tab.name, calls=[*self.calls, ["click", {"timeout": PATIENCE_S * 1000}]])

    def fill(self, value):
        self._do("fill", str(value), {"timeout": PATIENCE_S * 1000})

    def press(self, key):
        self._do("press", key, {"timeout": PATIENCE_S * 1000})

    def choose(self, value):
        self._do("selectOption", value, {"timeout": PATIENCE_S * 1000})

    # What is there

    def wait(self, timeout_s=PATIENCE_S):
        """Until it is there to be seen."""
        self._do("waitFor", {"state": "visible", "timeout": timeout_s * 1000})
        return self

    def wait_gone(self, timeout_s=PATIENCE_S):
        self._do("waitFor", {"state": "hidden", "timeout": timeout_s * 1000})

    def read(self):
        return self._do("innerText", {"timeout": PATIENCE_S * 1000})

    def texts(self):
        return self._do("allInnerTexts")

    def count(self):
        return self._do("count")

    def attribute(self, name):
        return self._do("getAttribute", name, {"timeout": PATIENCE_S * 1000})

    def is_checked(self):
        return self._do("isChecked", {"timeout": PATIENCE_S * 1000})


class Tab(Look):
    def __init__(self, visitor, url):
        super().__init__(self)
        self.visitor = visitor
        self.driver = visitor.driver
        self.name = self.driver.new_name("tab")
        self.driver.ask("page", context=visitor.name, name=self.name, url=url)

    def call(self, method, *given):
        """Any method of Playwright's Page whose arguments and result are JSON."""
        return self._do(method, *given)

    def go(self, place):
        """To another view of the same page: "#/courses"."""
        self.evaluate("(place) => { location.hash = place; }", place)

    def connected(self, how="live"):
        """Until the page says how it is connected: live, polling, offline, …"""
        self.css(f'[data-connection="{how}"]').wait(40)
        return self

    def evaluate(self, text, given=None):
        """What a function, written in JavaScript, answers in the page."""
        return self.driver.ask("evaluate", on=self.name, text=text, given=given)

    def until(self, text, given=None, timeout_s=PATIENCE_S):
        """The same, until what it answers is true; looked at fifty times a second."""
        return self.driver.ask("until", on=self.name, text=text, given=given, timeout=timeout_s * 1000)

    def until_shows(self, text, timeout_s=PATIENCE_S):
        """Until the words stand anywhere on the page."""
        return self.until("(text) => document.body.innerText.includes(text)", text, timeout_s)

    def keys(self, *keys, stop=None):
        """Presses them one after the other; what has the focus after each. `stop` ends it at what is called so."""
        return self.driver.ask("keys", on=self.name, keys=keys, text=FOCUS, stop=stop)

    def tab_to(self, name, most=120, key="Tab"):
        """Goes on with the Tab key until what is called so has the focus."""
        seen = self.keys(*[key] * most, stop=name)
        assert seen[-1] is not None and seen[-1]["name"] == name, [one and one["name"] for one in seen]
        return seen[-1]

    def reload(self):
        self.call("reload")

    def journal(self):
        """What its console said was wrong since the last time (errors), and every address that was asked for (asked)."""
        return self.driver.ask("journal", on=self.name)

    def inject(self, script):
        """A script of the packages that the tests install: "axe-core/axe.min.js"."""
        self.driver.ask("inject", on=self.name, package=script)

    def screenshot(self, path, full=True):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("screenshot", {"fullPage": full})))

    def close(self):
        self.call("close")
