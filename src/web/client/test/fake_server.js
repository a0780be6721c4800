// A server that takes answers, sessions, stitches and events as Lockstep does, by the same rules of ids, and fails
// as it is told: what it says is what src/session/stitch.h, docs/architecture.md and the interface say.

const REUSED = 'This id was already used for a request with other content.';

export class FakeServer {
  learners = new Map(); // owner → {facts: [{kind, id, content}], seen: Map}
  requests = []; // {method, path, token, body}
  faults = []; // of the next requests: 'before', 'after', 503, 500, 429, null
  minted = 0;
  now = () => Date.now();
  date = () => Date.now(); // what the header says; null: none
  lose = null; // the path of which the next reply is lost

  constructor() {
    this.mergedInto = new Map();
  }

  learner(owner) {
    const name = this.mergedInto.get(owner) ?? owner;
    if (!this.learners.has(name)) this.learners.set(name, { facts: [], seen: new Map(), revision: 0 });
    return this.learners.get(name);
  }

  /** What the learner did, in the order in which it was counted. */
  facts(owner) {
    return this.learner(owner).facts;
  }

  fetch = async (url, { method, headers, body, signal }) => {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const path = new URL(url, 'http://lockstep.test').pathname;
    const token = headers.Authorization?.slice('Bearer '.length) ?? null;
    const value = body === undefined ? undefined : JSON.parse(body);
    if (path !== '/healthz') this.requests.push({ method, path, token, body: value, headers });
    if (path === '/healthz') return this.#reply(200, { status: 'ok' });
    const fault = path === this.lose ? 'after' : this.faults.shift() ?? null;
    if (path === this.lose) this.lose = null;
    if (fault === 'before') throw new TypeError('Failed to fetch');
    if (typeof fault === 'number') return this.#problem(fault, path, fault === 429 ? { 'Retry-After': '0' } : {});
    if (typeof fault === 'function') return fault({ method, path, token, body: value });
    const reply = this.#answer(method, path, token, value);
    await new Promise((resolve) => setImmediate(resolve));
    if (fault === 'after') throw new TypeError('Failed to fetch');
    signal?.throwIfAborted(); // the page was closed: counted, and nobody was told
    return reply;
  };

  #headers(more) {
    return { 'X-Request-Id': 'r-1', ...(this.date === null ? {} : { Date: new Date(this.date()).toUTCString() }), ...more };
  }

  #reply(status, value, headers = {}) {
    return new Response(JSON.stringify(value), { status, headers: this.#headers({ 'Content-Type': 'application/json', ...headers }) });
  }

  #problem(status, path, headers = {}, detail = `It is ${status}.`) {
    const type = `urn:lockstep:problem:${status}`;
    const document = { type, title: '', status, detail, instance: path, requestId: 'r-1', errors: [], success: false };
    return new Response(JSON.stringify(document), {
      status,
      headers: this.#headers({ 'Content-Type': 'application/problem+json', ...headers }),
    });
  }

  #owner(token) {
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    return { owner: `${claims.iss ?? ''}|${claims.sub}`, anonymous: claims.iss === 'lockstep', ended: claims.ended };
  }

  #answer(method, path, token, body) {
    if (path === '/api/anonymous') {
      const claims = Buffer.from(JSON.stringify({ iss: 'lockstep', sub: `guest_${++this.minted}` })).toString('base64url');
      return this.#reply(201, { success: true, token: `e30.${claims}.`, userId: this.minted, expiresAt: '2099-01-01T00:00:00.000Z' });
    }
    if (token === null) return this.#problem(401, path);
    const { owner, anonymous, ended } = this.#owner(token);
    if (ended) return this.#problem(401, path);
    if (path === '/api/anonymous/claim') return this.#claim(owner, this.#owner(body.anonymousToken).owner, path);
    if (path === '/api/answer') return this.#one(owner, 'answer', body.answerId, body, path);
    if (path === '/api/sessions/record') return this.#one(owner, 'session', body.sessionId, body, path);
    if (path === '/api/progress/bulk-sync') return this.#bulk(owner, body);
    if (path === '/api/progress-sync/events') return anonymous ? this.#problem(403, path) : this.#events(owner, body);
    return this.#problem(404, path);
  }

  #claim(owner, guest, path) {
    const taken = this.mergedInto.get(guest);
    if (taken !== undefined) return taken === owner ? this.#reply(200, { success: true, again: true }) : this.#problem(409, path);
    const from = this.learner(guest);
    const to = this.learner(owner);
    for (const fact of from.facts) {
      const key = `${fact.kind} ${fact.id}`;
      if (to.seen.has(key)) continue; // sent for both: one fact
      to.facts.push(fact);
      to.seen.set(key, fact.content);
    }
    this.mergedInto.set(guest, owner);
    return this.#reply(200, { success: true, revision: ++to.revision });
  }

  #take(owner, kind, id, content) {
    const learner = this.learner(owner);
    const key = `${kind} ${id}`;
    const text = JSON.stringify(content);
    if (learner.seen.has(key)) return learner.seen.get(key) === text ? 'again' : 'reused';
    learner.seen.set(key, text);
    learner.facts.push({ kind, id, content: text });
    learner.revision++;
    return 'new';
  }

  #one(owner, kind, id, body, path) {
    if (body.bad) return this.#problem(422, path);
    const outcome = this.#take(owner, kind, id, body);
    if (outcome === 'reused') return this.#problem(422, path, {}, REUSED);
    return this.#reply(200, { success: true, sessionId: id, revision: this.learner(owner).revision });
  }

  #item(owner, kind, id, item) {
    if (item.bad) return { status: 'rejected', reason: 'It is bad.' };
    if (item.clash) return { status: 'conflict', server: { orderNumber: 9 } };
    const outcome = this.#take(owner, kind, id, item);
    if (outcome === 'reused') return { status: 'rejected', reason: REUSED };
    return { status: outcome === 'new' ? 'applied' : 'duplicate' };
  }

  #bulk(owner, body) {
    const results = body.progressItems.map((item, index) => ({
      index,
      mutationId: item.mutationId,
      ...this.#item(owner, 'progress', item.mutationId, item),
    }));
    const synced = results.filter(({ status }) => status === 'applied' || status === 'duplicate').length;
    const all = synced === results.length;
    return this.#reply(all ? 200 : 207, { success: all, totalSynced: synced, revision: this.learner(owner).revision, results });
  }

  // An event in conflict is kept by the server until the learner resolves it.
  #events(owner, body) {
    const results = body.events.map((event, index) => {
      const { status } = this.#item(owner, 'event', event.id, { ...event, clash: undefined });
      if (status === 'rejected') return { index, eventId: event.id, status };
      return { index, eventId: event.id, status: event.clash ? 'conflict' : 'applied' };
    });
    const all = results.every(({ status }) => status === 'applied');
    return this.#reply(all ? 200 : 207, { success: all, results });
  }
}
