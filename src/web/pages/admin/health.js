// Whether all is in step, and how it has been.

import { html } from '../kit/html.js';
import { useRead } from '../kit/data.js';
import { Badge, Card, Figure, Figures, Loaded, Table, When } from '../kit/ui.js';
import { Chart } from '../kit/chart.js';
import { moment, number, percent, plural } from '../kit/format.js';
import { breachesOf, SeverityBadge } from './badges.js';

const REFRESH_MS = 5000;
const SLOW_MS = 30000;
const FAILING = 503; // how the endpoint says so; its reply is the same
const PASSES_SHOWN = 200;

const TONE = { healthy: 'good', degraded: 'warn', failing: 'bad', conflict: 'warn', delayed: 'warn', failed: 'bad' };
const WORST_FIRST = ['failing', 'degraded', 'healthy'];
const PAIRS_WORST_FIRST = ['failed', 'delayed', 'conflict', 'healthy'];

const SAID = {
  healthy: 'Everything is in step, and what keeps it so is at work.',
  degraded: 'It works, and something should be looked at.',
  failing: 'Something is wrong that needs you now.',
};

const NAMES = {
  database: 'Database',
  migrations: 'Migrations',
  pass: 'Last pass',
  score: 'Score',
  drift: 'Drift',
  jobs: 'Jobs',
  repairs: 'Repairs',
  rules: 'Rules',
};
const PLACES = { score: 'rules', pass: 'rules', drift: 'rules', rules: 'rules', repairs: 'rules', jobs: 'jobs' };

const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const readable = (text) => text.replace(MOMENT, moment);

const byOrder = (order, of) => (a, b) => order.indexOf(of(a)) - order.indexOf(of(b));

function Summary({ health }) {
  return html`<div class="stack">
    <p class="note state ${TONE[health.status]}" role="status"><b>${health.status}</b> <span>${SAID[health.status]}</span></p>
    ${health.score !== undefined && health.score !== null && html`<${Figures}>
      <${Figure} label="Learners in step" value=${percent(health.score * 100, 1)} note=${html`<${When} at=${health.asOf} />`} />
      <${Figure} label="Checks that pass" value=${`${health.checks.filter((check) => check.state === 'healthy').length} of ${health.checks.length}`} />
    <//>`}
  </div>`;
}

function Checks({ health }) {
  const checks = [...health.checks].sort(byOrder(WORST_FIRST, (check) => check.state));
  return html`<ul class="list">${checks.map((check) => html`<li class="row spread" key=${check.name}>
    <span class="grow">${PLACES[check.name] ? html`<a href="#/${PLACES[check.name]}">${NAMES[check.name]}</a>` : (NAMES[check.name] ?? check.name)}<br /><span class="quiet">${readable(check.summary)}</span></span>
    <${Badge} tone=${TONE[check.state]}>${check.state}<//>
  </li>`)}</ul>`;
}

/** From a little below the worst to all: a fall of one percent should be seen. The line at the top is not cut. */
function rangeOf(values) {
  const least = Math.min(...values);
  const from = Math.max(0, Math.floor(least - Math.max(1, (100 - least) / 4)));
  return [from, 100 + (100 - from) / 50];
}

function History({ history }) {
  return html`<${Card} title="Score over time"><${Loaded} read=${history} empty="A line needs two passes over everybody. One runs every hour, or when you ask for it under Rules." isEmpty=${(data) => data.scores.length < 2}>${(data) => {
    const rows = [...data.scores].reverse();
    const values = rows.map((row) => row.score * 100);
    return html`<${Chart} label="Learners in step, in percent" x=${rows.map((row) => Date.parse(row.asOf) / 1000)} range=${rangeOf(values)}
      series=${[{ label: 'In step, %', values }]} xText=${(at) => moment(at * 1000)} />`;
  }}<//><//>`;
}

