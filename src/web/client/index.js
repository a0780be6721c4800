// Lockstep in the browser. See docs/frontend.md.

import { createClient } from './client.js';
import { createOffline } from './offline.js';
import { createSync } from './sync.js';

export { Client, createClient } from './client.js';
export { LockstepError, ProblemError } from './errors.js';
export { newId } from './identity.js';
export { Offline, createOffline } from './offline.js';
export { Sync, createSync } from './sync.js';

/** All three, made for each other: {client, sync, offline, start, signedIn, close}. */
export function createLockstep(options = {}) {
  const client = createClient(options);
  const sync = createSync({ ...options.sync, client });
  const offline = createOffline({ ...options.offline, client });
  sync.subscribeQuietly((message) => offline.knows(message.revision));
  return {
    client,
    sync,
    offline,
    start: () => offline.start(),
    /** After the token provider began to return another learner's token, or none. */
    async signedIn() {
      await offline.identified();
      await sync.restart();
      return offline.signedIn();
    },
    async close() {
      await sync.close();
      await offline.close();
    },
  };
}
