// Hooks for React: thin adapters, for all that matters is in sync.js and offline.js.

import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';

const SETTLED_MS = 2000; // as long as a save waits for the server's word; then it says that it will be sent later

const LockstepContext = createContext(null);

/** Makes what createLockstep returned known to the hooks below. */
export function LockstepProvider({ lockstep, children }) {
  return createElement(LockstepContext.Provider, { value: lockstep }, children);
}

export function useLockstep() {
  const lockstep = useContext(LockstepContext);
  if (lockstep === null) throw new Error('There is no <LockstepProvider> around this.');
  return lockstep;
}

/** Subscribes while mounted; returns the state of the connection. `listener` may be another one each time. */
export function useSync(listener) {
  const { sync } = useLockstep();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => sync.subscribe((message) => latest.current?.(message)), [sync]);
  return useSyncExternalStore(
    useCallback((changed) => sync.onState(changed), [sync]),
    () => sync.state,
    () => sync.state,
  );
}

/** What an endpoint says, kept fresh: {data, error, loading, reload}. null as the path reads nothing. */
export function useFresh(path, options) {
  const { client } = useLockstep();
  const [state, setState] = useState({ data: undefined, error: null, loading: path !== null });
  const wanted = JSON.stringify([path, options?.path, options?.query]);
  const given = useRef(options);
  given.current = options;
  const running = useRef(null);
  const reload = useCallback(async () => {
    running.current?.abort();
    if (path === null) return;
    const controller = (running.current = new AbortController());
    setState((state) => ({ ...state, loading: true }));
    try {
      const data = await client.get(path, { ...given.current, signal: controller.signal });
      if (!controller.signal.aborted) setState({ data, error: null, loading: false });
    } catch (error) {
      if (!controller.signal.aborted) setState((state) => ({ ...state, error, loading: false }));
    }
  }, [client, wanted]);
  useEffect(() => {
    setState({ data: undefined, error: null, loading: path !== null });
    reload();
    return () => running.current?.abort();
  }, [reload]);
  useSync(reload);
  return { ...state, reload };
}

/** Document 004's hook, by its names. */
export function useOfflineSync() {
  const { offline } = useLockstep();
  const state = useSyncExternalStore(
    useCallback((changed) => offline.on('change', changed), [offline]),
    () => offline.state,
    () => offline.state,
  );
  const actions = useMemo(
    () => ({
      saveSessionData: (sessionData) => save(() => offline.sessionEnded(sessionData)),
      saveProgressData: (progressData) => save(() => offline.progress(progressData)),
      syncPendingItems: async () => {
        const { settled, pending, blocked } = await offline.flush('manual');
        if (settled === 0 && pending === 0) return { success: true, message: 'No pending items' };
        return { success: blocked === null, syncedItems: settled, pending };
      },
    }),
    [offline],
  );
  return { isSyncing: state.syncing, lastSyncTime: state.lastSyncTime, pendingItems: state.pending, ...actions };
}

// The server's reply where it comes soon; what is noted safely and will be sent is a success as well.
async function save(put) {
  let handle;
  try {
    handle = await put();
  } catch (error) {
    return { success: false, error: error.message };
  }
  let timer;
  const later = new Promise((resolve) => {
    timer = setTimeout(() => resolve(null), SETTLED_MS);
  });
  const result = await Promise.race([handle.settled, later]);
  clearTimeout(timer);
  if (result === null) return { success: true, offline: true, id: handle.id };
  if (result.status === 'rejected') return { success: false, error: result.problem?.detail ?? result.reply?.reason, id: handle.id };
  return { success: true, id: handle.id, ...result.reply };
}
