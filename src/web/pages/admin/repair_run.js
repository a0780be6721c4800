// One run: what it would change or has changed, row by row, and what may be done with it.

import { html, useState } from '../kit/html.js';
import { useRead } from '../kit/data.js';
import { Badge, Card, Choice, Figure, Figures, Loaded, Table, When } from '../kit/ui.js';
import { Changes } from '../kit/change.js';
import { Facts } from '../kit/facts.js';
import { JobProgress } from '../kit/jobs.js';
import { Pager, usePages } from '../kit/pages.js';
import { Back } from '../kit/tabs.js';
import { number, plural } from '../kit/format.js';
import { RunBadge } from './badges.js';
import { Apply, planAgain, Resume, Rollback, sayable } from './repair_actions.js';

const REFRESH_MS = 3000;
const PAGE_ROWS = 50;

const isPlan = (run) => run.state === 'planning' || run.state === 'planned';
const isMoving = (run) => run.state === 'planning' || run.state === 'running';

export function titleOf(run) {
  if (run.kind === 'rollback') return `Rollback ${run.id}`;
  return isPlan(run) ? `Plan ${run.id}` : `Repair ${run.id}`;
}

/** Who asked: by name, or the job that did. */
export function Actor({ name }) {
  const job = /^job_(\d+)$/.exec(name)?.[1];
  return job ? html`<a href="#/jobs/${job}">job ${job}</a>` : name;
}

const ROW_STATE = { planned: ['', 'planned'], done: ['good', 'done'], moved: ['warn', 'left alone'] };

const STATE_COLUMN = {
  name: 'state',
  label: 'State',
  of: (row) => html`<span><${Badge} tone=${(ROW_STATE[row.state] ?? [''])[0]}>${(ROW_STATE[row.state] ?? ['', row.state])[1]}<//>${row.changedBy && html`<br /><span class="quiet">${row.changedBy}</span>`}</span>`,
};
const RULE_COLUMN = { name: 'rule', label: 'Rule', of: (row) => html`<a href="#/rules/${row.rule}">${row.rule}</a>` };

const countColumns = (run) => [
  { name: 'rule', label: 'Rule', of: (count) => html`<a href="#/rules/${count.rule}">${count.rule}</a>` },
  { name: 'before', label: run.kind === 'rollback' ? 'To put back' : 'In breach before', numeric: true, of: (count) => number(count.before) },
  { name: 'changed', label: isPlan(run) ? 'Would be changed' : 'Changed', numeric: true, of: (count) => number(count.changed) },
  { name: 'moved', label: 'Left alone', numeric: true, of: (count) => number(count.moved) },
  { name: 'paused', label: 'Paused', numeric: true, of: (count) => number(count.paused) },
];

const total = (run, name) => run.counts.reduce((sum, count) => sum + count[name], 0);

function Overview({ run }) {
  const moved = total(run, 'moved');
  return html`<${Figures}>
    <${Figure} label=${isPlan(run) ? 'Rows it would change' : 'Rows changed'} value=${number(total(run, 'changed'))} />
    <${Figure} label=${isPlan(run) ? 'Learners concerned' : 'Learners changed'} value=${number(run.learnersChanged)} note=${`of ${number(run.learners)} looked at`} />
    ${moved > 0 && html`<${Figure} label="Rows left alone" value=${number(moved)} tone="warn" note="somebody had changed them" />`}
  <//>`;
}

const factsOf = (run) => [
  ['State', html`<${RunBadge} run=${run} />`],
  ['By', `${run.rules === null ? 'every rule' : run.rules.join(', ')}${run.authority === 'columns' ? ', the columns being right' : ''}`],
  ['Of', run.userId ? `learner ${run.userId}` : 'everybody'],
  ['Asked for', html`<${When} at=${run.startedAt} /> by <${Actor} name=${run.actor} />${run.confirmOverLimit && ', limits confirmed'}`],
  ['Undoes', run.rollsBack && html`<a href="#/repairs/${run.rollsBack}">run ${run.rollsBack}</a>`],
  ['Undone by', run.rolledBackBy && html`<a href="#/repairs/${run.rolledBackBy}">rollback ${run.rolledBackBy}</a>`],
  ['Digest', run.digest && html`<code title=${run.digest}>${run.digest.slice(0, 12)}…</code>`],
];

