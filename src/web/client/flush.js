// Emptying the queue: in order, each item leaving by its own result only. One run at a time; offline.js says when.

import { bodyOf, KINDS, meaningOf, refusalOf, resultsOf, takeRun } from './kinds.js';
import { isFull } from './store.js';

const HEAD_ITEMS = 500; // read ahead at once
const STRANGERS_LIMIT = 10;
const BROKEN_LIMIT = 5; // after so many defects of the server's over one item, those behind it go first
// What stops it before anything was sent.
const STOPS = { 'signed-out': 'signed-out', forbidden: 'forbidden', aborted: 'aborted' };

export class Flush {
  #most = Infinity; // items in a request; less while one of them is looked for that spoils the others
  #broken = new Map(); // key → how often the server failed over it
  #deferred = new Set();
  #held = new Set(); // kinds that this learner may not send

  constructor({ client, stores, guest, identify, onSettled, onClaim, now }) {
    Object.assign(this, { client, stores, guest, identify, onSettled, onClaim, now });
  }

  /** What was left aside is tried again. */
  forgive() {
    this.#held.clear();
    this.#deferred.clear();
    this.#broken.clear();
    this.#most = Infinity;
  }

  /** Sends until nothing is left or nothing goes: {blocked, retryAfterMs, settled}; blocked is null, 'away',
   * 'signed-out', 'forbidden' or 'aborted'. */
  async run(signal) {
    const outcome = { blocked: null, retryAfterMs: null, settled: 0 };
    let refused = null;
    let strangers = 0;
    while (!signal.aborted) {
      const owner = await this.identify();
      const next = await this.#next(owner);
      if (next === null && !(await this.#claims(owner))) {
        if (this.#held.size > 0) outcome.blocked = 'forbidden';
        else if (this.#deferred.size > 0) outcome.blocked = 'away';
        return outcome;
      }
      let credentials = null;
      let sending = false;
      try {
        credentials = await this.client.credentials(refused);
        if (credentials.token === null) return { ...outcome, blocked: 'signed-out' };
        if (credentials.owner !== owner) {
          // Somebody else came in between; a provider that says now this and now that gets no further.
          if (++strangers > STRANGERS_LIMIT) return { ...outcome, blocked: 'signed-out' };
          continue;
        }
        for (const claim of await this.guest.claim(credentials)) this.onClaim(claim);
        if (next === null) continue;
        sending = true;
        outcome.settled += await this.#send(next, credentials, signal);
        refused = null;
      } catch (error) {
        if (isFull(error) || error.name === 'StorageError') throw error;
        const meaning = meaningOf(error);
        if (meaning === 'signed-out' && refused === null && credentials !== null) {
          refused = credentials.token;
          continue;
        }
        const stop = sending ? await this.#fail(next, meaning, error, outcome) : STOPS[meaning] ?? 'away';
        if (stop !== null) return { ...outcome, blocked: stop, retryAfterMs: error.retryAfterMs ?? null };
      }
    }
    return { ...outcome, blocked: 'aborted' };
  }

  async #claims(owner) {
    return ((await this.guest.meta().get('claims')) ?? []).some((claim) => claim.owner === owner);
  }

  // The first run that may go. Disk before memory: what is in memory came later.
  async #next(owner) {
    const wanted = (item) => !this.#held.has(item.kind) && !this.#deferred.has(item.key);
    for (const store of this.stores()) {
      const items = await store.head(owner, HEAD_ITEMS, wanted);
      if (items.length > 0) return { store, owner, run: takeRun(items, this.#most) };
    }
    return null;
  }

  async #send(next, credentials, signal) {
    // Moments are fixed below: first the server's clock is heard, which any reply tells.
    if (!this.client.clock.isSure && next.run.some((item) => !item.sealed))
      await this.client.send('GET', '/healthz', { token: null, attempts: 1, signal });
    const seqs = next.run.map((item) => item.seq);
    const run = await next.store.seal(seqs, next.owner, (item, last) => this.#seal(item, last));
    if (run.length === 0) return 0; // another tab was faster
    next.run = run;
    const { path } = KINDS[run[0].kind];
    const options = { body: bodyOf(run), token: credentials.token, idempotencyKey: null, attempts: 1, signal };
    const { data } = await this.client.send('POST', path, options);
    const results = resultsOf(run, data);
    if (results.every((result) => result === null)) throw new TypeError('The reply has no results.');
    this.#most *= 2;
    return this.#settle(next.store, run, results, data);
  }

  // Before its first sending an item gets what it is sent with for ever: its moment in the server's time, later
  // than that of the one before it. Sent again, it must be the same to the letter.
  #seal(item, last) {
    const { time } = KINDS[item.kind];
    const body = { ...item.body };
    if (item.stamp !== null && (body[time] === undefined || body[time] === null)) {
      const moment = Math.max(this.client.clock.momentOf(item.stamp), last + 1);
      body[time] = new Date(moment).toISOString();
      last = moment;
    }
    return { item: { ...item, body, sealed: true }, last };
  }

  async #settle(store, run, results, data) {
    const settled = [];
    for (const [at, item] of run.entries()) {
      const result = results[at];
      if (result === null) continue; // nothing was said of it: it stays
      if (await this.#leave(store, item, result)) settled.push({ item, result });
      this.#broken.delete(item.key);
    }
    this.onSettled(settled, data);
    return settled.length;
  }

  // False: another tab had it settled, and told of it.
  async #leave(store, item, result) {
    const keeps = result.status === 'conflict' || result.status === 'rejected';
    const { owner, kind, id, body } = item;
    const kept = keeps ? { owner, kind, id, body, ...result, at: this.now() } : null;
    try {
      return await store.settle(item.seq, result, kept);
    } catch (error) {
      if (!isFull(error)) throw error;
      const left = await store.settle(item.seq, null, null);
      if (left && kept !== null) this.stores().at(-1).keep(kept); // the memory
      return left;
    }
  }

  // Returns why to stop, or null to go on.
  async #fail(next, meaning, error, outcome) {
    const { run } = next;
    if (meaning === 'forbidden') {
      this.#held.add(run[0].kind);
      return null;
    }
    if (meaning !== 'refused' && meaning !== 'broken') return meaning;
    if (run.length > 1) {
      this.#most = Math.ceil(run.length / 2); // one of them it is
      return null;
    }
    const [item] = run;
    if (meaning === 'refused') {
      outcome.settled += await this.#settle(next.store, run, [refusalOf(item, error)], null);
      this.#most *= 2;
      return null;
    }
    const failures = (this.#broken.get(item.key) ?? 0) + 1;
    this.#broken.set(item.key, failures);
    if (failures < BROKEN_LIMIT) return 'away';
    this.#deferred.add(item.key);
    return null;
  }
}
