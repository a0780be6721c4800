// Whose token the pages send. The platform that learners sign in to hands it over in the address, as
// `#token=…`, which leaves the address at once and reaches no server; or it names, in
// <meta name="lockstep-token-url">, where a new one may be had with the platform's own cookie: {"token": "…"}.

import { GUEST } from '../../client/guest.js';
import { readToken } from '../../client/identity.js';
import { Disk } from './disk.js';

const NAME = 'lockstep session';
const ID = 'now';
const NOBODY = { id: ID, token: null, isGuest: false };

const disk = new Disk(NAME, 'entries');
const channel = globalThis.BroadcastChannel ? new BroadcastChannel(NAME) : null; // to the other tabs
let session = NOBODY;

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';

/** Resolves when it is on disk. Without one it lasts as long as the page. */
async function keep(change) {
  session = { ...NOBODY, ...change };
  await disk.put(session).catch((error) => console.warn('Who is signed in cannot be kept on this device:', error));
  channel?.postMessage(session);
}

export const keepToken = (token) => keep({ token: token || null });
export const keepGuest = () => keep({ isGuest: true });
export const keepNobody = () => keep({});

/** Takes over what the address carries; whether it carries something. */
export async function receiveToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return false;
  history.replaceState(null, '', location.pathname + location.search);
  await keepToken(given);
  return true;
}

/** Who is signed in on this device, or what the address says. To be awaited before anything else is asked. */
export async function recallSession() {
  if (await receiveToken()) return;
  const kept = await disk.get(ID).catch((error) => console.warn('Who is signed in cannot be looked up:', error));
  session = kept ?? session;
}

export const heldToken = () => session.token;
export const isGuest = () => session.isGuest;
/** Tells people apart, and stays the same when they get a new token; null: nobody. */
export const whose = () => (session.token ? readToken(session.token).owner : session.isGuest ? GUEST : null);
export const signInUrl = () => meta('lockstep-sign-in-url');

/** A token provider of the client's. */
export async function tokenProvider({ refresh }) {
  const url = meta('lockstep-token-url');
  if (!refresh || url === '') return refresh ? null : heldToken();
  const reply = await fetch(url, { credentials: 'same-origin', headers: { Accept: 'application/json' } });
  if (reply.status === 401 || reply.status === 403) return null;
  if (!reply.ok) throw new Error(`No token from ${url}: ${reply.status}`);
  const { token } = await reply.json();
  await keepToken(token);
  return token;
}

/** Another tab signed in or out, or got a new token. */
export function onSessionChange(listener) {
  channel?.addEventListener('message', ({ data }) => {
    session = data;
    listener();
  });
}
