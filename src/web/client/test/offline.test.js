import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Clock } from '../clock.js';
import { Client } from '../client.js';
import { Offline } from '../offline.js';
import { itemOf } from '../kinds.js';
import { DONE_MOST } from '../store.js';
import { FakeServer } from './fake_server.js';
import { channels, FakeStorage, IDBFactory, IDBObjectStore, Locks, tick, tokenOf, until } from './setup.js';

const open = [];
afterEach(async () => {
  for (const tab of open.splice(0)) await tab.close();
});

/** A browser with a server: what its tabs share. */
function browser(options = {}) {
  return {
    server: new FakeServer(),
    indexedDB: new IDBFactory(),
    locks: new Locks(),
    BroadcastChannel: channels(),
    localStorage: new FakeStorage(),
    token: tokenOf('7'),
    online: true,
    ...options,
  };
}

async function tabOf(shared, options = {}) {
  const client = new Client({
    baseUrl: 'http://lockstep.test',
    token: () => shared.token,
    fetch: shared.server.fetch,
    clock: options.clock,
  });
  const offline = new Offline({
    client,
    indexedDB: shared.indexedDB,
    locks: shared.locks,
    BroadcastChannel: shared.BroadcastChannel,
    localStorage: shared.localStorage,
    isOnline: () => shared.online,
    events: null,
    retryBaseMs: 1,
    retryCapMs: 5,
    ...options,
  });
  open.push(offline);
  await offline.start();
  return offline;
}

const ids = (facts) => facts.map(({ id }) => id);
const answer = (id, more) => ({ answerId: id, exerciseId: 'e', module: 'm', ...more });
const stitch = (id, more) => ({ mutationId: id, threadId: 't', stitchId: id, ...more });

test('an answer is on disk before it is sent, and its result comes back', async () => {
  const shared = browser({ online: false });
  const tab = await tabOf(shared);
  const handle = await tab.answer(answer('a1'));
  assert.equal(handle.durable, true);
  assert.equal(tab.state.pending, 1);
  assert.equal(tab.state.blocked, 'offline');
  assert.equal(shared.server.requests.length, 0);
  shared.online = true;
  await tab.flush('online');
  assert.equal((await handle.settled).status, 'applied');
  assert.equal(tab.state.pending, 0);
  assert.ok(tab.state.lastSyncTime instanceof Date);
});

test('what was sent is not sent again when it is put in again', async () => {
  for (const disk of [new IDBFactory(), null]) {
    const shared = browser({ indexedDB: disk, token: null });
    const tab = await tabOf(shared);
    const first = await (await tab.answer(answer('a1'))).settled;
    shared.token = tokenOf('7'); // and is somebody else's now
    await tab.signedIn();
    const heard = [];
    const again = disk === null ? tab : await tabOf(shared);
    again.on('result', (result) => heard.push(result));
    assert.deepEqual(await (await again.answer(answer('a1'))).settled, first);
    assert.deepEqual(heard, [first]);
    assert.equal(again.state.pending, 0);
    assert.equal(shared.server.requests.filter(({ path }) => path === '/api/answer').length, 1);
    await assert.rejects(again.answer(answer('a1', { userAnswer: '9' })), /put in already, with other content/);
  }
});

test('what one learner has sent is not what another puts in under the same id', async () => {
  for (const disk of [new IDBFactory(), null]) {
    const shared = browser({ indexedDB: disk });
    const tab = await tabOf(shared);
    await (await tab.answer(answer('a1'))).settled;
    shared.token = tokenOf('8');
    await (await tab.answer(answer('a1', { userAnswer: '9' }))).settled;
    assert.deepEqual(ids(shared.server.facts('|8')), ['a1']);
  }
});

