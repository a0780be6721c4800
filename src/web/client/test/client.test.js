import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../client.js';
import { Clock } from '../clock.js';
import { LockstepError, ProblemError } from '../errors.js';
import { newId, readToken } from '../identity.js';
import { tokenOf } from './setup.js';

/** A client whose server answers one after the other: a function of the request, or {status, body, headers}. */
function clientOf(answers, options = {}) {
  const asked = [];
  const fetch = async (url, request) => {
    asked.push({ url, ...request });
    request.signal?.throwIfAborted();
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    const value = typeof answer === 'function' ? await answer(request) : answer;
    if (value instanceof Error) throw value;
    const { status = 200, body = {}, headers = {} } = value;
    const type = status >= 400 ? 'application/problem+json' : 'application/json';
    return new Response(status === 304 ? null : JSON.stringify(body), { status, headers: { 'Content-Type': type, ...headers } });
  };
  return { asked, client: new Client({ baseUrl: 'https://site.test/', token: tokenOf('7'), fetch, ...options }) };
}
const away = new TypeError('Failed to fetch');

test('a call fills in its path, its query, and who asks', async () => {
  const { client, asked } = clientOf([{ body: { a: 1 } }]);
  assert.deepEqual(await client.get('/api/todos/{id}', { path: { id: 'a/b' }, query: { limit: 5, after: undefined } }), { a: 1 });
  assert.equal(asked[0].url, 'https://site.test/api/todos/a%2Fb?limit=5');
  assert.match(asked[0].headers.Authorization, /^Bearer /);
  assert.match(asked[0].headers['X-Request-Id'], /^[0-9a-f-]{36}$/);
});

test('an endpoint that tells of a failure by its status is heard all the same', async () => {
  const body = { status: 'failing', checks: [] };
  const { client } = clientOf([{ status: 503, body }]);
  await assert.rejects(client.get('/api/sync/health', { attempts: 1 }), (error) => {
    assert.deepEqual([error.status, error.isOwn, error.body], [503, false, body]);
    return true;
  });
});

test('a problem document is an error with its fields', async () => {
  const body = {
    type: 'urn:lockstep:problem:malformed', title: 'Bad Request', status: 400, detail: 'Something is missing.', instance: '/api/answer',
    requestId: 'r-9', errors: [{ field: 'module', message: 'is required' }, { field: 'module', message: 'again' }],
  };
  const { client } = clientOf([{ status: 400, body }]);
  await assert.rejects(client.post('/api/answer', {}), (error) => {
    assert.ok(error instanceof ProblemError && error instanceof LockstepError);
    assert.deepEqual([error.kind, error.status, error.message, error.requestId], ['problem', 400, 'Something is missing.', 'r-9']);
    assert.equal(error.fields.module, 'is required');
    assert.equal(error.errors.length, 2);
    assert.equal(error.isOwn, true);
    assert.deepEqual(error.body, body);
    assert.ok(!JSON.stringify(error).includes(tokenOf('7')));
    return true;
  });
});

test('what is safe is sent again, under the same key', async () => {
  const { client, asked } = clientOf([away, { status: 503, headers: { 'Retry-After': '0' } }, { body: { ok: true } }]);
  assert.deepEqual(await client.post('/api/answer', { exerciseId: 'e', module: 'm' }), { ok: true });
  assert.equal(asked.length, 3);
  assert.equal(new Set(asked.map(({ headers }) => headers['Idempotency-Key'])).size, 1);
  assert.equal(new Set(asked.map(({ headers }) => headers['X-Request-Id'])).size, 3);
});

test('what is not safe is not sent again', async () => {
  const { client, asked } = clientOf([away]);
  await assert.rejects(client.post('/api/sync/auto-fix', {}), { kind: 'network' });
  assert.equal(asked.length, 1);
  assert.equal(asked[0].headers['Idempotency-Key'], undefined);
});

test('who comes too often waits, whatever was asked', async () => {
  const { client, asked } = clientOf([{ status: 429, headers: { 'Retry-After': '0' } }, {}]);
  await client.post('/api/sync/auto-fix', {});
  assert.equal(asked.length, 2);
});

test('it gives up in the end, and at once where it is told to wait long', async () => {
  const often = clientOf([{ status: 503 }], { attempts: 3 });
  await assert.rejects(often.client.get('/api/progress'), { status: 503 });
  assert.equal(often.asked.length, 3);
  const long = clientOf([{ status: 503, headers: { 'Retry-After': '3600' } }]);
  await assert.rejects(long.client.get('/api/progress'), { retryAfterMs: 3600000 });
  assert.equal(long.asked.length, 1);
});

