// What is new, for any number of subscribers in any number of tabs, over one connection. Live where it can be
// had, else by asking at the server's interval; nobody asks while nobody looks.

import { Emitter } from './emitter.js';
import { pauseAfter, runLive } from './live.js';
import { Tabs } from './tabs.js';
import { backoff, sleep } from './wait.js';

const LINGER_MS = 1000; // after the last subscriber left: a page that renders anew comes back at once
const HIDDEN_MS = 10000;
const POLL_MS = 15000;
const POLL_CAP_MS = 120000;
const LIVE_FAILURES = 2; // after so many it is asked instead
const LASTING_MS = 3000; // what ends sooner never worked
const LIVE_AGAIN_MS = 60000;
const LIVE_AGAIN_CAP_MS = 600000;
const GONE_MS = 60000; // nobody signed in: looked at again

const START = Object.freeze({
  connection: 'idle', // idle, connecting, live, polling, paused, offline, signed-out
  leader: false, // this tab has the connection
  fresh: false, // all that the server knew a moment ago has been told
  revision: null,
  epoch: null,
  heardAt: null, // when the server was last heard, by this device's clock
});

export class Sync {
  #client;
  #options;
  #emitter = new Emitter();
  #subscribers = 0;
  #tabs = null;
  #owner = null;
  #session = null; // AbortController while this tab contends for the connection
  #ended = null;
  #leading = false;
  #lingering = null;
  #staleTimer = null;
  #state = START;

