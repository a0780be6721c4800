import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Client } from '../client.js';
import { pauseAfter } from '../live.js';
import { Sync } from '../sync.js';
import { channels, Locks, tick, tokenOf, until } from './setup.js';

const open = [];
afterEach(async () => {
  for (const sync of open.splice(0)) await sync.close();
});

/** A server with the live channel and the address to ask; `socket` is the connection that is open. */
class LiveServer {
  revision = 10;
  epoch = 1;
  history = []; // {revision, kind}
  tickets = 0;
  polls = [];
  sockets = [];
  live = true; // false: WebSockets fail; a status: so do the tickets
  anonymous = false;
  pollIntervalMs = 15;

  get socket() {
    return this.sockets.find((socket) => !socket.closed);
  }

  happen(kind = 'answer') {
    this.history.push({ revision: ++this.revision, kind });
    for (const socket of this.sockets) if (!socket.closed && socket.greeted) socket.frame(this.#frame(this.history.at(-1)));
    return this.revision;
  }

  #frame({ revision, kind }) {
    return { revision, changes: [{ type: 'progress_update', userId: 7, data: { kind } }] };
  }

  beat() {
    this.socket.frame({ type: 'heartbeat', revision: this.revision, epoch: this.epoch, serverTime: new Date().toISOString() });
  }

