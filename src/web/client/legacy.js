// What the client of before kept in localStorage: failedSyncs (what could not be sent), sessionData (every
// session, sent or not), progress_<thread>_<stitch> (the last word on each stitch). It is taken into the queue
// under ids that are made of its content: taken over twice, in two tabs or after a crash, it still counts once.

import { KINDS } from './kinds.js';
import { keyOf } from './store.js';

/** Takes it over into the queue of `owner()`, by `put(items)`; `onUnknown(entry)` gets what nobody can say of whether
 * it was recorded. {lastSyncTime}: when that client last sent anything, or null. */
export async function takeLegacy(storage, { owner, put, onUnknown }) {
  const found = readLegacy(storage);
  if (found.keys.length === 0) return found;
  const whose = await owner();
  const items = found.items.map((entry) => legacyItem(entry, whose));
  if (items.length > 0 && !(await put(items)).durable) return found; // where they are they are safer
  removeLegacy(storage, found);
  for (const entry of found.unknown) onUnknown(entry);
  return found;
}

/** {items: [{kind, id, body, at}], unknown: [what cannot be told whether it was recorded], keys: [to remove],
 * lastSyncTime}. Changes nothing. */
function readLegacy(storage) {
  const found = { items: [], unknown: [], keys: [], lastSyncTime: null };
  const failed = readList(storage, 'failedSyncs', found);
  const sessions = readList(storage, 'sessionData', found);
  const noted = new Set();
  for (const { type, data, timestamp } of failed) {
    if (type === 'session') {
      noted.add(fingerprint(data));
      found.items.push(sessionItem(data, timestamp));
    } else if (type === 'progress') found.items.push(progressItem(data, timestamp));
    else found.unknown.push({ type, data, timestamp });
  }
  for (const { timestamp, ...data } of sessions) {
    if (noted.has(fingerprint(data))) continue;
    // Sent or not, its id makes it count once. Without one it may have been counted already: not again.
    if (typeof data.sessionId === 'string') found.items.push(sessionItem(data, timestamp));
    else found.unknown.push({ type: 'session', data, timestamp });
  }
  for (const key of keysOf(storage)) {
    if (!key.startsWith('progress_')) continue;
    const value = readJson(storage, key);
    if (typeof value?.threadId !== 'string' || typeof value.stitchId !== 'string') continue; // not of that client
    const { timestamp, ...data } = value;
    found.items.push(progressItem(data, timestamp));
    found.keys.push(key);
  }
  found.items.sort((left, right) => left.at - right.at);
  const last = Date.parse(storage.getItem('lastSyncTime') ?? '');
  if (!Number.isNaN(last)) found.lastSyncTime = last;
  return found;
}

/** Once it is safe in the queue. A tab that still runs the old client may have written meanwhile: what is not
 * what was read stays for the next time. */
function removeLegacy(storage, found) {
  for (const { key, text } of found.keys.map((entry) => (typeof entry === 'string' ? { key: entry } : entry)))
    if (text === undefined || storage.getItem(key) === text) storage.removeItem(key);
}

/** What goes into the queue: sealed, for the content shall be the same whenever it is taken over again. */
function legacyItem({ kind, id, body, at }, owner) {
  const { id: name, time } = KINDS[kind];
  const content = { [time]: new Date(Math.min(at, Date.now())).toISOString(), ...body, [name]: id };
  if (at === 0 && body[time] === undefined) delete content[time];
  return { key: keyOf(owner, kind, id), owner, kind, id, body: content, stamp: null, base: null, sealed: true, inherited: true };
}

function readList(storage, key, found) {
  const text = storage.getItem(key);
  const value = readJson(storage, key);
  if (!Array.isArray(value)) return [];
  found.keys.push({ key, text });
  return value.filter((entry) => entry !== null && typeof entry === 'object');
}

function readJson(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null; // left where it is
  }
}

function keysOf(storage) {
  return Array.from({ length: storage.length }, (_, at) => storage.key(at));
}

function sessionItem(data, timestamp) {
  const { userId, ...body } = data ?? {};
  const id = typeof body.sessionId === 'string' ? body.sessionId : `was-${fingerprint([data, timestamp])}`;
  return { kind: 'session', id, body, at: momentOf(timestamp) };
}

function progressItem(data, timestamp) {
  const { userId, ...body } = data ?? {};
  return { kind: 'progress', id: `was-${fingerprint([data, timestamp])}`, body, at: momentOf(timestamp) };
}

function momentOf(timestamp) {
  return Number.isFinite(timestamp) ? timestamp : 0;
}

/** 128 bits of FNV-1a over the text, for ids: nobody attacks their own browser with collisions. */
export function fingerprint(value) {
  const bytes = new TextEncoder().encode(JSON.stringify(value) ?? 'null');
  const prime = (1n << 88n) + 0x13bn;
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const byte of bytes) hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * prime);
  return hash.toString(16).padStart(32, '0');
}