/** A run that a limit has stopped goes on as a plan, which is looked at before anything is changed. */
function Trouble({ run }) {
  if (!run.error) return null;
  return html`<div class="note bad"><p>${sayable(run.error)}</p>
    ${run.state === 'stopped' && html`<p><a href=${planAgain(run)}>Make a plan, and look at it</a></p>`}</div>`;
}

/** Most rules find nothing, and need not be read. */
function RuleByRule({ run }) {
  const rows = run.counts.filter((count) => count.before + count.changed + count.moved + count.paused > 0);
  const others = run.counts.length - rows.length;
  if (rows.length === 0 || run.counts.length === 1) return null;
  return html`<${Card} title="Rule by rule" aside=${others > 0 && html`<span class="quiet">${plural(others, 'other')} found nothing</span>`}>
    <${Table} caption=${`In rows, ${plural(rows.length, 'rule')}`} columns=${countColumns(run)} rows=${rows} keyOf=${(count) => count.rule} />
  <//>`;
}

function actionOf(run) {
  if (run.state === 'planned') return Apply;
  if (run.kind === 'rollback' || run.rolledBackBy) return Resume;
  return !isMoving(run) && total(run, 'changed') > 0 ? Rollback : null;
}

function Actions({ run, reload }) {
  const [held, setHeld] = useState(null);
  const Action = held?.action ?? actionOf(run);
  const hold = (on) => setHeld(on ? { action: Action } : null);
  if (Action === null) return null;
  return html`<${Action} run=${run} rows=${total(run, 'changed')} reload=${reload} hold=${hold} />`;
}

function Rows({ data, pages, state, show }) {
  const { run, rows, nextAfter } = data;
  const moved = total(run, 'moved');
  const options = [{ value: '', label: 'All' }, { value: 'done', label: 'Done' }, { value: 'moved', label: `Left alone (${number(moved)})` }];
  return html`<${Card} title=${isPlan(run) ? 'Every change it would make' : 'Every change'} aside=${(moved > 0 || state) && html`<${Choice} label="Which rows" options=${options} value=${state} choose=${show} />`}>
    ${rows.length > 0
      ? html`<${Changes} caption="Rows, before and after" rows=${rows} more=${isPlan(run) ? [RULE_COLUMN] : [RULE_COLUMN, STATE_COLUMN]} />`
      : html`<p class="empty">${isMoving(run) ? 'The rows come as it goes on.' : 'No rows.'}</p>`}
    <${Pager} pages=${pages} next=${nextAfter} label="Pages of the rows" />
  <//>`;
}

export function Run({ id }) {
  const [state, setState] = useState('');
  const pages = usePages(state);
  const read = useRead('/api/admin/repairs/{id}', { path: { id }, query: { limit: PAGE_ROWS, after: pages.after, state: state || undefined }, everyMs: REFRESH_MS });
  return html`<div class="stack">
    <${Back} to="repairs">All runs<//>
    <${Loaded} read=${read} rows=${8} isEmpty=${() => false}>${(data) => html`
      <${Card} title=${titleOf(data.run)}>
        <${Facts} rows=${factsOf(data.run)} />
        <${Trouble} run=${data.run} />
        ${isMoving(data.run) && html`<${JobProgress} jobId=${data.run.jobId} label="At work" onEnd=${read.reload} />`}
        <${Actions} run=${data.run} reload=${read.reload} />
      <//>
      <${Overview} run=${data.run} />
      <${RuleByRule} run=${data.run} />
      <${Rows} data=${data} pages=${pages} state=${state} show=${setState} />`}<//>
  </div>`;
}
