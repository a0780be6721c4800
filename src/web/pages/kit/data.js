// What views read and do. Everything that is read refreshes itself: a learner's by what the live channel says, an
// administrator's by asking again, which costs a 304 while nothing has changed.

import { createContext, useCallback, useContext, useEffect, useRef, useState } from './html.js';

const SETTLE_MS = 60; // changes come in bursts
const LIST_ROWS = 50;

export const LockstepContext = createContext(null);
/** {client, sync, offline, …} of the client library. */
export const useLockstep = () => useContext(LockstepContext);

export const SessionContext = createContext({ guest: false, leave: () => {} });
/** {guest, leave}: whether nobody has signed in, and what ends the session or leads to the sign-in. */
export const useSession = () => useContext(SessionContext);

/** Runs while the page is seen; at once when it comes back into sight. */
export function useInterval(task, everyMs) {
  const latest = useRef(task);
  latest.current = task;
  useEffect(() => {
    if (!everyMs) return undefined;
    let timer = 0;
    const turn = () => {
      clearInterval(timer);
      if (document.hidden) return;
      timer = setInterval(() => latest.current(), everyMs);
    };
    const seen = () => {
      if (!document.hidden) latest.current();
      turn();
    };
    turn();
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [everyMs]);
}

/**
 * What an endpoint says: {data, error, loading, reload}. `path` null reads nothing. What is on show stays while it is
 * read anew, and when that fails.
 *   query, path   as the client takes them
 *   everyMs       ask again so often; without it, when the learner's revision moves
 *   tells         a status of failure with which the endpoint gives its reply all the same
 */
export function useRead(path, { query, path: parts, everyMs, tells } = {}) {
  const { client, sync } = useLockstep();
  const [state, setState] = useState({ data: undefined, error: null, loading: path !== null });
  const wish = JSON.stringify([path, parts, query]);
  const running = useRef(null);

  const reload = useCallback(async () => {
    running.current?.abort();
    if (path === null) return;
    const controller = (running.current = new AbortController());
    try {
      const data = await client.get(path, { path: parts, query, signal: controller.signal, attempts: tells && 1 }).catch((error) => {
        if (tells === undefined || error.status !== tells || error.isOwn || !error.body) throw error;
        return error.body;
      });
      if (!controller.signal.aborted) setState({ data, error: null, loading: false });
    } catch (error) {
      if (!controller.signal.aborted) setState((before) => ({ ...before, error, loading: false }));
    }
  }, [client, wish]);

  useEffect(() => {
    setState((before) => ({ data: before.wish === wish ? before.data : undefined, error: null, loading: path !== null, wish }));
    reload();
    return () => running.current?.abort();
  }, [reload]);

  useInterval(reload, everyMs);
  useEffect(() => {
    if (everyMs || path === null) return undefined;
    let timer = 0;
    const leave = sync.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(reload, SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [sync, reload, everyMs]);

  return { ...state, reload };
}

/**
 * An administrator's list in pages, by `limit` and `after`: {rows, error, loading, more, reload}. `more` is null at its
 * end, else it fetches the next page. What is on show is asked anew as a whole.
 */
export function useList(path, rowsOf, { query, everyMs } = {}) {
  const { client } = useLockstep();
  const [state, setState] = useState({ rows: undefined, error: null, loading: true, after: null });
  const wish = JSON.stringify([path, query]);
  const pages = useRef(1);
  const running = useRef(null);

  const read = useCallback(async () => {
    running.current?.abort();
    const controller = (running.current = new AbortController());
    const rows = [];
    let after;
    try {
      for (let page = 0; page < pages.current; page++) {
        const reply = await client.get(path, { query: { limit: LIST_ROWS, ...query, after }, signal: controller.signal });
        rows.push(...rowsOf(reply));
        after = reply.nextAfter;
        if (after === undefined || after === null) break;
      }
      if (!controller.signal.aborted) setState({ rows, error: null, loading: false, after: after ?? null });
    } catch (error) {
      if (!controller.signal.aborted) setState((before) => ({ ...before, error, loading: false }));
    }
  }, [client, wish]);

  useEffect(() => {
    pages.current = 1;
    setState({ rows: undefined, error: null, loading: true, after: null });
    read();
    return () => running.current?.abort();
  }, [read]);
  useInterval(read, everyMs);

  const more = useCallback(() => {
    pages.current++;
    return read();
  }, [read]);
  return { ...state, more: state.after === null ? null : more, reload: read };
}

/** Something that is done once at a time: {run, busy, error}. `run` answers what it returned, or undefined. */
export function useAction(task) {
  const [state, setState] = useState({ busy: false, error: null });
  const latest = useRef(task);
  latest.current = task;
  const run = useCallback(async (...given) => {
    setState({ busy: true, error: null });
    try {
      const result = await latest.current(...given);
      setState({ busy: false, error: null });
      return result;
    } catch (error) {
      setState({ busy: false, error });
      return undefined;
    }
  }, []);
  return { ...state, run };
}

/** The connection's state, and what waits offline. */
export function useConnection() {
  const { sync, offline } = useLockstep();
  const [state, setState] = useState({ sync: sync.state, offline: offline.state });
  useEffect(() => {
    const leave = sync.onState((now) => setState((before) => ({ ...before, sync: now })));
    const quit = offline.on('change', (now) => setState((before) => ({ ...before, offline: now })));
    setState({ sync: sync.state, offline: offline.state }); // as it became since this was drawn
    return () => {
      leave();
      quit();
    };
  }, [sync, offline]);
  return state;
}
