// A learner at a real browser. Its argument is {scenario, url, token, profile, page, blocked}; it prints lines: {"do": …} asks the
// test to do something to the server, whose answer it waits for on standard input; the last one is what came of it.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const given = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const running = new Set(); // browsers: none outlives this
process.on('exit', () => {
  for (const { pid } of running) process.kill(-pid, 'SIGKILL');
});
process.on('SIGTERM', () => process.exit(1));
const complaints = []; // errors of the pages

async function please(what) {
  console.log(JSON.stringify({ do: what }));
  await lines.next();
}

/** A browser of our own over `profile`, so that it can be killed like any process. */
async function launch() {
  const child = spawn(
    CHROMIUM,
    [
      '--headless=new',
      '--no-sandbox',
      '--no-first-run',
      '--disable-gpu',
      '--disable-features=LocalNetworkAccessChecks', // pages that come from here have no address of their own
      '--remote-debugging-port=0',
      `--user-data-dir=${given.profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  running.add(child);
  child.once('exit', () => running.delete(child));
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
      const found = /DevTools listening on (\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.on('exit', () => reject(new Error(`the browser ended: ${said}`)));
  });
  const browser = await chromium.connectOverCDP(address);
  const context = browser.contexts()[0];
  // The pages are the site's own, and come from beside this file.
  await context.route('**/try/*', (route) => {
    const name = new URL(route.request().url()).pathname.split('/').at(-1);
    const contentType = name.endsWith('.js') ? 'text/javascript' : 'text/html';
    return route.fulfill({ contentType, body: name === 'page.html' ? given.page : readFileSync(name) });
  });
  // The device's clock, which a test may set wrong.
  await context.addInitScript(() => {
    const real = Date.now;
    const shift = () => Number(localStorage.getItem('shift-ms') ?? 0);
    Date.now = () => real() + shift();
  });
  return { child, browser, context };
}

const ended = (child) => new Promise((resolve) => child.once('exit', resolve));

async function kill({ child }) {
  const over = ended(child);
  process.kill(-child.pid, 'SIGKILL');
  await over;
}

async function open(context, path) {
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(given.url + path);
  return page;
}

const done = []; // [exercise, given], in order

/** Answers so many questions of the player, every third one wrongly. */
async function answer(page, count) {
  for (let at = 0; at < count; at++) {
    await page.bringToFront();
    const asked = await page.textContent('#count');
    const sum = (await page.textContent('#question')).split(' + ').map(Number);
    const value = String(sum[0] + sum[1] + (done.length % 3 === 2 ? 1 : 0));
    done.push([sum.join('+'), value]);
    await page.fill('#answer', value);
    await page.press('#answer', 'Enter');
    await page.waitForFunction((asked) => document.getElementById('count').textContent !== asked, asked);
  }
}

async function practise(context) {
  const page = await open(context, '/try/practise.html');
  await page.waitForFunction(() => document.getElementById('question').textContent !== '');
  return page;
}

const says = (page, text) =>
  page.waitForFunction((text) => document.getElementById('banner').textContent === text, text, { timeout: 30000 });
const drained = (page) => says(page, 'nothing waits');

const scenarios = {
  // Document 004's learner, on a bad day: everything that can go wrong does, and then they sign in.
  async 'bad day'() {
    let session = await launch();
    let one = await practise(session.context);
    await answer(one, 2);
    await drained(one);
    await session.context.setOffline(true);
    await one.evaluate(() => localStorage.setItem('shift-ms', 3600000));
    await answer(one, 2);
    await says(one, '2 wait: offline');
    await session.context.setOffline(false);
    await drained(one);
    const two = await practise(session.context);
    await answer(two, 1);
    await answer(one, 1);
    await answer(two, 1);
    await drained(one);
    await drained(two);
    await please('kill the server');
    await answer(one, 1);
    await answer(two, 1);
    await says(one, '2 wait: away');
    await please('start the server');
    await drained(one);
    await drained(two);
    await please('kill the server');
    await answer(one, 1);
    await one.reload();
    await one.waitForFunction(() => document.getElementById('question').textContent !== '');
    await answer(one, 2);
    await answer(two, 1);
    await kill(session);
    await please('start the server');
    session = await launch();
    one = await practise(session.context);
    await drained(one);
    await answer(one, 10); // a whole session
    await session.context.setOffline(true);
    await answer(one, 1);
    const guest = await one.textContent('#identity');
    await one.fill('#token', given.token);
    await one.press('#token', 'Enter');
    await one.waitForFunction((guest) => document.getElementById('identity').textContent !== guest, guest);
    await session.context.setOffline(false);
    await drained(one);
    const now = await one.textContent('#identity');
    await kill(session);
    return { done, guest, now };
  },

  // docs/frontend.md's page in two tabs; the connection is live, or WebSockets are blocked.
  async 'the page of the documentation'() {
    const session = await launch();
    await session.context.addInitScript((token) => localStorage.setItem('token', token), given.token);
    if (given.blocked)
      await session.context.addInitScript(() => {
        window.WebSocket = class {
          constructor() {
            setTimeout(() => this.onclose({ code: 1006 }));
          }
          close() {}
        };
      });
    const shows = await open(session.context, '/try/page.html');
    const state = (text) => shows.waitForFunction((text) => document.getElementById('state').textContent === text, text, { timeout: 30000 });
    await state(given.blocked ? 'polling' : 'live');
    await shows.waitForFunction(() => document.getElementById('tokens').textContent === '0');
    const acts = await open(session.context, '/try/page.html');
    await acts.waitForFunction(() => document.getElementById('tokens').textContent !== '…');
    const began = Date.now();
    await acts.click('#answer');
    await shows.waitForFunction(() => document.getElementById('tokens').textContent === '1', null, { polling: 20, timeout: 30000 });
    const took = Date.now() - began;
    const modules = await shows.$$eval('#modules li', (items) => items.map((item) => item.textContent));
    await kill(session);
    return { took, modules };
  },
};

const result = await scenarios[given.scenario]();
console.log(JSON.stringify({ ...result, complaints }));
process.exit(0);