test('of what was sent only the latest is remembered', async () => {
  for (const disk of [new IDBFactory(), null]) {
    const shared = browser({ indexedDB: disk });
    const tab = await tabOf(shared);
    const entries = Array.from({ length: DONE_MOST + 2 }, (_, at) => ({ kind: 'progress', body: stitch(`p${at}`) }));
    const handles = await tab.addAll(entries);
    await Promise.all(handles.map(({ settled }) => settled));
    const sent = () => shared.server.requests.filter(({ path }) => path === '/api/progress/bulk-sync').length;
    const before = sent();
    assert.equal((await (await tab.progress(stitch('p2'))).settled).status, 'applied');
    assert.equal(sent(), before);
    assert.ok(await (await tab.progress(stitch('p1'))).settled);
    assert.equal(sent(), before + 1);
  }
});

test('a queue of the former release goes on', async () => {
  const shared = browser({ online: false });
  const former = await new Promise((resolve, reject) => {
    const request = shared.indexedDB.open('lockstep', 1);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => resolve(request.result);
    request.onupgradeneeded = () => {
      const queue = request.result.createObjectStore('queue', { keyPath: 'seq', autoIncrement: true });
      queue.createIndex('key', 'key', { unique: true });
      queue.createIndex('owner', 'owner');
      queue.add({ ...itemOf({ kind: 'answer', body: answer('a1') }, '|7', null, null) });
      for (const [name, keyPath] of [['settled', 'seq'], ['meta', 'key'], ['content', 'key']]) request.result.createObjectStore(name, { keyPath, autoIncrement: keyPath === 'seq' });
    };
  });
  former.close();
  const tab = await tabOf(shared);
  shared.online = true;
  await tab.flush('online');
  assert.deepEqual(ids(shared.server.facts('|7')), ['a1']);
});

test('the order is kept, and what can go in bulk does', async () => {
  const shared = browser({ online: false });
  const tab = await tabOf(shared);
  await tab.session({ sessionId: 's1', threadId: 't', stitchId: 'x' });
  for (let at = 0; at < 5; at++) await tab.progress(stitch(`p${at}`));
  await tab.answer(answer('a1'));
  await tab.addAll(['e1', 'e2', 'e3'].map((id) => ({ kind: 'event', body: { id, eventType: 'video_completed' } })));
  shared.online = true;
  await tab.flush();
  assert.deepEqual(ids(shared.server.facts('|7')), ['s1', 'p0', 'p1', 'p2', 'p3', 'p4', 'a1', 'e1', 'e2', 'e3']);
  assert.deepEqual(shared.server.requests.map(({ path }) => path), [
    '/api/sessions/record', '/api/progress/bulk-sync', '/api/answer', '/api/progress-sync/events',
  ]);
});

test('a reply that was lost counts once, with the very same content', async () => {
  const shared = browser();
  shared.server.faults = ['after', 'after'];
  const tab = await tabOf(shared);
  const handle = await tab.answer(answer('a1'));
  assert.equal((await handle.settled).status, 'applied');
  assert.equal(shared.server.requests.length, 3);
  const [first, second] = shared.server.requests;
  assert.deepEqual(first.body, second.body);
  assert.ok(first.body.answeredAt);
  assert.equal(shared.server.facts('|7').length, 1);
});

test('a reload and a crash lose nothing', async () => {
  const shared = browser({ online: false });
  const first = await tabOf(shared);
  await first.answer(answer('a1'));
  await first.progress(stitch('p1'));
  await first.close();
  shared.online = true;
  const second = await tabOf(shared);
  await until(() => second.state.pending === 0 && shared.server.facts('|7').length === 2);
  assert.deepEqual(ids(shared.server.facts('|7')), ['a1', 'p1']);
});

test('two tabs send everything once', async () => {
  const shared = browser({ online: false });
  const [one, two] = [await tabOf(shared), await tabOf(shared)];
  const handles = [];
  for (let at = 0; at < 10; at++) handles.push(await (at % 2 ? one : two).answer(answer(`a${at}`)));
  shared.online = true;
  await Promise.all([one.flush(), two.flush()]);
  for (const handle of handles) assert.equal((await handle.settled).status, 'applied');
  assert.equal(shared.server.requests.length, 10);
  assert.equal(shared.server.facts('|7').length, 10);
  await until(() => one.state.pending === 0 && two.state.pending === 0);
});

