// What happens to a learner while the page is open, said at once on whatever view; and how much waits to be read.

import { html, useEffect } from './html.js';
import { useLockstep, useRead, useSession } from './data.js';
import { useToast } from './ui.js';
import { number, plural } from './format.js';

/** A line for what a message of the live channel brings; what a `resync` leaves out waits among the notices. */
function linesOf(message) {
  return (message.changes ?? []).flatMap(({ type, data }) => {
    if (type === 'achievement_earned') return [[`★ Earned: ${data.title}.`, 'good']];
    if (type === 'conflict_detected') return [['Two systems disagree about what you did. See Conflicts.', 'warn']];
    return (data.changes ?? []).filter((one) => one.what === 'milestone').map((one) => [`⚑ Reached: ${one.because}.`, 'good']);
  });
}

function Unread() {
  const { sync } = useLockstep();
  const say = useToast();
  const { data } = useRead('/api/progress-sync/notifications', { query: { limit: 1 } });
  useEffect(() => sync.subscribe((message) => linesOf(message).forEach(([text, tone]) => say(text, tone))), [sync]);
  const unread = data?.unread ?? 0;
  return unread > 0 && html`<a class="unread" href="#/achievements" aria-label=${plural(unread, 'unread notice')}>★ ${number(unread)}</a>`;
}

/** For the frame: nothing for guests, of whom no notices are kept. */
export function News() {
  const { guest } = useSession();
  return guest ? null : html`<${Unread} />`;
}
