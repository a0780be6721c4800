// Where a total comes from: every entry of the history that moved it, the newest first, and what it came to.

import { html } from '../kit/html.js';
import { useRead } from '../kit/data.js';
import { Card, Choice, Loaded, When } from '../kit/ui.js';
import { Pager, usePages } from '../kit/pages.js';
import { number } from '../kit/format.js';

const ROWS = 25;
const TOTALS = { tokens: 'Tokens', questions: 'Questions', correct: 'Correct' };

const KINDS = {
  answer: 'Answered',
  session: 'Session',
  event: 'Progress from elsewhere',
  demo: 'Came with the demo',
  import: 'Taken over from before',
  claim: 'Brought along from practising as a guest',
  reset: 'Began anew',
  repair: 'Put right',
  rollback: 'A correction taken back',
};

/** Rows of a page with what the total was after each; `start` is what it was after the newest of them. */
function rowsOf(entries, total, start) {
  let after = start;
  return entries.map((entry) => {
    const changes = entry.changes.filter((one) => one.what === total);
    const by = changes.reduce((sum, one) => sum + one.by, 0);
    const row = { entry, changes, by, after };
    after -= by;
    return row;
  });
}

const signed = (value) => `${value < 0 ? '−' : '+'}${number(Math.abs(value))}`;

function Row({ row: { entry, changes, by, after } }) {
  const reasons = [...new Set(changes.map((one) => [one.key, one.because].filter(Boolean).join(': ')).filter(Boolean))];
  return html`<li class="row spread">
    <span>${KINDS[entry.kind] ?? entry.kind} <${When} at=${entry.at} />${reasons.map((text) => html`<br /><span class="quiet">${text}</span>`)}</span>
    <span class="moved"><b class=${by < 0 ? 'fell' : 'rose'}>${signed(by)}</b> <span class="quiet">then</span> ${number(after)}</span>
  </li>`;
}

function Sum({ total }) {
  const agrees = total.value === total.sum;
  return html`<p class="note ${agrees ? 'good' : 'warn'}">${agrees
    ? `All entries together make ${number(total.sum)}: the total is right.`
    : `The total is ${number(total.value)}, but its history makes ${number(total.sum)}. It was changed from outside, and will be looked at.`}</p>`;
}

function Entries({ total }) {
  const pages = usePages(total);
  const read = useRead('/api/progress/history', { query: { total, limit: ROWS, after: pages.after?.cursor } });
  return html`<${Loaded} read=${read} rows=${6} isEmpty=${() => false}>${(data) => {
    const rows = rowsOf(data.entries, total, pages.after?.total ?? data.total.sum);
    const last = rows.at(-1);
    return html`<h2 class="why">Why is this total ${number(data.total.value)}?</h2>
      <${Sum} total=${data.total} />
      ${rows.length === 0 ? html`<p class="empty">Nothing has moved it yet.</p>` : html`<ul class="list">${rows.map((row) => html`<${Row} key=${row.entry.revision} row=${row} />`)}</ul>`}
      <${Pager} pages=${pages} label="Pages of the history" next=${data.nextAfter === null || !last ? null : { cursor: data.nextAfter, total: last.after - last.by }} />`;
  }}<//>`;
}

export function Why({ total }) {
  const asked = TOTALS[total] ? total : 'tokens';
  return html`<div class="stack">
    <div class="row spread"><a href="#/progress">← All progress</a>
      <${Choice} label="Which total" value=${asked} options=${Object.entries(TOTALS).map(([value, label]) => ({ value, label }))} choose=${(value) => { location.hash = `#/progress/${value}`; }} /></div>
    <${Card}><${Entries} key=${asked} total=${asked} /><//>
  </div>`;
}
