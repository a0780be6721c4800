// The queue where there is no disk, or none left: the same as store.js, until the page is closed.

import { DONE_MOST, keyOf } from './store.js';

export class MemoryStore {
  durable = false;
  #queue = new Map();
  #settled = new Map();
  #done = new Map();
  #meta = new Map();
  #content = new Map();
  #next = 1;

  async open() {}
  async close() {}

  async add(items) {
    return items.map((item) => {
      for (const known of this.#queue.values()) if (known.key === item.key) return known;
      const left = this.#done.get(item.key);
      if (left) return { ...item, body: left.body, result: left.result };
      const added = { ...item, seq: this.#next++ };
      this.#queue.set(added.seq, added);
      return added;
    });
  }

  async head(owner, most, wanted = () => true) {
    const items = [];
    for (const item of this.#queue.values())
      if (item.owner === owner && items.length < most && wanted(item)) items.push(item);
    return items;
  }

  async seal(seqs, owner, seal) {
    const lastKey = `last-moment ${owner}`;
    let last = this.#meta.get(lastKey) ?? 0;
    const items = [];
    for (const seq of seqs) {
      let item = this.#queue.get(seq);
      if (item?.owner !== owner) continue;
      if (!item.sealed) {
        ({ item, last } = seal(item, last));
        this.#queue.set(seq, item);
      }
      items.push(item);
    }
    this.#meta.set(lastKey, last);
    return items;
  }

  async settle(seq, result, kept) {
    const item = this.#queue.get(seq);
    if (!this.#queue.delete(seq)) return false;
    if (kept !== null) this.keep({ ...kept, owner: item.owner });
    if (result !== null) this.#done.set(item.key, { ...item, result });
    if (this.#done.size > DONE_MOST) this.#done.delete(this.#done.keys().next().value);
    return true;
  }

  /** For what the disk has no room for. */
  keep(entry) {
    const seq = this.#next++;
    this.#settled.set(seq, { ...entry, seq });
  }

  async count(owner) {
    return (await this.head(owner, Infinity)).length;
  }

  async reown(from, to, keys, change) {
    const next = change(...keys.map((key) => this.#meta.get(key) ?? null));
    for (const [at, key] of keys.entries()) {
      if (next[at] === null) this.#meta.delete(key);
      else this.#meta.set(key, next[at]);
    }
    const keysThere = new Set([...this.#queue.values()].map((item) => item.key));
    let count = 0;
    for (const item of [...this.#queue.values()]) {
      if (item.owner !== from) continue;
      const key = keyOf(to, item.kind, item.id);
      if (keysThere.has(key)) this.#queue.delete(item.seq);
      else this.#queue.set(item.seq, { ...item, owner: to, key });
      count++;
    }
    for (const entry of this.#settled.values()) if (entry.owner === from) entry.owner = to;
    for (const [key, entry] of [...this.#done]) {
      if (entry.owner !== from) continue;
      this.#done.delete(key);
      this.#done.set(keyOf(to, entry.kind, entry.id), { ...entry, owner: to });
    }
    return count;
  }

  async get(key) {
    return this.#meta.get(key) ?? null;
  }

  async update(key, change) {
    const next = change(this.#meta.get(key) ?? null);
    if (next === null) this.#meta.delete(key);
    else this.#meta.set(key, next);
    return next;
  }

  async settled(owner) {
    return [...this.#settled.values()].filter((entry) => entry.owner === owner);
  }

  async dismiss(seq) {
    this.#settled.delete(seq);
  }

  async readContent(key) {
    return this.#content.get(key) ?? null;
  }

  async writeContent(key, value, at, most) {
    this.#content.delete(key);
    this.#content.set(key, { key, value, at });
    while (this.#content.size > most) this.#content.delete(this.#content.keys().next().value);
  }

  async clearContent() {
    this.#content.clear();
  }
}
