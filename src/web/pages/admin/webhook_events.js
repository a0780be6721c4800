// What the payment provider told, what became of it, and trying it again.

import { html, useState } from '../kit/html.js';
import { useAction, useList, useLockstep, useRead } from '../kit/data.js';
import { Badge, Button, Card, Dialog, Failure, Field, Loaded, Table, useToast, When } from '../kit/ui.js';
import { Facts, words } from '../kit/facts.js';

const REFRESH_MS = 5000;

const TONE = { applied: 'good', unchanged: 'good', ignored: '' };
const OUTCOMES = ['applied', 'unchanged', 'ignored', 'mismatch', 'unassigned', 'unknown_learner', 'unknown_course', 'unreadable'];
const SHOWN = [
  { value: '', label: 'All' },
  { value: 'waiting', label: 'Waiting for somebody' },
  ...OUTCOMES.map((value) => ({ value, label: words(value) })),
];

const Outcome = ({ row }) => html`<${Badge} tone=${TONE[row.outcome] ?? 'bad'}>${words(row.outcome).toLowerCase()}<//>`;

const readable = (payload) => {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
};

function Detail({ event, replayed }) {
  const { client } = useLockstep();
  const say = useToast();
  const read = useRead('/api/admin/webhook-events', { query: { eventId: event.eventId }, everyMs: REFRESH_MS });
  const action = useAction(async () => {
    const reply = await client.post('/api/admin/webhook-events/{id}/replay', undefined, { path: { id: event.id } });
    say(reply.message, reply.success ? 'good' : 'bad');
    read.reload();
    replayed();
  });
  return html`<${Loaded} read=${read} empty="It is kept no longer." isEmpty=${(data) => data.events.length === 0}>${({ events: [row] }) => html`
    <${Facts} rows=${[
      ['Outcome', html`<${Outcome} row=${row} />`],
      ['Because', row.error],
      ['Type', row.type],
      ['Tells of', row.subject && html`<span class="mono">${row.subject}</span>`],
      ['Learner', row.userId !== null && html`<a href="#/students/${row.userId}">${row.userId}</a>`],
      ['Came', html`<${When} at=${row.receivedAt} />`],
      ['Settled', row.processedAt ? html`<${When} at=${row.processedAt} />` : 'waits for somebody'],
      ['Replays', row.replays],
    ]} />
    <details class="payload"><summary>As it came</summary><pre class="raw" tabindex="0">${readable(row.payload ?? '')}</pre></details>
    <p class="quiet">Replay it when what was in its way is gone. What it has brought about once it does not bring about again.</p>
    <${Failure} error=${action.error} />
    <p class="actions"><${Button} tone="primary" action=${action} onClick=${action.run}>Replay<//></p>`}<//>`;
}

export function Events() {
  const [shown, setShown] = useState('');
  const [open, setOpen] = useState(null);
  const query = shown === 'waiting' ? { waiting: true } : { outcome: shown || undefined };
  const list = useList('/api/admin/webhook-events', (reply) => reply.events, { query, everyMs: REFRESH_MS });
  return html`<${Card} title="Events" aside=${html`<div class="filters"><${Field} label="Show" options=${SHOWN} value=${shown} onChange=${(event) => setShown(event.target.value)} /></div>`}>
    <${Loaded} read=${list} empty=${shown ? 'There are no such events.' : 'The provider has told of nothing yet.'}>${(rows) => html`<${Table} caption="Events, newest first" rows=${rows} keyOf=${(row) => row.id} onRow=${setOpen} columns=${[
      { label: 'Event', of: (row) => html`<span class="mono">${row.eventId}</span>` },
      { label: 'Type', of: (row) => row.type },
      { label: 'Outcome', of: (row) => html`<${Outcome} row=${row} />${row.processedAt === null && html` <span class="quiet">waits</span>`}` },
      { label: 'Learner', of: (row) => (row.userId === null ? '–' : html`<a href="#/students/${row.userId}">${row.userId}</a>`) },
      { label: 'Came', of: (row) => html`<${When} at=${row.receivedAt} />` },
      { label: 'Replays', numeric: true, of: (row) => row.replays },
    ]} />`}<//>
    <${Dialog} title=${open?.eventId ?? ''} open=${open !== null} close=${() => setOpen(null)}>
      ${open && html`<${Detail} event=${open} replayed=${list.reload} />`}
    <//>
  <//>`;
}
