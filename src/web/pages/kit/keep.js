// The pages open while the network is away: a service worker keeps their files (../worker.js).

const WORKER = '/lockstep/pages/worker.js';
const SCOPE = '/lockstep/';
const CHARTS = '/lockstep/libraries/uplot.js'; // loaded when there is something to draw

/** What this page is made of. */
function filesOfPage() {
  const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
  const linked = [...document.querySelectorAll('link[href]')].map((link) => link.href);
  const own = [...loaded, ...linked].map((address) => new URL(address)).filter((address) => address.origin === location.origin);
  return [...own.map((address) => address.pathname), CHARTS];
}

async function keep() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // not a secure context
  await serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: 'none' });
  const { active } = await serviceWorker.ready;
  active.postMessage({ keep: filesOfPage() });
}

let kept = null;

/** To be called when all views have been loaded; does it once. A browser that keeps nothing shows the pages all the same. */
export function keepPages() {
  kept ??= keep().catch((error) => console.warn('The pages will not open offline:', error));
  return kept;
}
