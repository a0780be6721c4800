// Whose token the pages send. The platform that learners sign in to hands it over in the address, as
// `#token=…`, which leaves the address at once and reaches no server; or it names, in
// <meta name="lockstep-token-url">, where a new one may be had with the platform's own cookie: {"token": "…"}.

const KEY = 'lockstep.token';

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';

/** Takes over what the address carries. */
export function receiveToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  keepToken(given);
}

export function keepToken(token) {
  if (token) localStorage.setItem(KEY, token);
  else localStorage.removeItem(KEY);
}

export const heldToken = () => localStorage.getItem(KEY);
export const signInUrl = () => meta('lockstep-sign-in-url');

/** A token provider of the client's. */
export async function tokenProvider({ refresh }) {
  const url = meta('lockstep-token-url');
  if (!refresh || url === '') return refresh ? null : heldToken();
  const reply = await fetch(url, { credentials: 'same-origin', headers: { Accept: 'application/json' } });
  if (reply.status === 401 || reply.status === 403) return null;
  if (!reply.ok) throw new Error(`No token from ${url}: ${reply.status}`);
  const { token } = await reply.json();
  keepToken(token);
  return token;
}

/** Another tab signed in or out. */
export function onSessionChange(listener) {
  const heard = (event) => event.key === KEY && listener();
  addEventListener('storage', heard);
  return () => removeEventListener('storage', heard);
}
