// Calls of Lockstep's interface: who asks, what is safe to ask again, and what went wrong.

import { Clock } from './clock.js';
import { LockstepError, ProblemError } from './errors.js';
import { IDEMPOTENT } from './idempotent.js';
import { newId, readToken } from './identity.js';
import { backoff, retryAfterMs, sleep } from './wait.js';

const TIMEOUT_MS = 30000;
const ATTEMPTS = 4;
const RETRY_BASE_MS = 300;
const RETRY_CAP_MS = 10000;
const RETRY_AFTER_CAP_MS = 60000; // a server that asks for more is told to the caller
const CACHE_ENTRIES = 100;
const EXPIRY_MARGIN_MS = 10000;
const SAFE = new Set(['GET', 'HEAD', 'PUT']);
const AWAY = new Set([502, 503, 504]);

const GUEST = Object.freeze({ owner: 'guest', role: 'anonymous', guest: true, expiresAt: null });
const refusedTokens = new WeakMap(); // of a 401, the token that it came for; not to be printed with the error

export class Client {
  #tokenProvider;
  #guest = null;
  #refreshing = null;
  #cache = new Map();

  constructor(options = {}) {
    this.baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
    this.clock = options.clock ?? new Clock();
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.attempts = options.attempts ?? ATTEMPTS;
    this.fetch = options.fetch ?? ((...given) => globalThis.fetch(...given));
    this.onReply = options.onReply ?? null;
    const token = options.token ?? null;
    this.#tokenProvider = typeof token === 'function' ? token : () => token;
  }

  get(path, options) {
    return this.#data('GET', path, options);
  }
  post(path, body, options) {
    return this.#data('POST', path, { ...options, body });
  }
  put(path, body, options) {
    return this.#data('PUT', path, { ...options, body });
  }
  patch(path, body, options) {
    return this.#data('PATCH', path, { ...options, body });
  }
  delete(path, options) {
    return this.#data('DELETE', path, options);
  }

