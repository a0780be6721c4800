// Whatever happens between putting something in and its result: nothing is lost, nothing counts twice, and the
// order is kept. Random interleavings of queueing, failing, flushing, closing, killing, in two tabs, with a guest
// who signs in; LOCKSTEP_RUNS says how many, LOCKSTEP_SEED repeats one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Client } from '../client.js';
import { Offline } from '../offline.js';
import { FakeServer } from './fake_server.js';
import { channels, FakeStorage, IDBFactory, Locks, tick, tokenOf, until } from './setup.js';

const RUNS = Number(process.env.LOCKSTEP_RUNS ?? 500);
const SEED = process.env.LOCKSTEP_SEED === undefined ? undefined : Number(process.env.LOCKSTEP_SEED);

const tabNumber = fc.integer({ min: 0, max: 1 });
const kind = fc.constantFrom('answer', 'session', 'progress', 'progress', 'event', 'event');
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add'), tab: tabNumber, kinds: fc.array(kind, { minLength: 1, maxLength: 4 }), bad: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fail'), faults: fc.array(fc.constantFrom('before', 'after', 503, 429, 500, null), { minLength: 1, maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush'), tab: tabNumber, wait: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('online'), online: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close'), tab: tabNumber }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill'), tab: tabNumber }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'sign-in' }) },
);
const scenario = fc.record({
  guest: fc.boolean(),
  locks: fc.boolean(),
  commands: fc.array(command, { minLength: 3, maxLength: 25 }),
});

class World {
  server = new FakeServer();
  indexedDB = new IDBFactory();
  channel = channels();
  storage = new FakeStorage();
  online = true;
  tabs = [null, null];
  added = []; // {kind, id, bad}, in order
  rejected = new Set();
  count = 0;

  constructor({ guest, locks }) {
    this.token = guest ? null : tokenOf('7');
    this.locks = locks ? new Locks() : undefined;
  }

  async tab(number) {
    if (this.tabs[number] !== null) return this.tabs[number];
    const client = new Client({ baseUrl: 'http://lockstep.test', token: () => this.token, fetch: this.server.fetch });
    const tab = new Offline({
      client,
      indexedDB: this.indexedDB,
      locks: this.locks,
      BroadcastChannel: this.channel,
      localStorage: this.storage,
      isOnline: () => this.online,
      events: null,
      retryBaseMs: 1,
      retryCapMs: 4,
    });
    this.tabs[number] = tab;
    await tab.start();
    return tab;
  }

  async run(step) {
    if (step.do === 'add') {
      const entries = step.kinds.map((kind, at) => this.entry(kind, step.bad === at));
      const handles = await (await this.tab(step.tab)).addAll(entries);
      assert.ok(handles.every(({ durable }) => durable));
    } else if (step.do === 'fail') this.server.faults = [...step.faults];
    else if (step.do === 'flush') {
      const flushed = (await this.tab(step.tab)).flush();
      if (step.wait) await flushed;
    } else if (step.do === 'online') this.online = step.online;
    else if (step.do === 'close') await this.leave(step.tab);
    else if (step.do === 'kill') this.leave(step.tab); // in the middle of whatever it does
    else if (step.do === 'wait') await tick(step.ms);
    else if (step.do === 'sign-in') {
      this.token = tokenOf('7');
      for (const tab of this.tabs) tab?.signedIn().catch(() => {});
    }
  }

  entry(kind, bad) {
    const id = `${kind}-${++this.count}`;
    const names = { answer: 'answerId', session: 'sessionId', progress: 'mutationId', event: 'id' };
    this.added.push({ kind, id, bad });
    return { kind, body: { [names[kind]]: id, threadId: 't', stitchId: 's', number: this.count, ...(bad ? { bad: true } : {}) } };
  }

  async leave(number) {
    const tab = this.tabs[number];
    this.tabs[number] = null;
    await tab?.close();
  }

  /** Everything works from here on; what waits gets through. */
  async heal() {
    this.online = true;
    this.server.faults = [];
    this.token = tokenOf('7');
    const tab = await this.tab(0);
    await tab.signedIn();
    await until(async () => (await tab.flush()).pending === 0 && tab.state.blocked === null, 'an empty queue');
    this.rejected = new Set((await tab.unsettled()).map(({ id }) => id));
  }

  check(guest) {
    const facts = this.server.facts('|7');
    const good = this.added.filter(({ bad }) => !bad).map(({ id }) => id);
    const bad = this.added.filter((entry) => entry.bad).map(({ id }) => id);
    assert.deepEqual(facts.map(({ id }) => id).sort(), [...good].sort(), 'nothing lost, nothing twice');
    assert.deepEqual([...this.rejected].sort(), bad.sort(), 'what was refused is known');
    // A guest's events wait for the sign-in; all else keeps one order.
    const groups = guest ? [(id) => id.startsWith('event'), (id) => !id.startsWith('event')] : [() => true];
    for (const group of groups)
      assert.deepEqual(facts.map(({ id }) => id).filter(group), good.filter(group), 'the order is kept');
    const times = facts.map(({ kind, content }) => ({ kind, body: JSON.parse(content) }));
    for (const { kind, body } of times)
      assert.ok(body[{ answer: 'answeredAt', session: 'completedAt', progress: 'lastAttempted', event: 'timestamp' }[kind]]);
  }
}

test(`${RUNS} interleavings lose nothing, count nothing twice, and keep the order`, async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ guest, locks, commands }) => {
      const world = new World({ guest, locks });
      try {
        for (const step of commands) await world.run(step);
        await world.heal();
        world.check(guest);
      } finally {
        await Promise.all([world.leave(0), world.leave(1)]);
      }
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true, includeErrorInReport: true },
  );
});
