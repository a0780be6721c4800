// What stands in a row and what should, or will, or did before: so that the eye finds the difference.

import { html } from './html.js';
import { Table } from './ui.js';

const SHORT = 60;
const LEAD = 24;
const PARTS_SHOWN = 12;

const parsed = (text) => {
  if (typeof text !== 'string' || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const written = (value) => (value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value));

/** The places where two documents differ: [{path, before, after}]; null is no value. */
function differences(before, after, path = '') {
  if (isMap(before) && isMap(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => differences(before[name], after[name], path === '' ? name : `${path}.${name}`));
  }
  const [old, now] = [written(before), written(after)];
  return old === now ? [] : [{ path, before: old, after: now }];
}

/** Where two long texts begin to differ, with a little of what is before it. */
function partsAt(before, after) {
  if (typeof before !== 'string' || typeof after !== 'string') return 0;
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  const near = before.slice(0, at).lastIndexOf(' ', at - LEAD);
  return near > 0 ? near + 1 : Math.max(0, at - LEAD);
}

/** `from`: what is of interest begins there. */
function Value({ text, none, from = 0 }) {
  if (text === null || text === undefined) return html`<i class="quiet">${none}</i>`;
  if (text === '') return html`<i class="quiet">empty</i>`;
  if (text.length <= SHORT) return html`<code>${text}</code>`;
  const shown = `${from > 0 ? '…' : ''}${text.slice(from, from + SHORT)}${from + SHORT < text.length ? '…' : ''}`;
  return html`<details class="long"><summary><code>${shown}</code></summary><code>${text}</code></details>`;
}

function Pair({ before, after, action }) {
  if (action === 'report') return html`<span class="pair"><${Value} text=${before} none="nothing" />${after !== null && html`<span class="quiet">expected</span><${Value} text=${after} none="nothing" />`}</span>`;
  const from = partsAt(before, after);
  return html`<span class="pair">
    <span class="old"><span class="hidden">before </span><${Value} text=${before} none="nothing" from=${from} /></span>
    <span class="arrow" aria-hidden="true">→</span>
    <span class="new"><span class="hidden">after </span><${Value} text=${after} none=${action === 'delete' ? 'removed' : 'nothing'} from=${from} /></span>
  </span>`;
}

/** Of two documents only what differs. */
export function Change({ row }) {
  const [before, after] = [parsed(row.before), parsed(row.after)];
  const parts = isMap(before) && isMap(after) ? differences(before, after) : [];
  if (parts.length === 0) return html`<${Pair} ...${row} />`;
  return html`<ul class="parts">
    ${parts.slice(0, PARTS_SHOWN).map((part) => html`<li><span class="quiet">${part.path}</span> <${Pair} before=${part.before} after=${part.after} action=${row.action} /></li>`)}
    ${parts.length > PARTS_SHOWN && html`<li><details class="long"><summary>${parts.length - PARTS_SHOWN} more</summary><code>${row.after}</code></details></li>`}
  </ul>`;
}

const keyText = (key) => Object.entries(key ?? {}).map(([name, value]) => `${name} ${value}`).join(', ');

const WORDS = { set: 'set', insert: 'put in', delete: 'take away', report: 'to look at' };

const COLUMNS = [
  { name: 'learner', label: 'Learner', of: (row) => (row.userId ? html`<a href="#/students/${row.userId}">${row.userId}</a>` : html`<span class="quiet">nobody’s</span>`) },
  { name: 'row', label: 'Row', of: (row) => html`<span>${row.table}<br /><span class="quiet">${keyText(row.key)}</span></span>` },
  { name: 'what', label: 'What', of: (row) => html`<span>${WORDS[row.action] ?? row.action}${row.column && html`<br /><code>${row.column}</code>`}</span>` },
];

/** rows: [{id, userId, table, key, action, column, before, after}]. more: columns of the view's own, at the end. */
export function Changes({ caption, rows, more = [], heading = 'Before → after' }) {
  const change = { name: 'change', label: heading, of: (row) => html`<${Change} row=${row} />` };
  return html`<${Table} caption=${caption} rows=${rows} keyOf=${(row) => row.id} columns=${[...COLUMNS, change, ...more]} />`;
}
