// What there is to know of one thing, as names and values; and what programs tell, made readable.

import { html } from './html.js';
import { moment, number } from './format.js';

/** rows: [name, value]; a row without a value (null, undefined, false) is left out. */
export function Facts({ rows }) {
  return html`<dl class="facts">${rows.filter(([, value]) => value !== null && value !== undefined && value !== false).map(([name, value]) => html`
    <dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** "enrolledAgain", "rows_changed" → "Enrolled again", "Rows changed". */
export function words(name) {
  const text = name.replace(/_/g, ' ').replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const isFlat = (value) => value === null || typeof value !== 'object';

function flat(value) {
  if (value === null) return '–';
  if (typeof value === 'number') return number(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return MOMENT.test(value) ? moment(value) : value;
}

const isFlatObject = (value) => !isFlat(value) && !Array.isArray(value) && Object.values(value).every(isFlat);

/** Objects of the same shape, a row each. */
function Rows({ rows }) {
  const names = [...new Set(rows.flatMap(Object.keys))];
  return html`<div class="table" tabindex="0"><table>
    <thead><tr>${names.map((name) => html`<th scope="col" class=${typeof rows[0][name] === 'number' ? 'numeric' : ''}>${words(name)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${names.map((name) => html`<td data-label=${words(name)} class=${typeof row[name] === 'number' ? 'numeric' : ''}>${flat(row[name] ?? null)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function Value({ value }) {
  if (isFlat(value)) return flat(value);
  if (Array.isArray(value) && value.every(isFlat)) return value.length === 0 ? 'none' : value.map(flat).join(', ');
  if (Array.isArray(value) && value.every(isFlatObject)) return html`<${Rows} rows=${value} />`;
  if (isFlatObject(value))
    return html`<${Facts} rows=${Object.entries(value).map(([name, one]) => [words(name), flat(one)])} />`;
  return html`<pre class="raw" tabindex="0">${JSON.stringify(value, null, 2)}</pre>`;
}

/** JSON of whatever shape: flat things as a list of facts, what is deeper as it is. */
export function Told({ value }) {
  if (isFlat(value) || Array.isArray(value)) return html`<${Value} value=${value} />`;
  return html`<${Facts} rows=${Object.entries(value).map(([name, one]) => [words(name), html`<${Value} value=${one} />`])} />`;
}
