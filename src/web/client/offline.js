// What a learner does is put on disk with its id before anything is sent, and leaves only by its own result.
// The queue itself is store.js, its way to the server flush.js; this is what an application talks to.

import { Emitter } from './emitter.js';
import { LockstepError } from './errors.js';
import { Flush } from './flush.js';
import { GUEST, Guest } from './guest.js';
import { itemOf, saysTheSame } from './kinds.js';
import { legacyItem, readLegacy, removeLegacy } from './legacy.js';
import { MemoryStore } from './memory_store.js';
import { Pace } from './pace.js';
import { Results } from './results.js';
import { DiskStore, isFull } from './store.js';
import { Tabs } from './tabs.js';

const RETRY_BASE_MS = 1000;
const RETRY_CAP_MS = 300000;
const CONTENT_ENTRIES = 50;
const LOOK_AFTER_MS = 15000; // whether what another tab queued has left
const SPILL_ITEMS = 1000;

export class Offline {
  #client;
  #options;
  #disk;
  #memory = new MemoryStore();
  #flush;
  #guest;
  #emitter = new Emitter();
  #tabs;
  #owner = null;
  #results = new Results();
  #flushing = null;
  #again = false;
  #outcome = { blocked: null, retryAfterMs: null };
  #pace;
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
    const scope = globalThis;
    this.#options = {
      databaseName: 'lockstep',
      indexedDB: scope.indexedDB,
      localStorage: safely(() => scope.localStorage),
      locks: scope.navigator?.locks,
      BroadcastChannel: scope.BroadcastChannel,
      events: typeof scope.addEventListener === 'function' ? scope : null,
      isOnline: () => scope.navigator?.onLine !== false,
      anonymous: true,
      retryBaseMs: RETRY_BASE_MS,
      retryCapMs: RETRY_CAP_MS,
      random: Math.random,
      preload: null,
      ...options,
    };
    this.#client = options.client;
    this.#disk = this.#options.indexedDB ? new DiskStore(this.#options.databaseName, this.#options.indexedDB) : null;
    this.#tabs = new Tabs({
      name: `${this.#options.databaseName} queue`,
      locks: this.#options.locks,
      BroadcastChannel: this.#options.BroadcastChannel,
      signal: this.#closed.signal,
      onMessage: (message) => this.#hear(message),
    });
    this.#guest = new Guest({
      client: this.#client,
      meta: () => this.#disk ?? this.#memory,
      exclusive: (name, work) => this.#tabs.exclusive(name, work),
      allowed: this.#options.anonymous,
    });
    this.#client.useGuest(() => this.#guest.token());
    this.#pace = new Pace({
      baseMs: this.#options.retryBaseMs,
      capMs: this.#options.retryCapMs,
      random: this.#options.random,
      onDue: () => this.#soon('retry'),
      onPause: (until) => this.#set({ retryAt: until }),
    });
    this.#flush = new Flush({
      client: this.#client,
      stores: () => this.#stores(),
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
    await this.#openDisk();
    this.#heard = await this.#meta().get('heard');
    this.#base = await this.#meta().get('base');
    const last = await this.#meta().get('last-sync');
    if (last !== null) this.#set({ lastSyncTime: new Date(last) });
    this.#listen();
    await this.#identify();
    await this.#takeLegacy();
    await this.#recount();
    this.#soon('start');
  }

  async close() {
    this.#closed.abort();
    this.#pace.stop();
    await this.#flushing?.catch(() => {});
    await this.#disk?.close();
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
    const { added, durable } = await this.#put(items);
    for (const [at, item] of added.entries())
      if (!saysTheSame(item, items[at])) throw new TypeError(`The id ${item.id} waits already, with other content.`);
    await this.#recount();
    this.#tabs.tell({ type: 'changed' });
    if (this.#state.retryAt === null) this.#soon('queued');
    return added.map((item, at) => ({ id: item.id, durable, settled: results[at] }));
  }

  async #put(items) {
    if (this.#disk !== null) {
      try {
        await this.#spill();
        return { added: await this.#toDisk(items), durable: true };
      } catch (error) {
        this.#emitter.emit('storage', error);
        this.#set({ durable: false });
      }
    }
    return { added: await this.#memory.add(items), durable: false };
  }

  // What was loaded in advance makes room for what cannot be loaded again.
  async #toDisk(items) {
    try {
      return await this.#disk.add(items);
    } catch (error) {
      if (!isFull(error)) throw error;
      await this.#disk.clearContent();
      return this.#disk.add(items);
    }
  }

  // What found no room on the disk goes there as soon as there is some, before what comes after it.
  async #spill() {
    if (this.#disk === null || this.#owner === null) return;
    for (;;) {
      const items = await this.#memory.head(this.#owner, SPILL_ITEMS);
      if (items.length === 0) break;
      await this.#toDisk(items.map(({ seq, ...item }) => item));
      for (const item of items) await this.#memory.settle(item.seq, null);
    }
    this.#set({ durable: true });
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
    if (next !== undefined) this.#preload(next).catch(() => {}); // in advance: no harm if it fails
    return handle;
  }

  /** What was loaded in advance, or else what `preload` loads now; undefined where neither is to be had. */
  async content(key) {
    const entry = await (this.#disk ?? this.#memory).readContent(key).catch(() => null);
    return entry === null ? this.#preload(key).catch(() => undefined) : entry.value;
  }

  async #preload(key) {
    if (this.#options.preload === null) return undefined;
    const value = await this.#options.preload(key);
    if (value !== undefined)
      await (this.#disk ?? this.#memory).writeContent(key, value, Date.now(), CONTENT_ENTRIES).catch(() => {});
    return value;
  }

  // --- Sending --------------------------------------------------------------------------------------------

  /** Sends what waits; resolves when nothing is left or nothing goes: {pending, settled, blocked}. */
  async flush(reason = 'manual') {
    if (reason !== 'queued' && reason !== 'retry') this.#flush.forgive();
    if (this.#flushing !== null) {
      this.#again = true;
      return this.#flushing;
    }
    this.#pace.stop();
    if (reason !== 'manual' && !this.#options.isOnline()) {
      this.#set({ blocked: 'offline' });
      return { pending: this.#state.pending, settled: 0, blocked: 'offline' };
    }
    if (!this.#pace.begin()) return { pending: this.#state.pending, settled: 0, blocked: 'away' };
    this.#flushing = this.#exclusively();
    try {
      return await this.#flushing;
    } finally {
      this.#flushing = null;
      this.#settleDown();
    }
  }

  async #exclusively() {
    try {
      return await this.#tabs.exclusive('flush', () => this.#run());
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error;
      return { pending: this.#state.pending, settled: 0, blocked: 'aborted' };
    }
  }

  async #run() {
    this.#set({ syncing: true });
    this.#outcome = { blocked: 'away', retryAfterMs: null };
    let settled = 0;
    try {
      do {
        this.#again = false;
        await this.#welcome();
        await this.#spill().catch(() => {});
        this.#outcome = await this.#flush.run(this.#closed.signal);
        settled += this.#outcome.settled;
      } while (this.#again && this.#outcome.blocked === null);
      if (this.#outcome.blocked === null) await this.#synced();
    } catch (error) {
      if (!this.#closed.signal.aborted) this.#emitter.emit('storage', error);
    }
    await this.#recount().catch(() => {});
    return { pending: this.#state.pending, settled, blocked: this.#outcome.blocked };
  }

  async #synced() {
    const moment = Math.round(this.#client.clock.now());
    this.#heard = moment;
    this.#set({ lastSyncTime: new Date(moment) });
    const meta = this.#meta();
    await meta.update('last-sync', () => moment).catch(() => {});
    await meta.update('heard', () => moment).catch(() => {});
  }

  // After the run has ended, or else a short pause would be over before another can begin.
  #settleDown() {
    const { blocked, retryAfterMs } = this.#outcome;
    if (this.#closed.signal.aborted) return;
    this.#set({ syncing: false, blocked });
    if (blocked === 'away') {
      this.#pace.failed(retryAfterMs);
      return;
    }
    this.#pace.succeeded();
    if (blocked === null && this.#again) this.#soon('queued');
  }

  #soon(reason) {
    if (!this.#closed.signal.aborted) this.flush(reason).catch(() => {});
  }

  // --- Results --------------------------------------------------------------------------------------------

  /** Conflicts and rejects that nobody has dismissed yet, oldest first. */
  async unsettled() {
    const owner = await this.#identify();
    const lists = await Promise.all(this.#stores().map(async (store) => {
      const entries = await store.settled(owner);
      return entries.map((entry) => ({ ...entry, ref: { durable: store.durable, seq: entry.seq } }));
    }));
    return lists.flat();
  }

  async dismiss({ ref }) {
    await (ref.durable ? this.#disk : this.#memory).dismiss(ref.seq);
    this.#emitter.emit('change', this.#state);
  }

  #onSettled(settled, data) {
    if (typeof data?.revision === 'number') {
      this.#base = Math.max(this.#base ?? 0, data.revision);
      const base = this.#base;
      this.#meta().update('base', () => base).catch(() => {});
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

  #meta() {
    return this.#disk ?? this.#memory;
  }

  #stores() {
    return this.#disk === null ? [this.#memory] : [this.#disk, this.#memory];
  }

  // Where nobody can say who is signed in, it is whoever was the last time.
  async #identify() {
    let owner;
    try {
      owner = (await this.#client.whoami()).owner;
    } catch {
      owner = this.#owner ?? (await this.#meta().get('last-owner')) ?? GUEST;
    }
    if (owner === this.#owner) return owner;
    if (owner !== GUEST) await this.#guest.becomes(owner, this.#stores());
    await this.#meta().update('last-owner', () => owner);
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
    const left = await Promise.all(this.#stores().map((store) => store.count(GUEST)));
    if (left.some((count) => count > 0) || (await this.#meta().get('guest')) !== null)
      await this.#guest.becomes(owner, this.#stores());
  }

  async #openDisk() {
    if (this.#disk === null) {
      this.#set({ durable: false });
      return;
    }
    try {
      await this.#disk.open();
      this.#options.persist?.();
    } catch (error) {
      this.#disk = null;
      this.#set({ durable: false });
      this.#emitter.emit('storage', error);
    }
  }

  async #takeLegacy() {
    const storage = this.#options.localStorage;
    if (!storage) return;
    const found = readLegacy(storage);
    if (found.lastSyncTime !== null && this.#state.lastSyncTime === null)
      this.#set({ lastSyncTime: new Date(found.lastSyncTime) });
    if (found.keys.length === 0) return;
    const owner = await this.#identify();
    const items = found.items.map((entry) => legacyItem(entry, owner));
    if (items.length > 0 && !(await this.#put(items)).durable) return; // where they are they are safer
    removeLegacy(storage, found);
    for (const entry of found.unknown) this.#emitter.emit('legacy', entry);
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
    if (this.#flushing === null && message.type === 'changed')
      this.#pace.glance(LOOK_AFTER_MS * (0.5 + this.#options.random()));
  }

  async #recount() {
    if (this.#owner === null) return;
    const counts = await Promise.all(this.#stores().map((store) => store.count(this.#owner)));
    this.#set({ pending: counts.reduce((sum, count) => sum + count, 0) });
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

function safely(read) {
  try {
    return read();
  } catch {
    return undefined; // a page may not be allowed to ask
  }
}
