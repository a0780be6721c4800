import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElement } from 'react';
import { act, create } from 'react-test-renderer';
import { createLockstep } from '../index.js';
import { LockstepProvider, useFresh, useOfflineSync, useSync } from '../react.js';
import { FakeServer } from './fake_server.js';
import { channels, IDBFactory, Locks, tick, tokenOf } from './setup.js';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

async function settle(condition) {
  for (let at = 0; at < 200 && !condition(); at++) await act(() => tick(5));
  assert.ok(condition());
}

test('the hooks of document 004, and what an endpoint says', async () => {
  const server = new FakeServer();
  let revision = 1;
  const fetch = async (url, options) => {
    const { pathname } = new URL(url);
    const json = (value) => new Response(JSON.stringify(value), { headers: { 'Content-Type': 'application/json' } });
    if (pathname === '/api/sync/connection') return json({ revision, pollIntervalMs: 10, changes: [], resync: true });
    if (pathname === '/api/dashboard') return json({ dashboard: { points: revision } });
    return server.fetch(url, options);
  };
  let online = true;
  const lockstep = createLockstep({
    baseUrl: 'http://lockstep.test',
    token: tokenOf('7'),
    fetch,
    sync: { live: false, locks: new Locks(), BroadcastChannel: channels(), events: null, document: undefined, lingerMs: 0 },
    offline: { indexedDB: new IDBFactory(), locks: new Locks(), BroadcastChannel: channels(), events: null, isOnline: () => online },
  });
  await lockstep.start();
  const seen = {};
  function Page() {
    seen.offline = useOfflineSync();
    seen.sync = useSync();
    seen.dashboard = useFresh('/api/dashboard');
    return null;
  }
  let page;
  await act(async () => {
    page = create(createElement(LockstepProvider, { lockstep }, createElement(Page)));
  });
  await settle(() => seen.dashboard.data?.dashboard.points === 1 && seen.sync.connection === 'polling');
  revision = 2;
  await settle(() => seen.dashboard.data.dashboard.points === 2);

  let saved;
  await act(async () => {
    saved = await seen.offline.saveSessionData({ sessionId: 's1', threadId: 't', stitchId: 'x', userId: 7 });
  });
  assert.deepEqual([saved.success, saved.offline, saved.sessionId], [true, undefined, 's1']);
  await settle(() => seen.offline.lastSyncTime instanceof Date && !seen.offline.isSyncing);

  online = false;
  await act(async () => {
    saved = await seen.offline.saveProgressData({ threadId: 't', stitchId: 'x', orderNumber: 3 });
  });
  assert.deepEqual([saved.success, saved.offline], [true, true]);
  assert.equal(seen.offline.pendingItems, 1);
  let synced;
  await act(async () => {
    synced = await seen.offline.syncPendingItems();
  });
  assert.deepEqual(synced, { success: true, syncedItems: 1, pending: 0 });
  assert.equal(seen.offline.pendingItems, 0);
  assert.deepEqual(server.facts('|7').map(({ kind }) => kind), ['session', 'progress']);
  await act(async () => page.unmount());
  await lockstep.close();
});