test('a tag is sent back, and what did not change is the very same object', async () => {
  const { client, asked } = clientOf([{ body: { n: 1 }, headers: { ETag: '"a"' } }, { status: 304 }, { body: { n: 2 }, headers: { ETag: '"b"' } }]);
  const first = await client.get('/api/progress');
  const second = await client.send('GET', '/api/progress');
  assert.equal(asked[1].headers['If-None-Match'], '"a"');
  assert.equal(second.data, first);
  assert.equal(second.notModified, true);
  assert.equal((await client.get('/api/progress')).n, 2);
});

test('what one learner read is not shown to another', async () => {
  let token = tokenOf('7');
  const { client, asked } = clientOf([{ body: {}, headers: { ETag: '"a"' } }], { token: () => token });
  await client.get('/api/progress');
  token = tokenOf('7', { exp: 4e9 }); // renewed: the same learner
  await client.get('/api/progress');
  assert.equal(asked[1].headers['If-None-Match'], '"a"');
  token = tokenOf('8');
  await client.get('/api/progress');
  assert.equal(asked[2].headers['If-None-Match'], undefined);
});

test('a token that is refused is renewed once, for all who came with it', async () => {
  let token = tokenOf('7', { n: 1 });
  let renewals = 0;
  const fresh = tokenOf('7', { n: 2 });
  const answer = ({ headers }) => (headers.Authorization === `Bearer ${fresh}` ? { body: { ok: true } } : { status: 401 });
  const provider = async ({ refresh }) => {
    if (refresh) {
      renewals++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      token = fresh;
    }
    return token;
  };
  const { client } = clientOf([answer], { token: provider });
  await Promise.all([1, 2, 3].map(() => client.post('/api/sync/auto-fix', {})));
  assert.equal(renewals, 1);
  const refused = clientOf([{ status: 401 }], { token: provider });
  await assert.rejects(refused.client.get('/api/progress'), { status: 401 });
  assert.equal(refused.asked.length, 2);
});

test('a token that is about to end is renewed before', async () => {
  const now = Date.now() / 1000;
  let token = tokenOf('7', { exp: now + 3 });
  const { client, asked } = clientOf([{}], { token: ({ refresh }) => (refresh ? (token = tokenOf('7', { exp: now + 900 })) : token) });
  await client.get('/api/progress');
  assert.equal(asked[0].headers.Authorization, `Bearer ${tokenOf('7', { exp: now + 900 })}`);
});

test('a call can be called off, and takes no longer than it may', async () => {
  const never = (request) => new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
  const { client } = clientOf([never], { attempts: 1 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 5);
  await assert.rejects(client.get('/api/progress', { signal: controller.signal }), { kind: 'aborted' });
  await assert.rejects(client.get('/api/progress', { timeoutMs: 5 }), { kind: 'timeout' });
});

test('a reply that makes no sense says so', async () => {
  const client = new Client({
    fetch: async () => new Response('{"half', { headers: { 'Content-Type': 'application/json' } }),
  });
  await assert.rejects(client.get('/api/progress'), { kind: 'malformed' });
});

test('tokens tell their owner, the issuer included', () => {
  assert.equal(readToken(tokenOf('user_7')).owner, '|user_7');
  assert.notEqual(readToken(tokenOf('7', { iss: 'a' })).owner, readToken(tokenOf('7', { iss: 'b' })).owner);
  assert.equal(readToken(tokenOf('ä|ö', { role: 'admin' })).owner, '|ä|ö');
  assert.match(readToken('opaque').owner, /opaque/);
  assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the clock follows the server, and notices when the device is set', () => {
  let wall = 1000000;
  let steady = 0;
  const clock = new Clock({ wall: () => wall, steady: () => steady });
  assert.equal(clock.isSure, false);
  const stamp = clock.stamp(5000000); // before the server was ever heard
  steady += 60000;
  wall += 60000;
  clock.observe(5060000, steady);
  assert.equal(clock.isSure, true);
  assert.ok(Math.abs(clock.now() - 5060000) < 10);
  assert.ok(Math.abs(clock.momentOf(stamp) - 5000000) < 10);
  const later = clock.stamp(5060000);
  wall -= 3600000; // somebody sets the clock
  steady += 1000;
  assert.equal(clock.isSure, false);
  clock.observe(5061000, steady);
  assert.ok(Math.abs(clock.momentOf(later) - 5060000) < 10, String(clock.momentOf(later)));
  assert.ok(clock.momentOf(clock.stamp()) <= clock.now());
});

test('a moment is never in the future, nor before what had been heard', () => {
  let wall = 9000000;
  const clock = new Clock({ wall: () => wall, steady: () => 0 });
  const ahead = { wall: 9900000, steady: 0, page: 'another', offset: null, heard: 8500000 };
  clock.observe(9000000, 0);
  assert.equal(clock.momentOf(ahead), Math.floor(clock.now()));
  const behind = { wall: 1, steady: 0, page: 'another', offset: null, heard: 8500000 };
  assert.equal(clock.momentOf(behind), 8500000);
});
