// Sessions of practice as they are noted on the device, so that a reload or a crash loses nothing of them; and which tab plays
// which of them.

import { GUEST } from '../../client/guest.js';
import { Disk } from '../kit/disk.js';

const NAME = 'lockstep practice';

const disk = new Disk(NAME, 'runs');

/** Resolves when it is kept, or cannot be: without room for it a session goes on as long as the page is open. */
export const note = (run) => disk.put(run).catch(() => {});
export const forget = (run) => disk.remove(run.id).catch(() => {});

/** What was not brought to its end, of this learner or of the guest who became them, newest first. */
async function unfinished(owner) {
  const runs = await disk.all();
  return runs.filter((run) => run.owner === owner || run.owner === GUEST).sort((left, right) => right.startedAt - left.startedAt);
}

/** Answers what lets go of the session, and resolves when that has happened; or null where another tab plays it. */
export function hold(id) {
  if (!navigator.locks) return Promise.resolve(async () => {});
  return new Promise((resolve) => {
    const over = navigator.locks.request(`${NAME} ${id}`, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(null);
      return new Promise((letGo) => {
        resolve(() => {
          letGo();
          return over;
        });
      });
    });
    over.catch(() => resolve(async () => {})); // a page that may use none
  });
}

/** The newest that nobody plays: {found, free}, held; or null. */
export async function takeUp(owner) {
  for (const { id } of await unfinished(owner)) {
    const free = await hold(id);
    if (free === null) continue;
    const found = await disk.get(id); // as it stands now: who let go of it may have brought it to its end
    if (found !== undefined) return { found, free };
    await free();
  }
  return null;
}

let turn = Promise.resolve();

/** Taking up and letting go, one after the other in this page: what is left is let go of when all of it is on disk, and the view
 *  that comes next may be there before. */
export function inTurn(task) {
  const done = turn.then(task);
  turn = done.catch(() => {});
  return done;
}
