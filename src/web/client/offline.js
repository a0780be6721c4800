// What a learner does is put on disk with its id before anything is sent, and leaves only by its own result.
// Where it is kept is shelves.js, its way to the server flush.js; this is what an application talks to.

import { Content } from './content.js';
import { Emitter } from './emitter.js';
import { LockstepError } from './errors.js';
import { Flush } from './flush.js';
import { GUEST, Guest } from './guest.js';
import { itemOf, saysTheSame } from './kinds.js';
import { takeLegacy } from './legacy.js';
import { Results } from './results.js';
import { Shelves } from './shelves.js';
import { surroundings } from './surroundings.js';
import { Tabs } from './tabs.js';
import { Turns } from './turns.js';

const LOOK_AFTER_MS = 15000; // whether what another tab queued has left

export class Offline {
  #client;
  #options;
  #shelves;
  #content;
  #flush;
  #guest;
  #emitter = new Emitter();
  #tabs;
  #owner = null;
  #results = new Results();
  #turns;
  #heard = null;
  #base = null;
  #closed = new AbortController();
  #state = {
    pending: 0,
    syncing: false,
    blocked: null,
    retryAt: null,
    lastSyncTime: null,
    durable: true,
    owner: null,
  };

  constructor(options) {
    this.#options = { ...surroundings(globalThis), ...options };
    this.#client = options.client;
    this.#shelves = new Shelves({
      databaseName: this.#options.databaseName,
      indexedDB: this.#options.indexedDB,
      onDurable: (durable) => this.#set({ durable }),
      onTrouble: (error) => this.#emitter.emit('storage', error),
    });
    this.#content = new Content({ shelves: this.#shelves, preload: this.#options.preload });
    this.#tabs = new Tabs({
      name: `${this.#options.databaseName} queue`,
      locks: this.#options.locks,
      BroadcastChannel: this.#options.BroadcastChannel,
      signal: this.#closed.signal,
      onMessage: (message) => this.#hear(message),
    });
    this.#guest = new Guest({
      client: this.#client,
      meta: () => this.#shelves.meta,
      exclusive: (name, work) => this.#tabs.exclusive(name, work),
      allowed: this.#options.anonymous,
    });
    this.#client.useGuest(() => this.#guest.token());
    const { retryBaseMs, retryCapMs, random, isOnline } = this.#options;
    this.#turns = new Turns({
      retryBaseMs,
      retryCapMs,
      random,
      isOnline,
      signal: this.#closed.signal,
      exclusive: (name, work) => this.#tabs.exclusive(name, work),
      send: () => this.#send(),
      onSynced: () => this.#synced(),
      onOver: () => this.#recount().catch(() => {}),
      onState: (patch) => this.#set(patch),
      onTrouble: (error) => this.#emitter.emit('storage', error),
      soon: (reason) => this.#soon(reason),
    });
    this.#flush = new Flush({
      client: this.#client,
      stores: () => this.#shelves.all,
      guest: this.#guest,
      identify: () => this.#identify(),
      onSettled: (settled, data) => this.#onSettled(settled, data),
      onClaim: (outcome) => this.#emitter.emit('claim', outcome),
      now: () => this.#client.clock.now(),
    });
  }

  get state() {
    return this.#state;
  }

  /** 'change' (state), 'result', 'conflict', 'rejected', 'claim', 'storage' (could not be put on disk), 'legacy'
   * (of a former client, nobody knows whether it was recorded). */
  on(name, listener) {
    return this.#emitter.on(name, listener);
  }

  /** The sync point at the application's start. Resolves when the queue is there; sending goes on behind it. */
  async start() {
    if (await this.#shelves.open()) this.#options.persist?.();
    this.#heard = await this.#shelves.meta.get('heard');
    this.#base = await this.#shelves.meta.get('base');
    const last = await this.#shelves.meta.get('last-sync');
    if (last !== null) this.#set({ lastSyncTime: new Date(last) });
    this.#listen();
    await this.#identify();
    await this.#takeLegacy();
    await this.#recount();
    this.#soon('start');
  }

  async close() {
    this.#closed.abort();
    await this.#turns.end();
    await this.#shelves.close();
  }

  // --- Putting in -----------------------------------------------------------------------------------------

  answer(body) {
    return this.add('answer', body);
  }
  session(body) {
    return this.add('session', body);
  }
  progress(body) {
    return this.add('progress', body);
  }
  event(body) {
    return this.add('event', body);
  }

  /** Resolves once it is safe, with {id, durable, settled}: whether it is on disk, and the promise of its result. */
  async add(kind, body) {
    const [added] = await this.addAll([{ kind, body }]);
    return added;
  }

  async addAll(entries) {
    if (this.#closed.signal.aborted) throw new LockstepError('aborted', 'The queue is closed.');
    const owner = await this.#identify();
    const stamp = this.#client.clock.stamp(this.#heard);
    const items = entries.map((entry) => itemOf(entry, owner, stamp, this.#base));
    const results = items.map((item) => this.#results.of(item)); // before anybody can send them
    const { added, durable } = await this.#shelves.put(items);
    for (const [at, item] of added.entries())
      if (!saysTheSame(item, items[at])) throw new TypeError(`The id ${item.id} was put in already, with other content.`);
    for (const { id, kind, body, result } of added) if (result) this.#hand([{ id, kind, body, ...result }]);
    await this.#recount();
    this.#tabs.tell({ type: 'changed' });
    if (this.#state.retryAt === null) this.#soon('queued');
    return added.map((item, at) => ({ id: item.id, durable, settled: results[at] }));
  }

  // --- The document's sync points -------------------------------------------------------------------------

  /** Takes note of who is signed in now, without sending anything. */
  identified() {
    return this.#identify();
  }

  /** Somebody signed in or out: what a guest left becomes theirs, and everything is sent. */
  signedIn() {
    return this.flush('signed-in');
  }

  /** A session ended: its result is put in, and everything is sent. */
  async sessionEnded(body) {
    const handle = body === undefined ? null : await this.session(body);
    this.#soon('session-end');
    return handle;
  }

  /** On to other content: the progress so far is put in, everything is sent, and the next content loaded. */
  async contentChanged({ progress, next } = {}) {
    const handle = progress === undefined ? null : await this.progress(progress);
    this.#soon('content-change');
    if (next !== undefined) this.#content.load(next).catch(() => {}); // in advance: no harm if it fails
    return handle;
  }

  /** What was loaded in advance, or else what `preload` loads now; undefined where neither is to be had. */
  content(key) {
    return this.#content.get(key);
  }

  // --- Sending --------------------------------------------------------------------------------------------

  /** Sends what waits; resolves when nothing is left or nothing goes: {pending, settled, blocked}. */
  async flush(reason = 'manual') {
    if (reason !== 'queued' && reason !== 'retry') this.#flush.forgive();
    const { settled, blocked } = await this.#turns.take(reason);
    return { pending: this.#state.pending, settled, blocked };
  }

  // A turn of it.
  async #send() {
    await this.#welcome();
    await this.#shelves.spill(this.#owner).catch(() => {});
    return this.#flush.run(this.#closed.signal);
  }

  async #synced() {
    const moment = Math.round(this.#client.clock.now());
    this.#heard = moment;
    this.#set({ lastSyncTime: new Date(moment) });
    const { meta } = this.#shelves;
    await meta.update('last-sync', () => moment).catch(() => {});
    await meta.update('heard', () => moment).catch(() => {});
  }

  #soon(reason) {
    if (!this.#closed.signal.aborted) this.flush(reason).catch(() => {});
  }

  // --- Results --------------------------------------------------------------------------------------------

  /** Conflicts and rejects that nobody has dismissed yet, oldest first. */
  async unsettled() {
    const owner = await this.#identify();
    return this.#shelves.settled(owner);
  }

  async dismiss({ ref }) {
    await this.#shelves.dismiss(ref);
    this.#emitter.emit('change', this.#state);
  }

  #onSettled(settled, data) {
    if (typeof data?.revision === 'number') {
      this.#base = Math.max(this.#base ?? 0, data.revision);
      const base = this.#base;
      this.#shelves.meta.update('base', () => base).catch(() => {});
    }
    const results = settled.map(({ item, result }) => ({ id: item.id, kind: item.kind, body: item.body, ...result }));
    if (results.length === 0) return;
    this.#hand(results);
    this.#tabs.tell({ type: 'settled', results });
    this.#set({ pending: Math.max(0, this.#state.pending - results.length) });
  }

  #hand(results) {
    for (const result of results) {
      this.#results.hand(result);
      this.#emitter.emit('result', result);
      if (result.status === 'conflict' || result.status === 'rejected') this.#emitter.emit(result.status, result);
    }
  }

  /** The revision that the application has read: what it notes from now on is made from that. */
  knows(revision) {
    this.#base = Math.max(this.#base ?? 0, revision);
  }

  // --- Who it is, and what stands where -------------------------------------------------------------------

  // Where nobody can say who is signed in, it is whoever was the last time.
  async #identify() {
    let owner;
    try {
      owner = (await this.#client.whoami()).owner;
    } catch {
      owner = this.#owner ?? (await this.#shelves.meta.get('last-owner')) ?? GUEST;
    }
    if (owner === this.#owner) return owner;
    if (owner !== GUEST) await this.#guest.becomes(owner, this.#shelves.all);
    await this.#shelves.meta.update('last-owner', () => owner);
    this.#owner = owner;
    this.#base = null;
    this.#flush.forgive();
    this.#set({ owner });
    await this.#recount();
    return owner;
  }

  // A guest who was made in another tab just as somebody signed in here belongs to who signed in.
  async #welcome() {
    const owner = await this.#identify();
    if (owner === GUEST) return;
    if ((await this.#shelves.count(GUEST)) > 0 || (await this.#shelves.meta.get('guest')) !== null)
      await this.#guest.becomes(owner, this.#shelves.all);
  }

  async #takeLegacy() {
    const { localStorage } = this.#options;
    if (!localStorage) return;
    const { lastSyncTime } = await takeLegacy(localStorage, {
      owner: () => this.#identify(),
      put: (items) => this.#shelves.put(items),
      onUnknown: (entry) => this.#emitter.emit('legacy', entry),
    });
    if (lastSyncTime !== null && this.#state.lastSyncTime === null) this.#set({ lastSyncTime: new Date(lastSyncTime) });
  }

  // --- Between tabs, and the browser's own events ---------------------------------------------------------

  #listen() {
    const { events } = this.#options;
    const options = { signal: this.#closed.signal };
    events?.addEventListener('online', () => this.#soon('online'), options);
    events?.addEventListener('offline', () => this.#set({ blocked: 'offline' }), options);
  }

  #hear(message) {
    if (message.type === 'settled') this.#hand(message.results);
    this.#recount().catch(() => {});
    // The tab that queued it sends it, unless it was closed meanwhile.
    if (message.type === 'changed') this.#turns.glance(LOOK_AFTER_MS * (0.5 + this.#options.random()));
  }

  async #recount() {
    if (this.#owner === null) return;
    this.#set({ pending: await this.#shelves.count(this.#owner) });
  }

  #set(patch) {
    if (Object.entries(patch).every(([name, value]) => this.#state[name] === value)) return;
    this.#state = Object.freeze({ ...this.#state, ...patch });
    this.#emitter.emit('change', this.#state);
  }
}

export function createOffline(options) {
  return new Offline(options);
}
