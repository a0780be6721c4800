// A learner's browser without a browser: the client against the running service. Reads {url, token, …} of its first
// argument, runs the scenario of that name, and prints what came of it as JSON.

import { IDBFactory } from 'fake-indexeddb';
import WebSocket from 'ws';
import { createLockstep } from './client/index.js';
import { channels, FakeStorage, Locks } from './client/test/setup.js';

const given = JSON.parse(process.argv[2]);
const browser = { indexedDB: new IDBFactory(), locks: new Locks(), BroadcastChannel: channels(), localStorage: new FakeStorage() };
let token = given.token;
let online = true;
let lose = 0; // so many replies are lost on their way

async function lossy(url, options) {
  const response = await fetch(url, options);
  if (options.method === 'GET' || lose === 0) return response;
  await response.arrayBuffer();
  lose--;
  throw new TypeError('Failed to fetch');
}

async function open(options = {}) {
  const lockstep = createLockstep({
    baseUrl: given.url,
    token: () => token,
    fetch: lossy,
    sync: { ...browser, WebSocket, document: undefined, events: null, ...options },
    offline: { ...browser, events: null, isOnline: () => online, retryBaseMs: 20, retryCapMs: 200 },
  });
  await lockstep.start();
  return lockstep;
}

async function until(condition, what) {
  for (let waited = 0; waited < 20000; waited += 10) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what} did not come about`);
}

const video = (id) => ({
  id: `event-${id}`,
  eventType: 'video_completed',
  sourceSystem: 'video_player',
  eventData: { activityId: id, videoProgress: { videoId: id, youtubeId: 'abcdefghijk', percentageWatched: 100, timeWatched: 300, totalDuration: 300 } },
});

async function practise({ offline }) {
  const handles = [];
  for (let at = 0; at < 5; at++)
    handles.push(await offline.answer({ answerId: `a${at}`, exerciseId: 'ex-unknown', module: 'math', isCorrect: true, tokens: 2 }));
  handles.push(await offline.session({ sessionId: 's1', threadId: 't1', stitchId: 'x1', totalPoints: 7, totalQuestions: 3, correctAnswers: 2 }));
  handles.push(...(await offline.addAll([1, 2, 3].map((at) => ({
    kind: 'progress',
    body: { threadId: 't1', stitchId: `x${at}`, orderNumber: at, isCompleted: at === 3 },
  })))));
  if (!given.anonymous)
    handles.push(...(await offline.addAll(['v1', 'v2', 'v1'].map((id, at) => ({ kind: 'event', body: { ...video(id), id: `event-${at}` } })))));
  handles.push(await offline.answer({ answerId: 'wrong', exerciseId: 'ex-unknown', module: 'math', isCorrect: true, tokens: 999999999 }));
  return handles;
}

const outcomes = async (handles) => (await Promise.all(handles.map(({ settled }) => settled))).map(({ status }) => status);

const scenarios = {
  // Offline, a reload in between, and then half of the replies are lost.
  async offline() {
    online = false;
    const before = await open();
    await practise(before);
    const waiting = before.offline.state.pending;
    await before.close();
    online = true;
    lose = 4;
    const after = await open();
    await until(async () => (await after.offline.flush()).pending === 0, 'an empty queue');
    const unsettled = (await after.offline.unsettled()).map(({ id, status, problem }) => [id, status, problem?.status ?? null]);
    const progress = await after.client.get('/api/progress');
    const again = await after.client.send('GET', '/api/progress');
    await after.close();
    return { waiting, lost: 4 - lose, unsettled, tokens: progress.globalStats.totalTokens, notModified: again.notModified };
  },

  // A guest practises, and signs in while the reply to the claim is lost.
  async claim() {
    token = null;
    const lockstep = await open();
    const handles = await practise(lockstep);
    const statuses = await outcomes(handles);
    const guest = await lockstep.client.get('/api/profile');
    online = false;
    await lockstep.offline.answer({ answerId: 'late', exerciseId: 'ex-unknown', module: 'math', isCorrect: true, tokens: 2 });
    token = given.token;
    online = true;
    lose = 1;
    const claims = [];
    lockstep.offline.on('claim', ({ claimed }) => claims.push(claimed));
    await lockstep.signedIn();
    await until(async () => lockstep.offline.state.pending === 0 && claims.length > 0, 'a claim');
    const progress = await lockstep.client.get('/api/progress');
    const profile = await lockstep.client.get('/api/profile');
    await lockstep.close();
    return { statuses, claims, wasAnonymous: guest.isAnonymous, isAnonymous: profile.isAnonymous, tokens: progress.globalStats.totalTokens };
  },

  // Hears what happens elsewhere, live or by asking; the connection is cut once in between.
  async hear() {
    const sockets = [];
    class Watched extends WebSocket {
      constructor(...address) {
        super(...address);
        sockets.push(this);
      }
    }
    const lockstep = await open({ live: given.live, WebSocket: Watched });
    const heard = [];
    lockstep.sync.subscribe((message) => heard.push(message));
    await until(() => lockstep.sync.state.fresh, 'freshness');
    const { connection } = lockstep.sync.state;
    const elsewhere = async (id) =>
      (await lockstep.client.post('/api/answer', { answerId: id, exerciseId: 'ex-unknown', module: 'math', isCorrect: true, tokens: 1 })).revision;
    const asked = [await elsewhere('h1')];
    const began = Date.now();
    if (given.live) await until(() => heard.some(({ revision }) => revision === asked[0]), 'the first');
    const took = Date.now() - began;
    for (const socket of sockets) socket.terminate();
    asked.push(await elsewhere('h2'), await elsewhere('h3'));
    if (!given.live) await lockstep.sync.restart(); // the interval is the server's, and long for a test
    await until(() => heard.some(({ revision, type }) => revision === asked[2] && type !== 'resync'), 'the last');
    await lockstep.close();
    return { connection, asked, took, heard, sockets: sockets.length };
  },
};

const result = await scenarios[given.scenario]();
console.log(JSON.stringify(result));
process.exit(0);
