// Payments, and what the provider told of them.

import { html, useState } from '../kit/html.js';
import { useList } from '../kit/data.js';
import { Badge, Card, Field, Loaded, Table, When } from '../kit/ui.js';
import { Tabs } from '../kit/tabs.js';
import { money } from '../kit/format.js';
import { Events } from './webhook_events.js';

const REFRESH_MS = 5000;

const STATUS = { pending: ['warn', 'pending'], paid: ['good', 'paid'], failed: ['bad', 'failed'], refunded: ['', 'refunded'] };
const SHOWN = [
  { value: '', label: 'All' },
  { value: 'mismatch', label: 'Not the price' },
  ...Object.keys(STATUS),
];

function Amount({ row }) {
  if (row.amountCents === null) return html`<span class="quiet">not known yet</span>`;
  return html`${money(row.amountCents, row.currency)}
    ${row.mismatch && html`<br /><${Badge} tone="bad">not the price${row.priceCents !== null ? `: ${money(row.priceCents, row.priceCurrency)}` : ''}<//>`}
    ${row.refundedCents > 0 && html`<br /><span class="quiet">${money(row.refundedCents, row.currency)} paid back</span>`}`;
}

function Learner({ row }) {
  if (row.userId !== null) return html`<a href="#/students/${row.userId}">${row.userId}</a>`;
  return html`<span class="quiet">${row.erasedAt ? 'deleted' : 'not known'}</span>`;
}

/** What the payment brought about, as far as it did. */
function Effect({ row }) {
  if (row.revokedAt) return html`<span class="quiet">taken back <${When} at=${row.revokedAt} /></span>`;
  if (row.grantedAt) return html`enrolled <${When} at=${row.grantedAt} />`;
  return html`<span class="quiet">nothing yet</span>`;
}

const COLUMNS = [
  { label: 'Payment', of: (row) => html`<span class="mono">${row.providerRef}</span>` },
  { label: 'Status', of: (row) => html`<${Badge} tone=${STATUS[row.status]?.[0] ?? ''}>${STATUS[row.status]?.[1] ?? row.status}<//>` },
  { label: 'Amount', numeric: true, of: (row) => html`<${Amount} row=${row} />` },
  { label: 'Learner', of: (row) => html`<${Learner} row=${row} />` },
  { label: 'Course', of: (row) => row.courseTitle ?? (row.courseId === null ? html`<span class="quiet">not known</span>` : row.courseId) },
  { label: 'Brought about', of: (row) => html`<${Effect} row=${row} />` },
  { label: 'Changed', of: (row) => html`<${When} at=${row.updatedAt} />` },
];

function Payments() {
  const [shown, setShown] = useState('');
  const query = shown === 'mismatch' ? { mismatch: true } : { status: shown || undefined };
  const list = useList('/api/admin/payments', (reply) => reply.payments, { query, everyMs: REFRESH_MS });
  return html`<${Card} title="Payments" aside=${html`<div class="filters"><${Field} label="Show" options=${SHOWN} value=${shown} onChange=${(event) => setShown(event.target.value)} /></div>`}>
    <${Loaded} read=${list} empty=${shown ? 'There are no such payments.' : 'Nobody has paid for anything yet.'}>${(rows) => html`
      <${Table} caption="Payments, newest first" rows=${rows} keyOf=${(row) => row.id} columns=${COLUMNS} />`}<//>
  <//>`;
}

export function View({ rest: [part = ''] }) {
  return html`<div class="stack">
    <${Tabs} label="Payments" of="payments" at=${part} tabs=${[{ path: '', label: 'Payments' }, { path: 'events', label: 'Events of the provider' }]} />
    ${part === 'events' ? html`<${Events} />` : html`<${Payments} />`}
  </div>`;
}
