// One connection of the live channel, from its ticket to its end. See docs/live.md.

const TICKET = '/api/progress-sync/live-ticket';
const PATH = '/api/progress-sync/live';
const OPEN_MS = 15000;
const SILENCE_MS = 40000; // until the rhythm of the heartbeats is known
const SILENT_BEATS = 2.5;

/** Resolves when the connection has ended: {opened, code}; `opened` when a frame came. A ticket that cannot be
 * had is thrown. `cursor()` says where to resume: {revision, epoch}. */
export async function runLive({ client, WebSocket, cursor, onFrame, signal }) {
  const { data } = await client.send('POST', TICKET, { signal, attempts: 1 });
  if (signal.aborted) return { opened: false, code: 0 };
  const socket = new WebSocket(addressOf(client.baseUrl, data.ticket, cursor()));
  return new Promise((resolve) => {
    let opened = false;
    let lastBeat = 0;
    let silence = SILENCE_MS;
    let timer = null;
    const end = (code) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.onmessage = socket.onclose = null;
      socket.onerror = () => {}; // closing one that is not open yet is an error to some
      socket.close();
      resolve({ opened, code });
    };
    const stop = () => end(0);
    const watch = (ms) => {
      clearTimeout(timer);
      timer = setTimeout(() => end(1006), ms);
    };
    signal.addEventListener('abort', stop, { once: true });
    watch(OPEN_MS);
    socket.onerror = () => {}; // tells nothing that onclose would not
    socket.onclose = ({ code }) => end(code);
    socket.onmessage = ({ data: text }) => {
      const frame = JSON.parse(text);
      if (frame.type === 'heartbeat') {
        const now = client.clock.steady();
        if (lastBeat > 0) silence = Math.max(2000, (now - lastBeat) * SILENT_BEATS);
        lastBeat = now;
      }
      if (frame.serverTime) client.clock.observe(Date.parse(frame.serverTime), client.clock.steady(), 1000);
      opened = true;
      watch(silence);
      onFrame(frame, silence);
    };
  });
}

function addressOf(baseUrl, ticket, { revision, epoch }) {
  const base = new URL(baseUrl === '' ? '/' : baseUrl, globalThis.location?.href);
  base.protocol = base.protocol.replace('http', 'ws');
  base.pathname = base.pathname.replace(/\/$/, '') + PATH;
  base.searchParams.set('ticket', ticket);
  if (revision !== null) base.searchParams.set('since', revision);
  if (revision !== null && epoch !== null) base.searchParams.set('epoch', epoch);
  return base.href;
}

/**
 * After which pause to come again, by how a connection ended. A server that restarts ends everybody's at once, and so does
 * one that dies, which looks like 1006: all that come again ask for a ticket, beside those who work.
 */
export function pauseAfter({ opened, code }, failures, random = Math.random) {
  if (code === 1012 || (opened && code === 1006)) return 200 + random() * 4000;
  if (opened && code !== 1013) return 100 + random() * 900;
  return Math.min(30000, 500 * 2 ** failures) * (0.5 + random() / 2);
}