  constructor(options) {
    const scope = globalThis;
    this.#options = {
      name: 'lockstep sync',
      WebSocket: scope.WebSocket,
      locks: scope.navigator?.locks,
      BroadcastChannel: scope.BroadcastChannel,
      document: scope.document,
      events: typeof scope.addEventListener === 'function' ? scope : null,
      isOnline: () => scope.navigator?.onLine !== false,
      live: true,
      lingerMs: LINGER_MS,
      hiddenMs: HIDDEN_MS,
      random: Math.random,
      ...options,
    };
    this.#client = options.client;
  }

  get state() {
    return this.#state;
  }

  /** `listener` gets {type: 'changes', revision, changes}, each revision once and in order, and {type: 'resync',
   * revision} where that cannot be had, and at the start: read anew by the ordinary endpoints. Returns the
   * function that ends it. */
  subscribe(listener) {
    const end = this.#emitter.on('message', listener);
    this.#subscribers++;
    clearTimeout(this.#lingering);
    if (this.#subscribers === 1) this.#watchBrowser();
    this.#contend();
    let over = false;
    if (this.#state.revision !== null)
      queueMicrotask(() => over || listener({ type: 'resync', revision: this.#state.revision }));
    return () => {
      if (over) return;
      over = true;
      end();
      if (--this.#subscribers > 0) return;
      this.#lingering = setTimeout(() => this.#leave('idle'), this.#options.lingerMs);
      this.#lingering.unref?.();
    };
  }

  /** The same while others subscribe; does not keep the connection. */
  subscribeQuietly(listener) {
    return this.#emitter.on('message', listener);
  }

  onState(listener) {
    return this.#emitter.on('state', listener);
  }

  /** Somebody else signed in, or there is reason to believe that it will work now. */
  async restart() {
    await this.#leave(this.#subscribers > 0 ? 'connecting' : 'idle');
    if (this.#subscribers > 0) this.#contend();
  }

  /** For good. */
  async close() {
    clearTimeout(this.#lingering);
    this.#subscribers = 0;
    await this.#leave('idle');
  }

  // --- Who looks, and which tab has the connection --------------------------------------------------------

  #watching = null;
  #watchBrowser() {
    if (this.#watching !== null) return;
    const { document, events } = this.#options;
    this.#watching = new AbortController();
    const options = { signal: this.#watching.signal };
    let hiding = null;
    const look = () => {
      clearTimeout(hiding);
      if (document?.visibilityState === 'hidden') hiding = setTimeout(() => this.#leave('paused'), this.#options.hiddenMs);
      else if (this.#subscribers > 0) this.#contend();
    };
    document?.addEventListener('visibilitychange', look, options);
    events?.addEventListener('pagehide', () => this.#leave('paused'), options);
    events?.addEventListener('pageshow', look, options);
  }

  #contend() {
    if (this.#session !== null || this.#options.document?.visibilityState === 'hidden') return;
    const session = new AbortController();
    this.#session = session;
    const earlier = this.#ended;
    this.#set({ connection: 'connecting' });
    this.#ended = (async () => {
      await earlier;
      await this.#takePart(session.signal);
    })();
  }

  async #leave(connection) {
    this.#session?.abort();
    this.#session = null;
    if (connection === 'idle') {
      this.#watching?.abort();
      this.#watching = null;
    }
    this.#set({ connection, fresh: false, leader: false });
    await this.#ended;
  }

  // The tabs of one learner make one of them their leader; each waits its turn for as long as it is looked at.
  async #takePart(signal) {
    while (!signal.aborted) {
      let owner = null;
      try {
        owner = (await this.#client.whoami()).owner;
      } catch {
        await sleep(5000, signal);
        continue;
      }
      if (owner !== this.#owner) {
        this.#owner = owner;
        this.#set({ revision: null, epoch: null, fresh: false });
      }
      this.#tabs = new Tabs({
        name: `${this.#options.name} ${this.#client.baseUrl} ${owner}`,
        locks: this.#options.locks,
        BroadcastChannel: this.#options.locks ? this.#options.BroadcastChannel : null,
        signal,
        onMessage: (message) => this.#hear(message),
      });
      this.#tabs.tell({ type: 'who' });
      try {
        await this.#tabs.exclusive('lead', () => this.#lead(signal), signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  async #lead(signal) {
    this.#leading = true;
    this.#set({ leader: true });
    const now = () => this.#client.clock.steady();
    let failures = 0;
    let liveAt = this.#options.live && this.#options.WebSocket ? now() : Infinity;
    let awhile = LIVE_AGAIN_MS;
    let missed = 0;
    while (!signal.aborted) {
      if (!this.#options.isOnline()) {
        this.#set({ connection: 'offline', fresh: false });
        await this.#online(signal);
      } else if (now() >= liveAt) {
        const began = now();
        const end = await this.#live(signal);
        if (signal.aborted) break;
        this.#set({ connection: 'connecting', fresh: false });
        const lasted = end.opened && now() - began > LASTING_MS;
        failures = lasted ? 0 : failures + 1;
        if (lasted) awhile = LIVE_AGAIN_MS;
        if (end.gone) {
          this.#set({ connection: 'signed-out' });
          await this.#someoneElse(signal);
        } else if (end.never) liveAt = Infinity;
        else if (failures >= LIVE_FAILURES) {
          liveAt = now() + awhile * (0.75 + this.#options.random() / 2);
          awhile = Math.min(awhile * 2, LIVE_AGAIN_CAP_MS);
        } else await sleep(pauseAfter(end, failures, this.#options.random), signal);
      } else {
        const pause = await this.#poll(signal);
        missed = pause === null ? missed + 1 : 0;
        const wait = pause ?? backoff(missed, POLL_MS / 4, POLL_CAP_MS, this.#options.random);
        if (!signal.aborted) await sleep(Math.min(wait, Math.max(0, liveAt - now())), signal);
      }
    }
    this.#leading = false;
  }

  #online(signal) {
    const wake = new AbortController();
    const stop = () => wake.abort();
    signal.addEventListener('abort', stop, { once: true });
    this.#options.events?.addEventListener('online', stop, { once: true, signal: wake.signal });
    return sleep(POLL_MS, wake.signal); // what the browser says of being online is not always so
  }

  async #someoneElse(signal) {
    const owner = this.#owner;
    for (let waited = 0; waited < GONE_MS && !signal.aborted; waited += 5000) {
      await sleep(5000, signal);
      if ((await this.#client.whoami().catch(() => ({ owner }))).owner === owner) continue;
      if (!signal.aborted) this.restart();
      return;
    }
  }

  // --- Live -----------------------------------------------------------------------------------------------

  async #live(signal) {
    if (!this.#state.fresh) this.#set({ connection: 'connecting' });
    try {
      const end = await runLive({
        client: this.#client,
        WebSocket: this.#options.WebSocket,
        cursor: () => this.#state,
        onFrame: (frame, silence) => this.#onFrame(frame, silence),
        signal,
      });
      if (end.code === 4401) await this.#client.refreshToken().catch(() => {});
      return { ...end, gone: end.code === 4410 };
    } catch (error) {
      // No ticket: a learner without an account, or a server without the live channel.
      const { status } = error;
      return { opened: false, code: 0, gone: status === 401, never: status === 403 || status === 404 || status === 405 };
    }
  }

  #onFrame(frame, silence) {
    if (frame.type === 'heartbeat') {
      const first = this.#state.revision === null;
      this.#advance({ revision: frame.revision, epoch: frame.epoch, fresh: true, connection: 'live' }, silence);
      if (first) this.#deliver({ type: 'resync', revision: frame.revision });
      else this.#tell();
    } else if (frame.type === 'resync') {
      this.#advance({ revision: frame.revision, epoch: frame.epoch, fresh: true, connection: 'live' }, silence);
      this.#deliver({ type: 'resync', revision: frame.revision });
    } else if (frame.revision > (this.#state.revision ?? -1)) {
      this.#advance({ revision: frame.revision, connection: 'live' }, silence);
      this.#deliver({ type: 'changes', revision: frame.revision, changes: frame.changes });
    }
  }

  // --- Asking ---------------------------------------------------------------------------------------------

  // Returns after how long to ask again; null: it did not work.
  async #poll(signal) {
    const { revision } = this.#state;
    let pause = POLL_MS;
    try {
      const reply = await this.#ask(revision, signal);
      if (signal.aborted) return null;
      pause = reply.data.pollIntervalMs ?? POLL_MS;
      const heard = { fresh: true, connection: 'polling' };
      if (reply.notModified || reply.data.revision === revision) {
        this.#advance(heard, pause * 2);
        this.#tell();
      } else this.#deliverPolled(reply.data, heard, pause);
      return pause * (0.9 + this.#options.random() * 0.1);
    } catch (error) {
      if (signal.aborted) return null;
      const connection = error.status === 401 ? 'signed-out' : error.kind === 'problem' ? 'connecting' : 'offline';
      this.#set({ connection, fresh: false });
      return null;
    }
  }

  async #ask(revision, signal) {
    const query = { since: revision ?? undefined };
    try {
      if (this.#asksProfile !== this.#owner)
        return await this.#client.send('GET', '/api/sync/connection', { query, signal, attempts: 1 });
    } catch (error) {
      if (error.status !== 403) throw error;
      this.#asksProfile = this.#owner; // who has no account is told by their profile whether something moved
    }
    const reply = await this.#client.send('GET', '/api/profile', { signal, attempts: 1 });
    return { ...reply, data: { revision: reply.data.revision, resync: true } };
  }
  #asksProfile = null;

  #deliverPolled(data, heard, pause) {
    const known = this.#state.revision;
    if (data.serverTime) this.#client.clock.observe(Date.parse(data.serverTime), this.#client.clock.steady(), 1000);
    this.#advance({ ...heard, revision: data.revision }, pause * 2);
    if (known === null || data.resync || data.revision < known) {
      this.#deliver({ type: 'resync', revision: data.revision });
      return;
    }
    for (const { revision, kind, at, changes } of data.changes) {
      if (revision <= known) continue;
      this.#deliver({ type: 'changes', revision, changes: partsOf(kind, at, changes) });
    }
  }

  // --- Telling --------------------------------------------------------------------------------------------

  #deliver(message) {
    this.#emitter.emit('message', message);
    if (this.#leading) this.#tabs.tell({ type: 'message', message, state: this.#shared() });
  }

  #advance(patch, freshMs) {
    this.#set({ ...patch, heardAt: this.#client.clock.wall() });
    clearTimeout(this.#staleTimer);
    this.#staleTimer = setTimeout(() => this.#set({ fresh: false }), freshMs);
    this.#staleTimer.unref?.();
    this.#freshMs = freshMs;
  }
  #freshMs = 0;

  #tell() {
    if (this.#leading) this.#tabs.tell({ type: 'state', state: this.#shared() });
  }

  #shared() {
    const { connection, fresh, revision, epoch } = this.#state;
    return { connection, fresh, revision, epoch, freshMs: this.#freshMs };
  }

  #hear(message) {
    if (message.type === 'who') {
      if (this.#leading) this.#tabs.tell({ type: 'state', state: this.#shared() });
      return;
    }
    if (this.#leading || this.#session === null) return;
    const { freshMs, ...state } = message.state;
    const known = this.#state.revision;
    const told = message.type === 'message' ? message.message : null;
    if (told?.type === 'changes') {
      // One of several that the leader knows by now: state follows the telling.
      if (known !== null && told.revision <= known) return;
      this.#advance({ ...state, revision: told.revision }, freshMs);
      this.#emitter.emit('message', told);
      return;
    }
    this.#advance(state, freshMs);
    // What the leader told while this tab was not looked at is not told again.
    if (told !== null || (state.revision !== null && state.revision > (known ?? -1)))
      this.#emitter.emit('message', { type: 'resync', revision: state.revision });
  }

  #set(patch) {
    if (Object.entries(patch).every(([name, value]) => this.#state[name] === value)) return;
    const told = Object.entries(patch).some(([name, value]) => name !== 'heardAt' && this.#state[name] !== value);
    this.#state = Object.freeze({ ...this.#state, ...patch });
    if (told) this.#emitter.emit('state', this.#state);
  }
}

// The parts of a revision as the live channel tells them: those that pages show for themselves come again alone.
function partsOf(kind, at, changes) {
  const parts = [{ type: 'progress_update', data: { kind, at, changes } }];
  for (const { what, key, because } of changes ?? []) {
    if (what === 'achievement' && key) parts.push({ type: 'achievement_earned', data: { id: key, title: because ?? '', at } });
    if (what === 'conflict' && /^\d+$/.test(key ?? ''))
      parts.push({ type: 'conflict_detected', data: { id: Number(key), conflictType: because ?? '', at } });
  }
  return parts;
}

export function createSync(options) {
  return new Sync(options);
}
