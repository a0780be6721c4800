// What can wait in the queue, and how each kind is sent. `list`: the interface takes many at once.

import { newId } from './identity.js';
import { keyOf } from './store.js';

export const KINDS = {
  answer: { path: '/api/answer', id: 'answerId', time: 'answeredAt', most: 1 },
  session: { path: '/api/sessions/record', id: 'sessionId', time: 'completedAt', most: 1 },
  progress: { path: '/api/progress/bulk-sync', id: 'mutationId', time: 'lastAttempted', list: 'progressItems', most: 500 },
  event: { path: '/api/progress-sync/events', id: 'id', time: 'timestamp', list: 'events', most: 200 },
};

export const BATCH_BYTES = 512 * 1024; // well below what the server takes, so that each result comes soon
const DONE = new Set(['applied', 'duplicate', 'conflict', 'rejected', 'pending']);
// What the server says of an id that came before with other content.
const REUSED = 'This id was already used';

/** What is put into the queue: with its id, and what tells later when it was. `base`: the revision that the
 * application knows. */
export function itemOf({ kind, body }, owner, stamp, base) {
  const name = KINDS[kind].id;
  const id = body[name] ?? newId();
  const { baseRevision = base, ...content } = { ...body, [name]: id };
  // A copy, and an error here rather than later where something in it is no JSON.
  const copy = JSON.parse(JSON.stringify(content));
  return { key: keyOf(owner, kind, id), owner, kind, id, body: copy, stamp, base: kind === 'progress' ? baseRevision : null, sealed: false };
}

// An item that waited already, and may have got its moment since, against one that was to be put in.
export function saysTheSame(stored, item) {
  const { time } = KINDS[item.kind];
  const expected = item.body[time] === undefined ? { ...stored.body, [time]: undefined } : stored.body;
  return canonical(expected) === canonical(item.body);
}

function canonical(value) {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}

/** As many of the items as go into one request: the first ones of one kind. */
export function takeRun(items, most) {
  const { kind } = items[0];
  const limit = Math.min(KINDS[kind].most, most);
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    if (item.kind !== kind || count === limit) break;
    bytes += JSON.stringify(item.body).length;
    if (count > 0 && bytes > BATCH_BYTES) break;
    count++;
  }
  return items.slice(0, count);
}

export function bodyOf(run) {
  const kind = KINDS[run[0].kind];
  if (kind.list === undefined) return run[0].body;
  const body = { [kind.list]: run.map((item) => item.body) };
  const bases = run.map((item) => item.base).filter((base) => base !== null);
  // The oldest: what changed after it may be unknown to one of them.
  if (run[0].kind === 'progress' && bases.length > 0) body.baseRevision = Math.min(...bases);
  return body;
}

/** The result of each item of a run out of the reply, in its order; null for one that it says nothing of. */
export function resultsOf(run, data) {
  const kind = KINDS[run[0].kind];
  // Not every 200 comes from Lockstep: some networks answer everything with a page of theirs.
  if (kind.list === undefined) return [data?.success === true ? { status: 'applied', reply: data } : null];
  const entries = Array.isArray(data?.results) ? data.results : Array.isArray(data) ? data : [data];
  const name = run[0].kind === 'event' ? 'eventId' : 'mutationId';
  const byId = new Map();
  for (const entry of entries) if (typeof entry?.[name] === 'string') byId.set(entry[name], entry);
  return run.map((item, at) => {
    // By id where it has one; else by its place, unless that is another's.
    const placed = entries.find((entry) => entry?.index === at && entry[name] === undefined);
    const entry = byId.get(item.id) ?? placed;
    return entry !== undefined && DONE.has(entry.status) ? { status: entry.status, reply: entry } : null;
  });
}

/** What a failure means for the run: 'away' and 'broken' (try again), 'signed-out', 'forbidden', 'refused' (it
 * is the content's own fault), 'aborted'. Only what Lockstep itself says of the content can settle an item:
 * a proxy's page must not. */
export function meaningOf(error) {
  if (error?.kind === 'aborted') return 'aborted';
  if (error?.kind !== 'problem') return 'away';
  if (error.status === 401) return 'signed-out';
  if (error.status === 403) return error.isOwn ? 'forbidden' : 'away';
  if (error.status === 413) return 'refused';
  if (error.isOwn && [400, 409, 410, 415, 422].includes(error.status)) return 'refused';
  return error.status === 500 ? 'broken' : 'away';
}

/** A lone item that was refused. One that a former client left behind had been recorded then, with a content
 * that nobody knows exactly any more: that is a repeat. */
export function refusalOf(item, error) {
  if (item.inherited && error.status === 422 && error.detail.startsWith(REUSED))
    return { status: 'duplicate', reply: null };
  return {
    status: 'rejected',
    reply: null,
    problem: { status: error.status, type: error.type, detail: error.detail, errors: error.errors, requestId: error.requestId },
  };
}
