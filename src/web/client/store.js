// The queue on disk: IndexedDB, used by all tabs at once. Whatever belongs together is one transaction.
//
//   queue    {seq, key, owner, kind, id, body, stamp, base, sealed, inherited}: what waits to be sent, in order
//   settled  {seq, owner, kind, id, body, status, reply, problem, at}: conflicts and rejects, for the application
//   done     {seq, key, owner, kind, id, body, result}: the latest that have left the queue, each with its result
//   meta     {key, value}
//   content  {key, value, at}: what was loaded in advance

import { ask, Database } from './database.js';

const VERSION = 2;
export const DONE_MOST = 500;

export const isFull = (error) => error?.name === 'QuotaExceededError' || error?.inner?.name === 'QuotaExceededError';

export const keyOf = (owner, kind, id) => `${owner}\n${kind}\n${id}`;

function upgrade(database, oldVersion) {
  if (oldVersion < 1) {
    const queue = database.createObjectStore('queue', { keyPath: 'seq', autoIncrement: true });
    queue.createIndex('key', 'key', { unique: true });
    queue.createIndex('owner', 'owner');
    database.createObjectStore('settled', { keyPath: 'seq', autoIncrement: true });
    database.createObjectStore('meta', { keyPath: 'key' });
    database.createObjectStore('content', { keyPath: 'key' });
  }
  const done = database.createObjectStore('done', { keyPath: 'seq', autoIncrement: true });
  done.createIndex('key', 'key');
  done.createIndex('owner', 'owner');
}

export class DiskStore extends Database {
  durable = true;

  constructor(name, indexedDB) {
    super({ name, version: VERSION, upgrade, indexedDB });
  }

  /** Puts items behind the others. One whose key is there already is left out: the one that is there counts; or what
   * was done, with its `result`. */
  add(items) {
    return this.transaction(['queue', 'done'], 'readwrite', async ({ queue, done }) => {
      const added = [];
      for (const item of items) {
        const waits = await ask(queue.index('key').get(item.key));
        const left = waits ? undefined : await ask(done.index('key').get(item.key));
        if (waits) added.push(waits);
        else if (left) added.push({ ...item, body: left.body, result: left.result });
        else added.push({ ...item, seq: await ask(queue.add(item)) });
      }
      return added;
    });
  }

  /** The first `most` items of an owner, in order, that `wanted` wants. */
  head(owner, most, wanted = () => true) {
    return this.transaction(['queue'], 'readonly', ({ queue }) => {
      const items = [];
      // Within one owner the index is in the order of the primary key.
      return walk(queue.index('owner'), owner, (cursor) => {
        if (wanted(cursor.value)) items.push(cursor.value);
        return items.length < most;
      }).then(() => items);
    });
  }

  /** Replaces items that are not sealed yet by what `seal` makes of them, once for all tabs; returns how they
   * stand now, without those that have gone. */
  seal(seqs, owner, seal) {
    return this.transaction(['queue', 'meta'], 'readwrite', async ({ queue, meta }) => {
      const items = [];
      const lastKey = `last-moment ${owner}`;
      let last = (await ask(meta.get(lastKey)))?.value ?? 0;
      for (const seq of seqs) {
        let item = await ask(queue.get(seq));
        if (item?.owner !== owner) continue; // gone, or somebody else's since the guest signed in
        if (!item.sealed) {
          const sealed = seal(item, last);
          item = sealed.item;
          last = sealed.last;
          await ask(queue.put(item));
        }
        items.push(item);
      }
      await ask(meta.put({ key: lastKey, value: last }));
      return items;
    });
  }

  /** Takes an item out. `result`, if any, is remembered with it, and `kept`, if any, put among the settled. False: it
   * was gone already. */
  settle(seq, result, kept) {
    return this.transaction(['queue', 'settled', 'done'], 'readwrite', async ({ queue, settled, done }) => {
      const item = await ask(queue.get(seq));
      if (item === undefined) return false;
      await ask(queue.delete(seq));
      if (kept !== null) await ask(settled.add({ ...kept, owner: item.owner }));
      if (result === null) return true;
      const { key, owner, kind, id, body } = item;
      await ask(done.add({ key, owner, kind, id, body, result }));
      let surplus = (await ask(done.count())) - DONE_MOST;
      if (surplus <= 0) return true;
      await walk(done, null, (cursor) => {
        cursor.delete();
        return --surplus > 0;
      });
      return true;
    });
  }

  count(owner) {
    return this.transaction(['queue'], 'readonly', ({ queue }) => ask(queue.index('owner').count(owner)));
  }

  /** All that waits for `from`, or did, waits for `to`, in its place; and `change`, given the meta store's values of
   * `keys`, says what to put there: null deletes. */
  reown(from, to, keys, change) {
    return this.transaction(['queue', 'settled', 'done', 'meta'], 'readwrite', async ({ queue, settled, done, meta }) => {
      const values = [];
      for (const key of keys) values.push((await ask(meta.get(key)))?.value ?? null);
      const next = change(...values);
      for (const [at, key] of keys.entries())
        await ask(next[at] === null ? meta.delete(key) : meta.put({ key, value: next[at] }));
      const items = await ask(queue.index('owner').getAll(from));
      for (const item of items) {
        const key = keyOf(to, item.kind, item.id);
        if ((await ask(queue.index('key').getKey(key))) === undefined) await ask(queue.put({ ...item, owner: to, key }));
        else await ask(queue.delete(item.seq)); // one fact, noted twice
      }
      for (const entry of await ask(settled.getAll()))
        if (entry.owner === from) await ask(settled.put({ ...entry, owner: to }));
      for (const entry of await ask(done.index('owner').getAll(from)))
        await ask(done.put({ ...entry, owner: to, key: keyOf(to, entry.kind, entry.id) }));
      return items.length;
    });
  }

  get(key) {
    return this.transaction(['meta'], 'readonly', async ({ meta }) => (await ask(meta.get(key)))?.value ?? null);
  }

  /** Sets a value to what `change` makes of it; returns that. */
  update(key, change) {
    return this.transaction(['meta'], 'readwrite', async ({ meta }) => {
      const next = change((await ask(meta.get(key)))?.value ?? null);
      await ask(next === null ? meta.delete(key) : meta.put({ key, value: next }));
      return next;
    });
  }

  settled(owner) {
    return this.transaction(['settled'], 'readonly', async ({ settled }) =>
      (await ask(settled.getAll())).filter((entry) => entry.owner === owner),
    );
  }

  dismiss(seq) {
    return this.transaction(['settled'], 'readwrite', ({ settled }) => ask(settled.delete(seq)));
  }

  readContent(key) {
    return this.transaction(['content'], 'readonly', async ({ content }) => (await ask(content.get(key))) ?? null);
  }

  /** Keeps a value, and of all that was kept only the latest `most`. */
  writeContent(key, value, at, most) {
    return this.transaction(['content'], 'readwrite', async ({ content }) => {
      await ask(content.put({ key, value, at }));
      const entries = (await ask(content.getAll())).sort((left, right) => right.at - left.at);
      for (const entry of entries.slice(most)) await ask(content.delete(entry.key));
    });
  }

  clearContent() {
    return this.transaction(['content'], 'readwrite', ({ content }) => ask(content.clear()));
  }
}

// `visit` returns whether to go on.
function walk(source, range, visit) {
  return new Promise((resolve, reject) => {
    const request = source.openCursor(range);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null || !visit(cursor)) resolve();
      else cursor.continue();
    };
  });
}
