// Waiting, and how long.

/** Resolves after `ms`, or at once when `signal` is aborted; the caller looks at the signal. */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Full jitter: anything up to the doubled base, so that clients which failed together come back apart. */
export function backoff(failures, baseMs, capMs, random = Math.random) {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(failures, 20));
  return Math.round(ceiling / 4 + (random() * ceiling * 3) / 4);
}

/** Retry-After, in seconds or as a date; null where there is none that makes sense. */
export function retryAfterMs(text, nowMs) {
  if (text === null || text === undefined || text === '') return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? null : Math.max(0, moment - nowMs);
}
