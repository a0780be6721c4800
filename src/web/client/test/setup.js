// A page's surroundings, as far as Node lacks them: locks, storage, and a database of its own for each test.

import { webcrypto } from 'node:crypto';
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb';

globalThis.crypto ??= webcrypto;

export { IDBFactory, IDBObjectStore };

/** Web Locks of one browser: exclusive ones, granted in turn. */
export class Locks {
  #queues = new Map();

  request(name, options, work) {
    const turn = (this.#queues.get(name) ?? Promise.resolve()).catch(() => {});
    const granted = (async () => {
      await Promise.race([turn, aborted(options.signal)]);
      if (options.signal?.aborted) throw new DOMException('The request was aborted.', 'AbortError');
      return work();
    })();
    this.#queues.set(name, Promise.allSettled([turn, granted]));
    return granted;
  }
}

function aborted(signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', resolve, { once: true });
  });
}

/** BroadcastChannel of one browser, told apart from that of other tests. */
export function channels() {
  const open = new Map();
  return class {
    onmessage = null;
    constructor(name) {
      this.name = name;
      if (!open.has(name)) open.set(name, new Set());
      open.get(name).add(this);
    }
    postMessage(message) {
      const data = structuredClone(message);
      for (const other of open.get(this.name))
        if (other !== this) queueMicrotask(() => other.onmessage?.({ data }));
    }
    close() {
      open.get(this.name).delete(this);
    }
  };
}

export class FakeStorage {
  #values = new Map();
  constructor(values = {}) {
    for (const [key, value] of Object.entries(values)) this.setItem(key, typeof value === 'string' ? value : JSON.stringify(value));
  }
  get length() {
    return this.#values.size;
  }
  key(at) {
    return [...this.#values.keys()][at] ?? null;
  }
  getItem(key) {
    return this.#values.get(key) ?? null;
  }
  setItem(key, value) {
    this.#values.set(key, String(value));
  }
  removeItem(key) {
    this.#values.delete(key);
  }
}

export function tokenOf(subject, claims = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: subject, ...claims })}.`;
}

/** A moment of the event loop, and of the database's. */
export const tick = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition, what = 'it', ms = 5000) {
  for (let waited = 0; waited < ms; waited += 5) {
    if (await condition()) return;
    await tick(5);
  }
  throw new Error(`${what} did not come about`);
}
