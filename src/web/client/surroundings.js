// What the queue takes of the browser, where the application gives nothing else.

const RETRY_BASE_MS = 1000;
const RETRY_CAP_MS = 300000;

export function surroundings(scope) {
  return {
    databaseName: 'lockstep',
    indexedDB: scope.indexedDB,
    localStorage: safely(() => scope.localStorage),
    locks: scope.navigator?.locks,
    BroadcastChannel: scope.BroadcastChannel,
    events: typeof scope.addEventListener === 'function' ? scope : null,
    isOnline: () => scope.navigator?.onLine !== false,
    anonymous: true,
    retryBaseMs: RETRY_BASE_MS,
    retryCapMs: RETRY_CAP_MS,
    random: Math.random,
    preload: null,
  };
}

function safely(read) {
  try {
    return read();
  } catch {
    return undefined; // a page may not be allowed to ask
  }
}
