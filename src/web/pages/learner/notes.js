// Sessions of practice as they are noted on the device, so that a reload or a crash loses nothing of them. They stand in
// IndexedDB: what is put into localStorage is on disk only seconds later, and a browser that is killed forgets it.

const NAME = 'lockstep practice';
const VERSION = 1;
const RUNS = 'runs';
export const GUEST = 'guest';

let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore(RUNS, { keyPath: 'id' });
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const forget = () => {
        opening = null;
      };
      request.result.onversionchange = () => {
        request.result.close();
        forget();
      };
      request.result.onclose = forget; // the browser may close it at any time
      resolve(request.result);
    };
  }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

/** What one request of `ask(store)` resulted in, once it is on disk. */
async function transact(mode, ask) {
  const transaction = (await open()).transaction(RUNS, mode, { durability: 'strict' });
  const request = ask(transaction.objectStore(RUNS));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Resolves when it is kept, or cannot be: without room for it a session goes on as long as the page is open. */
export const note = (run) => transact('readwrite', (store) => store.put(run)).catch(() => {});
export const forget = (run) => transact('readwrite', (store) => store.delete(run.id)).catch(() => {});

/** What was not brought to its end, of this learner or of the guest who became them, newest first. */
export async function unfinished(owner) {
  const runs = await transact('readonly', (store) => store.getAll()).catch(() => []);
  return runs.filter((run) => run.owner === owner || run.owner === GUEST).sort((left, right) => right.startedAt - left.startedAt);
}

/** Answers what lets go of the session, or null where another tab plays it. */
export function hold(id) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    navigator.locks.request(`${NAME} ${id}`, { ifAvailable: true }, (lock) =>
      lock === null ? resolve(null) : new Promise((letGo) => resolve(letGo)));
  });
}