  greet(socket) {
    const { since, epoch } = socket;
    if (epoch !== null && epoch !== this.epoch)
      socket.frame({ type: 'resync', revision: this.revision, epoch: this.epoch });
    else if (since !== null)
      for (const entry of this.history) if (entry.revision > since) socket.frame(this.#frame(entry));
    socket.frame({ type: 'heartbeat', revision: this.revision, epoch: this.epoch });
    socket.greeted = true;
  }

  fetch = async (url, { method, headers, signal }) => {
    await tick();
    signal?.throwIfAborted();
    const { pathname, searchParams } = new URL(url);
    const json = (value, status = 200, more = {}) =>
      new Response(JSON.stringify(value), {
        status,
        headers: { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...more },
      });
    const problem = (status) => json({ type: 'urn:lockstep:problem:x', status, errors: [] }, status);
    if (this.down) throw new TypeError('Failed to fetch');
    if (pathname.endsWith('/live-ticket')) {
      assert.equal(method, 'POST');
      if (this.anonymous) return problem(403);
      return typeof this.live === 'number' ? problem(this.live) : json({ success: true, ticket: `t${++this.tickets}` }, 201);
    }
    if (pathname === '/api/profile') {
      const etag = `"${this.revision}"`;
      this.polls.push('profile');
      if (headers['If-None-Match'] === etag) return new Response(null, { status: 304 });
      return json({ revision: this.revision }, 200, { ETag: etag });
    }
    assert.equal(pathname, '/api/sync/connection');
    if (this.anonymous) return problem(403);
    const since = searchParams.get('since') === null ? null : Number(searchParams.get('since'));
    this.polls.push(since);
    const changes = since === null ? [] : this.history.filter(({ revision }) => revision > since).map((entry) => ({ at: '', changes: [], ...entry }));
    const resync = since !== null && (since > this.revision || changes.length !== this.revision - since);
    return json({ revision: this.revision, serverTime: new Date().toISOString(), pollIntervalMs: this.pollIntervalMs, changes, resync });
  };

  WebSocket = ((server) =>
    class {
      constructor(address) {
        const query = new URL(address).searchParams;
        this.ticket = query.get('ticket');
        this.since = query.has('since') ? Number(query.get('since')) : null;
        this.epoch = query.has('epoch') ? Number(query.get('epoch')) : null;
        server.sockets.push(this);
        setTimeout(() => {
          if (this.closed) return;
          if (server.live === true) server.greet(this);
          else this.end(1006);
        });
      }
      frame(value) {
        this.onmessage?.({ data: JSON.stringify(value) });
      }
      end(code) {
        this.closed = true;
        this.onclose?.({ code });
      }
      close() {
        this.closed = true;
      }
    })(this);
}

class Page extends EventTarget {
  visibilityState = 'visible';
  turn(state) {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

function syncOf(server, shared = {}, options = {}) {
  const client = new Client({ baseUrl: 'https://site.test', token: () => shared.token ?? tokenOf('7'), fetch: server.fetch });
  const sync = new Sync({
    client,
    WebSocket: server.WebSocket,
    locks: shared.locks,
    BroadcastChannel: shared.BroadcastChannel,
    document: undefined,
    events: null,
    isOnline: () => true,
    lingerMs: 5,
    hiddenMs: 5,
    random: () => 0,
    ...options,
  });
  open.push(sync);
  return sync;
}

function listen(sync) {
  const heard = [];
  const end = sync.subscribe(({ type, revision }) => heard.push(type === 'resync' ? `resync ${revision}` : revision));
  return { heard, end };
}

test('one connection for all subscribers, closed when the last leaves', async () => {
  const server = new LiveServer();
  const sync = syncOf(server);
  const [one, two] = [listen(sync), listen(sync)];
  await until(() => sync.state.connection === 'live');
  server.happen();
  server.happen();
  assert.deepEqual(one.heard, ['resync 10', 11, 12]);
  assert.deepEqual(two.heard, ['resync 10', 11, 12]);
  assert.equal(server.sockets.length, 1);
  assert.equal(sync.state.fresh, true);
  one.end();
  server.happen();
  assert.deepEqual(one.heard, ['resync 10', 11, 12]);
  two.end();
  two.end();
  await until(() => sync.state.connection === 'idle');
  assert.equal(server.socket, undefined);
});

test('it resumes where it was: nothing is missed, nothing told twice', async () => {
  const server = new LiveServer();
  const sync = syncOf(server);
  const { heard } = listen(sync);
  await until(() => sync.state.connection === 'live');
  server.happen();
  server.socket.end(1006);
  server.happen();
  server.happen();
  await until(() => server.sockets.length === 2 && sync.state.revision === 13);
  assert.deepEqual([server.socket.since, server.socket.epoch], [11, 1]);
  assert.deepEqual(heard, ['resync 10', 11, 12, 13]);
  server.socket.frame({ revision: 12, changes: [] });
  assert.deepEqual(heard, ['resync 10', 11, 12, 13]);
});

test('those who lost a server at once come back apart', () => {
  const pause = (end, random) => Math.round(pauseAfter(end, 0, () => random));
  for (const code of [1006, 1012]) {
    assert.equal(pause({ opened: true, code }, 0), 200);
    assert.equal(pause({ opened: true, code }, 1), 4200);
  }
  assert.equal(pause({ opened: true, code: 4401 }, 1), 1000, 'a token ends for one alone');
});

test('a restored backup has everything read anew', async () => {
  const server = new LiveServer();
  const sync = syncOf(server);
  const { heard } = listen(sync);
  await until(() => sync.state.connection === 'live');
  server.epoch = 2;
  server.revision = 4;
  server.socket.end(1012);
  await until(() => sync.state.epoch === 2);
  assert.deepEqual(heard, ['resync 10', 'resync 4']);
  assert.equal(sync.state.revision, 4);
  server.happen();
  assert.deepEqual(heard.at(-1), 5);
});

test('where WebSockets cannot be had it asks, at the server\'s interval', async () => {
  const server = new LiveServer();
  server.live = false;
  const sync = syncOf(server);
  const { heard } = listen(sync);
  await until(() => sync.state.connection === 'polling');
  assert.equal(sync.state.fresh, true);
  server.happen();
  server.happen();
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ['resync 10', 11, 12]);
  const [count, began] = [server.polls.length, performance.now()];
  await until(() => server.polls.length >= count + 4);
  assert.ok(performance.now() - began > 3 * 0.8 * server.pollIntervalMs);
  assert.equal(server.polls.at(-1), 12);
});

test('what pages show for themselves comes alone when it is asked for, too', async () => {
  const server = new LiveServer();
  const sync = syncOf(server, {}, { live: false });
  const parts = [];
  sync.subscribe((message) => parts.push(...(message.changes ?? [])));
  await until(() => sync.state.connection === 'polling');
  server.history.push({
    revision: ++server.revision,
    kind: 'event',
    changes: [
      { what: 'event', key: 'video_completed', by: 1 },
      { what: 'achievement', key: 'first-step', because: 'First step' },
      { what: 'conflict', key: '12', because: 'timestamp_mismatch' },
      { what: 'conflict', by: 40 },
    ],
  });
  await until(() => parts.length > 0);
  assert.deepEqual(parts.map(({ type, data }) => [type, data.id]), [
    ['progress_update', undefined], ['achievement_earned', 'first-step'], ['conflict_detected', 12],
  ]);
});

test('history that was folded away is read anew', async () => {
  const server = new LiveServer();
  const sync = syncOf(server, {}, { live: false });
  const { heard } = listen(sync);
  await until(() => sync.state.connection === 'polling');
  server.revision += 500;
  await until(() => heard.length === 2);
  assert.deepEqual(heard, ['resync 10', 'resync 510']);
});

test('who has no account is told by their profile', async () => {
  const server = new LiveServer();
  server.anonymous = true;
  const sync = syncOf(server);
  const { heard } = listen(sync);
  await until(() => sync.state.connection === 'polling');
  server.happen();
  sync.restart(); // the interval is the default one: not waited for here
  await until(() => heard.length === 2);
  assert.deepEqual(heard, ['resync 10', 'resync 11']);
  assert.ok(server.polls.every((kind) => kind === 'profile'));
});

test('it says when it does not know', async () => {
  const server = new LiveServer();
  server.live = false;
  const sync = syncOf(server, {}, { live: false });
  listen(sync);
  await until(() => sync.state.fresh);
  server.down = true;
  await until(() => !sync.state.fresh && sync.state.connection === 'offline');
});

test('a hidden tab lets go, and catches up when it is looked at', async () => {
  const server = new LiveServer();
  const page = new Page();
  const sync = syncOf(server, {}, { document: page });
  const { heard } = listen(sync);
  await until(() => sync.state.connection === 'live');
  page.turn('hidden');
  await until(() => sync.state.connection === 'paused');
  assert.equal(server.socket, undefined);
  assert.equal(sync.state.fresh, false);
  server.happen();
  page.turn('visible');
  await until(() => sync.state.connection === 'live');
  assert.deepEqual(heard, ['resync 10', 11]);
});

test('one tab leads for all, and when it is closed another does', async () => {
  const server = new LiveServer();
  const shared = { locks: new Locks(), BroadcastChannel: channels() };
  const [first, second] = [syncOf(server, shared), syncOf(server, shared)];
  const one = listen(first);
  await until(() => first.state.connection === 'live');
  const two = listen(second);
  await until(() => second.state.connection === 'live');
  assert.deepEqual([first.state.leader, second.state.leader], [true, false]);
  server.happen();
  server.happen();
  await until(() => two.heard.length === 3);
  assert.deepEqual(one.heard, ['resync 10', 11, 12]);
  assert.deepEqual(two.heard, ['resync 10', 11, 12]);
  assert.equal(server.sockets.length, 1);
  await first.close();
  server.happen();
  await until(() => second.state.leader && second.state.revision === 13);
  assert.deepEqual(two.heard, ['resync 10', 11, 12, 13]);
  assert.equal(server.sockets.length, 2);
});

test('tabs of different learners share nothing', async () => {
  const server = new LiveServer();
  const browser = { locks: new Locks(), BroadcastChannel: channels() };
  const [first, second] = [syncOf(server, browser), syncOf(server, { ...browser, token: tokenOf('8') })];
  listen(first);
  listen(second);
  await until(() => first.state.leader && second.state.leader);
});

test('a merged learner is told to sign in, and somebody else is served', async () => {
  const server = new LiveServer();
  const shared = { token: tokenOf('7') };
  const sync = syncOf(server, shared);
  listen(sync);
  await until(() => sync.state.connection === 'live');
  server.socket.end(4410);
  await until(() => sync.state.connection === 'signed-out');
  shared.token = tokenOf('8');
  await sync.restart();
  await until(() => sync.state.connection === 'live');
});

test('a ticket whose token ended asks for a new one', async () => {
  const server = new LiveServer();
  const sync = syncOf(server);
  listen(sync);
  await until(() => sync.state.connection === 'live');
  server.socket.end(4401);
  await until(() => server.tickets === 2 && sync.state.connection === 'live');
});