  async #data(method, path, options) {
    return (await this.send(method, path, options)).data;
  }

  /** Whom the requests are made for: {owner, role, guest, expiresAt}. Makes no guest and asks for no new token. */
  async whoami() {
    const token = await this.#tokenProvider({ refresh: false });
    return token ? { ...readToken(token), guest: false } : { ...GUEST };
  }

  /** The same with the token that a request would carry now, or null. `refused`: one that the server refused. */
  async credentials(refused = null) {
    let held = await this.#provide();
    if (held.token === null) return { ...GUEST, token: null };
    const expiresAt = readToken(held.token).expiresAt;
    if (held.token === refused || (expiresAt !== null && expiresAt < this.clock.now() + EXPIRY_MARGIN_MS)) {
      const renewed = await this.#renew(held);
      if (renewed.token !== null) held = renewed;
    }
    return { ...(held.guest ? GUEST : { ...readToken(held.token), guest: false }), token: held.token };
  }

  /** Who stands in while nobody is signed in: a function ({refresh}) → token or null. See guest.js. */
  useGuest(provider) {
    this.#guest = provider;
  }

  /** Asks the provider for a new token, once for all who want one at the same time. */
  async refreshToken() {
    return (await this.#renew(await this.#provide())).token;
  }

  // Who is signed in and gets no new token is signed out, and not a guest all at once.
  #renew({ guest }) {
    const ask = async () => (guest ? this.#guest({ refresh: true }) : this.#tokenProvider({ refresh: true }));
    this.#refreshing ??= ask()
      .then((token) => ({ token: token || null, guest }))
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  async #provide() {
    const token = (await this.#tokenProvider({ refresh: false })) || null;
    if (token !== null || this.#guest === null) return { token, guest: false };
    return { token: (await this.#guest({ refresh: false })) || null, guest: true };
  }

  /** The whole reply: {status, data, headers, etag, requestId, notModified}. A status of 400 or more is thrown. */
  async send(method, path, options = {}) {
    const call = this.#prepare(method, path, options);
    const attempts = options.attempts ?? this.attempts;
    let refused = null;
    for (let attempt = 1; ; attempt++) {
      let failure;
      try {
        return await this.#once(call, refused, options);
      } catch (error) {
        failure = error;
      }
      if (failure.status === 401 && refused === null && options.token === undefined && refusedTokens.get(failure)) {
        refused = refusedTokens.get(failure);
        continue; // was not carried out, whatever it was
      }
      const delay = this.#delay(call, failure, attempt);
      if (delay === null || attempt >= attempts) throw failure;
      await sleep(delay, options.signal);
      if (options.signal?.aborted) throw aborted(options.signal);
    }
  }

  #prepare(method, path, options) {
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(options.path[name]));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined && value !== null) query.append(name, value);
    const text = query.toString();
    const headers = { Accept: 'application/json', ...options.headers };
    const call = { method, url: this.baseUrl + filled + (text === '' ? '' : `?${text}`), headers };
    if (options.body !== undefined) {
      call.body = JSON.stringify(options.body);
      headers['Content-Type'] = 'application/json';
    }
    const takesKey = IDEMPOTENT.has(`${method} ${path}`);
    if (takesKey && options.idempotencyKey !== null)
      headers['Idempotency-Key'] = options.idempotencyKey ?? newId();
    call.repeatable = SAFE.has(method) || takesKey || options.repeatable === true;
    return call;
  }

  // How long to wait before it is sent again; null: it is not.
  #delay(call, failure, attempt) {
    if (failure.kind === 'network' || failure.kind === 'timeout')
      return call.repeatable ? backoff(attempt, RETRY_BASE_MS, RETRY_CAP_MS) : null;
    if (failure.kind !== 'problem') return null;
    // Nothing was done for who came too often; of the others it cannot be known.
    if (failure.status !== 429 && !(AWAY.has(failure.status) && call.repeatable)) return null;
    const least = failure.retryAfterMs ?? 0;
    if (least > RETRY_AFTER_CAP_MS) return null;
    return least + backoff(attempt, RETRY_BASE_MS, RETRY_CAP_MS);
  }

  async #once(call, refused, options) {
    const token = options.token !== undefined ? options.token : (await this.credentials(refused)).token;
    const requestId = newId();
    const headers = { ...call.headers, 'X-Request-Id': requestId };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    const known = call.method === 'GET' ? this.#cached(call.url, token) : null;
    if (known !== null) headers['If-None-Match'] = known.etag;
    const askedAt = this.clock.steady();
    const { response, text } = await this.#fetch(call, headers, requestId, options);
    this.#hearClock(response, askedAt);
    const reply = this.#read(call, response, text, known, requestId, token);
    this.#remember(call, token, reply);
    this.onReply?.(reply);
    return reply;
  }

  async #fetch(call, headers, requestId, options) {
    const { signal } = options;
    if (signal?.aborted) throw aborted(signal);
    const controller = new AbortController();
    const stop = () => controller.abort();
    signal?.addEventListener('abort', stop, { once: true });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      stop();
    }, options.timeoutMs ?? this.timeoutMs);
    try {
      const response = await this.fetch(call.url, {
        method: call.method,
        headers,
        body: call.body,
        cache: 'no-store', // the tags are kept here
        signal: controller.signal,
        ...(options.keepalive ? { keepalive: true } : {}),
      });
      return { response, text: await response.text() };
    } catch (cause) {
      if (signal?.aborted) throw aborted(signal);
      if (late) throw new LockstepError('timeout', 'The server did not answer in time.', { cause, requestId });
      throw new LockstepError('network', 'The server cannot be reached.', { cause, requestId });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  // Other origins do not see Date; the replies that tell the time in their body do as well.
  #hearClock(response, askedAt) {
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (!Number.isNaN(date)) this.clock.observe(date, askedAt, 1000);
  }

  #read(call, response, text, known, requestId, token) {
    const id = response.headers.get('X-Request-Id') ?? requestId;
    const base = { status: response.status, headers: response.headers, requestId: id, notModified: false };
    if (response.status === 304 && known !== null)
      return { ...base, data: known.data, etag: known.etag, notModified: true };
    const type = response.headers.get('Content-Type') ?? '';
    let data = text;
    if (/[/+]json\b/.test(type)) {
      try {
        data = text === '' ? null : JSON.parse(text);
      } catch (cause) {
        throw new LockstepError('malformed', 'The reply is no JSON.', { cause, requestId: id });
      }
    }
    if (response.status >= 400) throw this.#problem(response, data, id, token);
    if (response.status >= 300) throw new LockstepError('malformed', `The server answered ${response.status}.`, { requestId: id });
    return { ...base, data, etag: response.headers.get('ETag') };
  }

  #problem(response, data, requestId, token) {
    const document = data !== null && typeof data === 'object' ? data : null;
    const problem = new ProblemError(response.status, document, {
      requestId,
      retryAfterMs: retryAfterMs(response.headers.get('Retry-After'), this.clock.now()),
    });
    refusedTokens.set(problem, token);
    return problem;
  }

  // Replies belong to a learner, and not to one of the tokens that come and go.
  #cached(url, token) {
    const entry = this.#cache.get(url);
    return entry !== undefined && entry.owner === ownerOf(token) ? entry : null;
  }

  #remember(call, token, reply) {
    if (call.method !== 'GET' || !reply.etag) return;
    this.#cache.delete(call.url); // the latest used stands last
    this.#cache.set(call.url, { owner: ownerOf(token), etag: reply.etag, data: reply.data });
    if (this.#cache.size > CACHE_ENTRIES) this.#cache.delete(this.#cache.keys().next().value);
  }
}

export function createClient(options) {
  return new Client(options);
}

function ownerOf(token) {
  return token === null ? null : readToken(token).owner;
}

function aborted(signal) {
  return new LockstepError('aborted', 'The request was called off.', { cause: signal.reason });
}