function Breaches({ pass }) {
  return html`<${Card} title="Rules in breach" aside=${html`<a href="#/rules">All rules</a>`}>
    <${Loaded} read=${pass} empty=${pass.data?.asOf ? 'Every rule held at the last pass.' : 'No pass has ended yet.'} isEmpty=${(data) => !data.rules.some((rule) => rule.breaches > 0)}>${(data) => html`
      <ul class="list">${data.rules.filter((rule) => rule.breaches > 0).map((rule) => html`<li class="row spread" key=${rule.name}>
        <span class="grow"><a href="#/rules/${rule.name}">${rule.name}</a><br /><span class="quiet">${breachesOf(rule)}</span></span>
        <${SeverityBadge} severity=${rule.severity} />
      </li>`)}</ul>`}<//>
  <//>`;
}

/** Milliseconds as people say them. */
function lasting(ms) {
  if (ms < 1000) return `${number(ms)} ms`;
  if (ms < 60000) return `${number(Math.round(ms / 1000))} s`;
  if (ms < 3600000) return `${number(Math.round(ms / 60000))} min`;
  return `${number(Math.round(ms / 3600000))} h`;
}

const PAIR_COLUMNS = [
  { name: 'pair', label: 'From → to', of: (pair) => html`<span>${pair.sourceSystem} → ${pair.targetSystem}</span>` },
  { name: 'status', label: 'State', of: (pair) => html`<${Badge} tone=${TONE[pair.status]}>${pair.status}<//>` },
  { name: 'pending', label: 'Waiting', numeric: true, of: (pair) => number(pair.pending) },
  { name: 'conflicts', label: 'Conflicts', numeric: true, of: (pair) => number(pair.conflicts) },
  { name: 'delay', label: 'Takes', numeric: true, of: (pair) => (pair.lastSync || pair.pending > 0 ? lasting(pair.delayMs) : '–') },
  { name: 'last', label: 'Last event', of: (pair) => html`<${When} at=${pair.lastSync} />` },
];

const isSilent = (pair) => !pair.lastSync && pair.pending === 0 && pair.status === 'healthy';

/** Most pairs never carry anything: those stand back behind a line. */
function Pairs({ events }) {
  return html`<${Card} title="Between the systems" aside=${events.data && html`<${Badge} tone=${TONE[events.data.status]}>${events.data.status}<//>`}>
    <${Loaded} read=${events} empty="No event has flowed between systems yet." isEmpty=${(data) => data.pairs.every(isSilent)}>${(data) => {
      const silent = data.pairs.filter(isSilent);
      const busy = data.pairs.filter((pair) => !isSilent(pair)).sort(byOrder(PAIRS_WORST_FIRST, (pair) => pair.status));
      return html`<${Table} caption="Systems that progress flows between, the worst first" columns=${PAIR_COLUMNS} rows=${busy} keyOf=${(pair) => `${pair.sourceSystem} ${pair.targetSystem}`} />
        ${silent.length > 0 && html`<details class="silent"><summary class="quiet">Nothing has flowed yet between ${plural(silent.length, 'other pair')}</summary>
          <p class="quiet">${silent.map((pair) => `${pair.sourceSystem} → ${pair.targetSystem}`).join(', ')}</p></details>`}`;
    }}<//>
  <//>`;
}

export function View() {
  const health = useRead('/api/sync/health', { everyMs: REFRESH_MS, tells: FAILING });
  const history = useRead('/api/admin/score-history', { query: { limit: PASSES_SHOWN }, everyMs: SLOW_MS });
  const pass = useRead('/api/sync/validate', { everyMs: REFRESH_MS * 2 });
  const events = useRead('/api/progress-sync/health', { everyMs: REFRESH_MS * 2 });
  return html`<div class="stack">
    <${Loaded} read=${health} isEmpty=${() => false}>${(data) => html`<${Summary} health=${data} />`}<//>
    <div class="grid">
      <${Card} title="Checks"><${Loaded} read=${health} empty="There are no checks." isEmpty=${(data) => data.checks.length === 0}>${(data) => html`<${Checks} health=${data} />`}<//><//>
      <${Breaches} pass=${pass} />
    </div>
    <${History} history=${history} />
    <${Pairs} events=${events} />
  </div>`;
}
