// Real browsers, driven by lines of JSON: {id, do, …} comes in, {id, value} or {id, error} goes out. See COMMANDS below.
// Ends, with every browser that it started, when nobody writes to it any more. tests/harness/browser.py is its other side.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const LONGEST_MS = 120000; // of one command
const LOOK_MS = 20;
const FILE_MS = 20000;
const SHOWN = 3000; // characters of a page that stand in a failure

const browsers = new Map(); // name → {child, browser}
const contexts = new Map(); // name → BrowserContext
const pages = new Map(); // name → Page
const journals = new Map(); // name of a page → {errors: what its console said was wrong, asked: addresses, once each}
const complaints = []; // what pages threw, and what their Content-Security-Policy forbade

const killAll = () => {
  for (const { child } of browsers.values()) if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
};
process.on('exit', killAll);
process.on('SIGTERM', () => process.exit(1));

/** A process of our own over `profile`, so that it can be killed like any other. */
async function launch({ name, profile }) {
  const options = ['--headless=new', '--no-sandbox', '--no-first-run', '--disable-gpu', '--hide-scrollbars', '--disable-features=LocalNetworkAccessChecks',
    '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'];
  const child = spawn(CHROMIUM, options, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
      const found = /DevTools listening on (\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.on('exit', () => reject(new Error(`the browser ended: ${said}`)));
  });
  browsers.set(name, { child, browser: await chromium.connectOverCDP(address) });
}

async function kill({ name }) {
  const { child } = browsers.get(name);
  const over = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGKILL');
  await over;
  browsers.delete(name);
}

// Runs before every page: the device's clock, which a test may set wrong; a disk that tells only after a while that something
// is on it; and a network that lets no WebSocket through.
function prepare({ live, diskMs }) {
  const Real = Date;
  const shift = () => Number(localStorage.getItem('shift-ms') ?? 0);
  globalThis.Date = class extends Real {
    constructor(...given) {
      super(...(given.length === 0 ? [Real.now() + shift()] : given));
    }
    static now() {
      return Real.now() + shift();
    }
  };
  if (diskMs > 0) {
    const told = Object.getOwnPropertyDescriptor(IDBTransaction.prototype, 'oncomplete');
    Object.defineProperty(IDBTransaction.prototype, 'oncomplete', {
      set(listener) {
        told.set.call(this, (event) => setTimeout(() => listener(event), this.mode === 'readwrite' ? diskMs : 0));
      },
    });
  }
  if (live) return;
  globalThis.WebSocket = class {
    constructor() {
      setTimeout(() => this.onclose({ code: 1006 }));
    }
    close() {}
  };
}

/** One learner's or administrator's own browser, as it were; `persistent`: that of the profile, which outlives the process. */
async function context({ browser, name, persistent, live = true, diskMs = 0, serve = {}, ...options }) {
  const { browser: running } = browsers.get(browser);
  const made = persistent ? running.contexts()[0] : await running.newContext(options);
  await made.addInitScript(prepare, { live, diskMs });
  for (const [path, body] of Object.entries(serve)) await made.route(`**${path}`, (route) => route.fulfill({ contentType: 'text/html', body }));
  contexts.set(name, made);
}

async function page({ context: of, name, url }) {
  const made = await contexts.get(of).newPage();
  const journal = { errors: [], asked: new Set() };
  journals.set(name, journal);
  made.on('pageerror', (error) => complaints.push(`${made.url()}: ${error.stack ?? error}`));
  made.on('console', (message) => {
    if (message.type() !== 'error') return;
    journal.errors.push(`${message.text()} ${message.location().url}`);
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  for (const event of ['request', 'websocket']) made.on(event, (one) => journal.asked.add(one.url()));
  pages.set(name, made);
  await made.goto(url);
}

const shownBy = async (page) => (await page.innerText('body', { timeout: 1000 }).catch(() => '')).slice(0, SHOWN);

/** Calls one after the other, each on what the one before returned: [["getByRole", "button", {"name": "Start"}], ["click"]]. */
async function chain({ on, calls }) {
  const start = pages.get(on) ?? contexts.get(on);
  try {
    let value = start;
    for (const [method, ...given] of calls) value = await value[method](...given);
    return Buffer.isBuffer(value) ? value.toString('base64') : value;
  } catch (error) {
    throw new Error(pages.has(on) ? `${error.message}\n--- the page shows:\n${await shownBy(start)}` : error.message);
  }
}

/** The file that the calls bring down. */
async function file({ on, calls }) {
  const [download] = await Promise.all([pages.get(on).waitForEvent('download', { timeout: FILE_MS }), chain({ on, calls })]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

/** Presses keys as somebody without a mouse; where the focus is after each, as a function in the page (`text`) tells it. Ends
 *  early at what is called `stop`. */
async function keys({ on, keys: given, text, stop }) {
  const page = pages.get(on);
  const seen = [];
  for (const key of given) {
    await page.keyboard.press(key);
    seen.push(await page.evaluate(`(${text})()`));
    if (stop !== null && seen.at(-1)?.name === stop) break;
  }
  return seen;
}

/** What a function, given as text, answers in the page. */
const evaluate = ({ on, text, given }) => pages.get(on).evaluate(`(${text})(${JSON.stringify(given)})`);

/** The same again and again, until it is something true. (Playwright's own way needs eval, which the pages forbid.) */
async function until({ on, text, given, timeout }) {
  const end = performance.now() + timeout;
  for (;;) {
    const value = await evaluate({ on, text, given }).catch((error) => {
      if (!error.message.includes('context was destroyed')) throw error; // it goes elsewhere just now
    });
    if (value) return value;
    if (performance.now() > end) throw new Error(`not within ${timeout} ms\n--- the page shows:\n${await shownBy(pages.get(on))}`);
    await sleep(LOOK_MS);
  }
}

const COMMANDS = {
  launch,
  kill,
  context,
  page,
  chain,
  file,
  keys,
  evaluate,
  until,
  closeContext: async ({ name }) => {
    await contexts.get(name).close();
    contexts.delete(name);
  },
  complaints: () => complaints.splice(0),
  journal: ({ on }) => ({ errors: journals.get(on).errors.splice(0), asked: [...journals.get(on).asked] }),
  /** What asks for `path` is answered by this instead of by the server; status null: not at all. */
  reply: ({ context: of, path, status, body }) =>
    contexts.get(of).route(path, (route) => (status === null ? undefined : route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify(body) }))),
  /** Puts a script into the page that its Content-Security-Policy would not let in. */
  inject: async ({ on, package: name }) => pages.get(on).evaluate(`${await readFile(`node_modules/${name}`, 'utf8')};0`),
};

const plain = (value) => (value === undefined || (typeof value === 'object' && value !== null && value.constructor !== Object && !Array.isArray(value)) ? null : value);

async function answer({ id, do: name, ...given }) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} took longer than ${LONGEST_MS} ms`)), LONGEST_MS);
  });
  try {
    return { id, value: plain(await Promise.race([COMMANDS[name](given), late])) };
  } catch (error) {
    return { id, error: error.message };
  } finally {
    clearTimeout(timer);
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await answer(JSON.parse(line))));
process.exit(0);
