// The service worker of the learner's pages: with it they open while the network is away. It keeps the files of the pages,
// the client and the libraries, which are the same for everybody; what the interface answers passes it by.
//
// What is kept is one whole set, as a page loaded it. Another takes its place at once, and only when all of it is there,
// so that files of two releases are not mixed. While there is a network, everything comes from the network.

const KEPT = 'lockstep-pages-';
const FORM = `${KEPT}1-`; // another number, and what an earlier worker has kept is thrown away
const PAGE = '/lockstep/learner';
const PAGES = new Set([PAGE, '/lockstep/pages/learner.html']);
const FILES = /^\/lockstep\/(pages|client|libraries)\/./;
const WHOLE = '/lockstep/whole'; // stands in a set that is complete
const FILES_MAX = 300;
const PATIENCE_MS = 4000; // a network that needs longer for a page is none

const opened = new Set(); // clients whose page came out of the set: all of it does
let keeping = Promise.resolve();

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms, null));
const numberOf = (name) => Number(name.slice(FORM.length));
const tagsOf = (replies) => replies.map((reply) => reply.headers.get('ETag') ?? Math.random()).join();

/** Names of sets, the newest first. */
async function setNames() {
  const names = (await caches.keys()).filter((name) => name.startsWith(FORM));
  return names.sort((left, right) => numberOf(right) - numberOf(left));
}

async function wholeSet() {
  for (const name of await setNames()) {
    const set = await caches.open(name);
    if (await set.match(WHOLE)) return set;
  }
  return null;
}

const keptFile = async (path) => (await wholeSet())?.match(path);

async function openPage(event) {
  const asked = fetch(event.request);
  const reply = await Promise.race([asked.catch(() => null), pause(PATIENCE_MS)]);
  if (reply !== null && reply.status < 500) return reply;
  const found = await keptFile(PAGE);
  if (!found) return asked;
  opened.add(event.resultingClientId);
  return found;
}

async function giveFile(event, path) {
  const first = opened.has(event.clientId) ? await keptFile(path) : undefined;
  if (first) return first;
  const reply = await fetch(event.request).catch(() => Response.error());
  if (reply.type !== 'error' && reply.status < 500) return reply;
  return (await keptFile(path)) ?? reply;
}

/** What a hotel's network puts in the place of a file is none of ours. */
function isOurs(reply, path) {
  const kind = reply.headers.get('Content-Type') ?? '';
  return reply.ok && !reply.redirected && (!path.endsWith('.js') || kind.startsWith('text/javascript'));
}

async function isKept(paths, replies) {
  const set = await wholeSet();
  if (set === null || (await set.keys()).length !== paths.length + 1) return false;
  const before = await Promise.all(paths.map((path) => set.match(path)));
  return before.every((reply) => reply) && tagsOf(before) === tagsOf(replies);
}

async function keep(given) {
  const paths = [...new Set([...given.filter((path) => FILES.test(path)), PAGE])];
  if (paths.length > FILES_MAX) return;
  const ask = () => Promise.all(paths.map((path) => fetch(path, { cache: 'no-cache' })));
  const replies = await ask();
  if (!replies.every((reply, at) => isOurs(reply, paths[at])) || (await isKept(paths, replies))) return;
  if (tagsOf(await ask()) !== tagsOf(replies)) return; // a release is just being put there: the next page keeps it
  const before = await setNames();
  const name = FORM + (before.length === 0 ? 1 : numberOf(before[0]) + 1);
  const set = await caches.open(name);
  try {
    await Promise.all(paths.map((path, at) => set.put(path, replies[at])));
    await set.put(WHOLE, new Response(''));
  } catch {
    await caches.delete(name); // no room: what there was stays
    return;
  }
  await Promise.all(before.map((old) => caches.delete(old)));
}

async function begin() {
  const others = (await caches.keys()).filter((name) => name.startsWith(KEPT) && !name.startsWith(FORM));
  await Promise.all(others.map((name) => caches.delete(name)));
  await clients.claim();
}

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(begin()));
addEventListener('message', (event) => {
  if (!Array.isArray(event.data?.keep)) return;
  keeping = keeping.then(() => keep(event.data.keep)).catch(() => {}); // the network went: what there was stays
  event.waitUntil(keeping);
});
addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== location.origin) return;
  if (event.request.mode === 'navigate') {
    if (PAGES.has(pathname)) event.respondWith(openPage(event));
  } else if (FILES.test(pathname)) event.respondWith(giveFile(event, pathname));
});