test('two tabs without locks count everything once', async () => {
  const shared = browser({ online: false, locks: undefined });
  const [one, two] = [await tabOf(shared), await tabOf(shared)];
  for (let at = 0; at < 6; at++) await one.answer(answer(`a${at}`));
  shared.online = true;
  await Promise.all([one.flush(), two.flush()]);
  assert.deepEqual(ids(shared.server.facts('|7')), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
});

test('conflicts and rejects leave the queue and are kept for the application', async () => {
  const shared = browser();
  const tab = await tabOf(shared);
  const heard = [];
  tab.on('conflict', ({ id }) => heard.push(`conflict ${id}`));
  tab.on('rejected', ({ id }) => heard.push(`rejected ${id}`));
  await tab.addAll([stitch('p1'), stitch('p2', { clash: true }), stitch('p3', { bad: true }), stitch('p4')].map((body) => ({ kind: 'progress', body })));
  await (await tab.answer(answer('a1', { bad: true }))).settled;
  assert.deepEqual(heard, ['conflict p2', 'rejected p3', 'rejected a1']);
  assert.deepEqual(ids(shared.server.facts('|7')), ['p1', 'p4']);
  await tab.close();
  const next = await tabOf(shared);
  const kept = await next.unsettled();
  assert.deepEqual(kept.map(({ id, status }) => [id, status]), [['p2', 'conflict'], ['p3', 'rejected'], ['a1', 'rejected']]);
  assert.equal(kept[2].problem.status, 422);
  await next.dismiss(kept[0]);
  assert.equal((await next.unsettled()).length, 2);
});

test('an item that the reply says nothing of stays', async () => {
  const shared = browser();
  const half = ({ body }) =>
    new Response(JSON.stringify({ results: [{ index: 0, mutationId: body.progressItems[0].mutationId, status: 'applied' }] }), {
      headers: { 'Content-Type': 'application/json' },
    });
  shared.server.faults = [half];
  const tab = await tabOf(shared);
  await tab.addAll([stitch('p1'), stitch('p2')].map((body) => ({ kind: 'progress', body })));
  await until(() => tab.state.pending === 0);
  assert.deepEqual(ids(shared.server.facts('|7')), ['p2']);
});

test('a page that is not the server\'s own settles nothing', async () => {
  const shared = browser();
  const page = () => new Response('<h1>Not here</h1>', { status: 404, headers: { 'Content-Type': 'text/html' } });
  const login = () => new Response('<h1>Sign in to the hotel</h1>', { status: 200, headers: { 'Content-Type': 'text/html' } });
  shared.server.faults = [page, ({ path }) => new Response('', { status: 400 }), page];
  const tab = await tabOf(shared);
  const handle = await tab.progress(stitch('p1'));
  assert.equal((await handle.settled).status, 'applied');
  shared.server.faults = [login];
  assert.equal((await (await tab.progress(stitch('p2'))).settled).status, 'applied');
  assert.deepEqual(ids(shared.server.facts('|7')), ['p1', 'p2']);
});

test('a captive page that says 200 to an answer settles nothing', async () => {
  const shared = browser();
  shared.server.faults = [() => new Response('<h1>Sign in</h1>', { status: 200, headers: { 'Content-Type': 'text/html' } })];
  const tab = await tabOf(shared);
  await (await tab.answer(answer('a1'))).settled;
  assert.deepEqual(ids(shared.server.facts('|7')), ['a1']);
});

test('one item over which the server fails lets the others through', async () => {
  const shared = browser({ online: false });
  const tab = await tabOf(shared);
  const real = shared.server.fetch;
  const poison = (url, options) => {
    if (/"p2"/.test(options.body ?? '')) shared.server.faults.unshift(500);
    return real(url, options);
  };
  shared.server.fetch = poison;
  await tab.close();
  const next = await tabOf(shared);
  await next.addAll(['p1', 'p2', 'p3', 'p4'].map((id) => ({ kind: 'progress', body: stitch(id) })));
  shared.online = true;
  await next.flush('online');
  await until(() => next.state.pending === 1);
  assert.deepEqual(ids(shared.server.facts('|7')), ['p1', 'p3', 'p4']);
  shared.server.fetch = real;
});

test('a guest is made when needed, and claimed once at sign-in', async () => {
  const shared = browser({ token: null });
  const tab = await tabOf(shared);
  const claims = [];
  tab.on('claim', (outcome) => claims.push(outcome));
  await (await tab.answer(answer('a1'))).settled;
  assert.equal(shared.server.minted, 1);
  shared.online = false;
  await tab.answer(answer('a2'));
  const waiting = await tab.event({ id: 'e1', eventType: 'x' });
  shared.token = tokenOf('7');
  shared.online = true;
  shared.server.lose = '/api/anonymous/claim';
  await tab.signedIn();
  assert.equal((await waiting.settled).status, 'applied');
  assert.deepEqual(ids(shared.server.facts('|7')), ['a1', 'a2', 'e1']);
  assert.equal(claims.length, 1);
  assert.equal(claims[0].claimed, true);
  shared.token = tokenOf('8');
  await tab.signedIn();
  assert.deepEqual(ids(shared.server.facts('|8')), []);
  assert.equal(shared.server.requests.filter(({ path }) => path.endsWith('claim')).length, 2);
});

test('what a guest may not send waits until somebody signs in, and holds nothing up', async () => {
  const shared = browser({ token: null });
  const tab = await tabOf(shared);
  const event = await tab.event({ id: 'e1', eventType: 'x' });
  await (await tab.answer(answer('a1'))).settled;
  await until(() => tab.state.blocked === 'forbidden' && !tab.state.syncing);
  assert.equal(tab.state.pending, 1);
  shared.token = tokenOf('7');
  await tab.signedIn();
  assert.equal((await event.settled).status, 'applied');
});

test('who signed in while offline has the guest, also after another came', async () => {
  const shared = browser({ token: null });
  const tab = await tabOf(shared);
  await (await tab.answer(answer('a1'))).settled;
  shared.online = false;
  await tab.answer(answer('a2'));
  shared.token = tokenOf('7');
  await tab.signedIn(); // no network: noted
  shared.token = tokenOf('8');
  await tab.signedIn();
  shared.online = true;
  await tab.flush();
  assert.deepEqual(ids(shared.server.facts('|8')), []);
  shared.token = tokenOf('7');
  await tab.signedIn();
  assert.deepEqual(ids(shared.server.facts('|7')).sort(), ['a1', 'a2']);
});

test('nothing of one learner goes with the token of another', async () => {
  const shared = browser({ online: false });
  const tab = await tabOf(shared);
  await tab.answer(answer('mine'));
  shared.token = tokenOf('8');
  await tab.answer(answer('yours'));
  assert.equal(tab.state.pending, 1);
  shared.online = true;
  await tab.flush();
  assert.deepEqual(ids(shared.server.facts('|8')), ['yours']);
  assert.deepEqual(ids(shared.server.facts('|7')), []);
  shared.token = tokenOf('7');
  await tab.signedIn();
  assert.deepEqual(ids(shared.server.facts('|7')), ['mine']);
});

test('a token that ended is renewed once; where it cannot be, everything waits', async () => {
  const shared = browser({ token: tokenOf('7', { ended: 1 }) });
  let renewals = 0;
  const client = new Client({
    baseUrl: 'http://lockstep.test',
    fetch: shared.server.fetch,
    token: ({ refresh }) => {
      if (refresh) shared.token = ++renewals === 1 ? tokenOf('7', { ended: 2 }) : tokenOf('7');
      return shared.token;
    },
  });
  const tab = await tabOf(shared, { client });
  const handle = await tab.answer(answer('a1'));
  await until(() => tab.state.blocked === 'signed-out');
  assert.equal(tab.state.pending, 1);
  await tab.flush();
  assert.equal((await handle.settled).status, 'applied');
  assert.equal(renewals, 2);
});

test('who is signed in and gets no new token is no guest', async () => {
  const shared = browser({ token: tokenOf('7', { ended: 1 }) });
  const client = new Client({
    baseUrl: 'http://lockstep.test',
    fetch: shared.server.fetch,
    token: ({ refresh }) => (refresh ? null : shared.token),
  });
  const tab = await tabOf(shared, { client });
  const handle = await tab.answer(answer('a1'));
  await until(() => tab.state.blocked === 'signed-out' && !tab.state.syncing);
  assert.equal(shared.server.minted, 0);
  assert.equal(tab.state.pending, 1);
  shared.token = tokenOf('7');
  await tab.signedIn();
  assert.equal((await handle.settled).status, 'applied');
});

test('a full disk is told of, and nothing is lost that can be sent', async () => {
  const shared = browser({ online: false });
  const tab = await tabOf(shared);
  await tab.answer(answer('a1'));
  const told = [];
  tab.on('storage', (error) => told.push(error.name));
  const full = fillUp();
  const handle = await tab.answer(answer('a2'));
  assert.equal(handle.durable, false);
  assert.equal(tab.state.durable, false);
  assert.ok(told.includes('QuotaExceededError'));
  assert.equal(tab.state.pending, 2);
  full.restore();
  const third = await tab.answer(answer('a3'));
  assert.equal(third.durable, true);
  assert.equal(tab.state.durable, true);
  shared.online = true;
  await tab.flush();
  assert.deepEqual(ids(shared.server.facts('|7')), ['a1', 'a2', 'a3']);
});

function fillUp() {
  const real = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = () => {
    throw new DOMException('The disk is full.', 'QuotaExceededError');
  };
  return { restore: () => (IDBObjectStore.prototype.add = real) };
}

test('without a database it works as long as the page', async () => {
  const shared = browser({ indexedDB: undefined });
  const tab = await tabOf(shared);
  const handle = await tab.answer(answer('a1'));
  assert.equal(handle.durable, false);
  assert.equal((await handle.settled).status, 'applied');
});

test('a clock that is wrong', async () => {
  const shared = browser({ online: false });
  let wrong = 3600000;
  const clock = new Clock({ wall: () => Date.now() + wrong });
  shared.server.date = () => Date.now();
  const tab = await tabOf(shared, { clock });
  await tab.answer(answer('a1'));
  await tab.answer(answer('a2'));
  wrong = -7200000;
  await tab.answer(answer('a3'));
  shared.online = true;
  shared.server.faults = ['before', 503]; // the second tells the time
  await tab.flush('online');
  await until(() => shared.server.facts('|7').length === 3);
  const moments = shared.server.facts('|7').map(({ content }) => Date.parse(JSON.parse(content).answeredAt));
  for (const moment of moments) assert.ok(Math.abs(moment - Date.now()) < 5000, new Date(moment).toISOString());
  assert.ok(moments[0] < moments[1] && moments[1] < moments[2]);
});

test('what the former client left behind is taken over, and counts once', async () => {
  const at = Date.now() - 3600000;
  const session = { sessionId: 's1', threadId: 't', stitchId: 'x', totalPoints: 5 };
  const unnamed = { threadId: 't', stitchId: 'y', totalPoints: 6 };
  const shared = browser({
    online: false,
    localStorage: new FakeStorage({
      failedSyncs: [
        { type: 'session', data: unnamed, timestamp: at },
        { type: 'progress', data: { threadId: 't', stitchId: 'z', orderNumber: 2 }, timestamp: at + 1 },
        { type: 'mystery', data: {}, timestamp: at },
      ],
      sessionData: [
        { ...session, timestamp: at - 5 },
        { ...unnamed, timestamp: at },
        { threadId: 't', stitchId: 'w', timestamp: at },
      ],
      progress_t_z: { threadId: 't', stitchId: 'z', orderNumber: 3, timestamp: at + 9 },
      progress_of_another_program: { hello: true },
      lastSyncTime: new Date(at).toISOString(),
      theme: 'dark',
    }),
  });
  const unknown = [];
  const tab = new Offline({ ...optionsOf(shared) });
  open.push(tab);
  tab.on('legacy', (entry) => unknown.push(entry));
  await tab.start();
  assert.equal(tab.state.pending, 4);
  assert.equal(tab.state.lastSyncTime.getTime(), at);
  assert.deepEqual(Array.from({ length: shared.localStorage.length }, (_, index) => shared.localStorage.key(index)).sort(), [
    'lastSyncTime', 'progress_of_another_program', 'theme',
  ]);
  assert.deepEqual(unknown.map(({ type }) => type), ['mystery', 'session']);
  shared.online = true;
  await tab.flush('online');
  const facts = shared.server.facts('|7').map(({ content }) => JSON.parse(content));
  assert.deepEqual(facts.map((fact) => fact.totalPoints ?? fact.orderNumber), [5, 6, 2, 3]);
  assert.equal(facts[0].completedAt, new Date(at - 5).toISOString());
  assert.equal(facts[3].lastAttempted, new Date(at + 9).toISOString());
});

function optionsOf(shared) {
  const client = new Client({ baseUrl: 'http://lockstep.test', token: () => shared.token, fetch: shared.server.fetch });
  const { indexedDB, locks, BroadcastChannel, localStorage } = shared;
  return { client, indexedDB, locks, BroadcastChannel, localStorage, isOnline: () => shared.online, events: null, retryBaseMs: 1, retryCapMs: 5 };
}

test('what was recorded by the former client is no reject', async () => {
  const shared = browser({
    localStorage: new FakeStorage({ sessionData: [{ sessionId: 's1', threadId: 't', stitchId: 'x', timestamp: 1 }] }),
  });
  shared.server.learner('|7').seen.set('session s1', 'as it was sent then');
  const tab = await tabOf(shared);
  await until(() => tab.state.pending === 0 && shared.server.requests.length > 0);
  assert.deepEqual(await tab.unsettled(), []);
});

test('the next content is loaded in advance', async () => {
  const shared = browser();
  const loaded = [];
  const preload = async (key) => {
    if (!shared.online) throw new TypeError('offline');
    loaded.push(key);
    return { questions: key };
  };
  const tab = await tabOf(shared, { preload });
  await tab.contentChanged({ progress: stitch('p1'), next: 'tube-2' });
  await until(() => loaded.length === 1 && shared.server.facts('|7').length === 1);
  await tick(20);
  shared.online = false;
  assert.deepEqual(await tab.content('tube-2'), { questions: 'tube-2' });
  assert.equal(await tab.content('tube-3'), undefined);
});

test('an id waits with one content only', async () => {
  const shared = browser({ online: false });
  const tab = await tabOf(shared);
  await tab.answer(answer('a1', { tokens: 1 }));
  await tab.answer(answer('a1', { tokens: 1 }));
  await assert.rejects(tab.answer(answer('a1', { tokens: 2 })), TypeError);
  assert.equal(tab.state.pending, 1);
});

test('a network that goes while the last thing is on its way is gone afterwards, too', async () => {
  const events = new EventTarget();
  const shared = browser();
  const { fetch } = shared.server;
  shared.server.fetch = async (...given) => {
    const reply = await fetch(...given);
    shared.online = false;
    events.dispatchEvent(new Event('offline'));
    return reply;
  };
  const tab = await tabOf(shared, { events });
  await (await tab.answer(answer('a1'))).settled;
  await until(() => !tab.state.syncing);
  assert.equal(tab.state.blocked, 'offline');
});
