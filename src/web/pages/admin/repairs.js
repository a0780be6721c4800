// Repairs: what was planned, done and undone; each run has its page, and a plan comes before a change.

import { html } from '../kit/html.js';
import { useList } from '../kit/data.js';
import { Card, Loaded, Table, When } from '../kit/ui.js';
import { number } from '../kit/format.js';
import { RunBadge } from './badges.js';
import { Plan } from './repair_plan.js';
import { Actor, Run, titleOf } from './repair_run.js';

const REFRESH_MS = 5000;

function scopeOf(run) {
  const rules = run.rules === null ? 'every rule' : run.rules.length > 2 ? `${run.rules.length} rules` : run.rules.join(', ');
  return `${rules}, ${run.userId ? `learner ${run.userId}` : 'everybody'}`;
}

const COLUMNS = [
  { name: 'run', label: 'Run', of: (run) => html`<span><a href="#/repairs/${run.id}">${titleOf(run)}</a><br /><span class="quiet">${scopeOf(run)}</span></span>` },
  { name: 'state', label: 'State', of: (run) => html`<${RunBadge} run=${run} />` },
  { name: 'learners', label: 'Learners changed', numeric: true, of: (run) => (run.state === 'planned' ? '–' : number(run.learnersChanged)) },
  { name: 'actor', label: 'Asked for by', of: (run) => html`<${Actor} name=${run.actor} />` },
  { name: 'when', label: 'Begun', of: (run) => html`<${When} at=${run.startedAt} />` },
];

function Runs() {
  const runs = useList('/api/admin/repairs', (reply) => reply.repairs, { everyMs: REFRESH_MS });
  return html`<div class="stack">
    <div class="row spread"><p>First a plan: every change that would be made, and nothing is changed yet.</p><a class="button primary" href="#/repairs/plan">Plan a repair</a></div>
    <${Card} title="Runs so far"><${Loaded} read=${runs} empty="Nothing was repaired yet by a run.">${(rows) => html`<${Table} caption="Repair runs, newest first" columns=${COLUMNS} rows=${rows} keyOf=${(run) => run.id} />`}<//><//>
  </div>`;
}

export function View({ rest: [place, ...rest] }) {
  if (place === 'plan') return html`<${Plan} key=${rest.join('/')} names=${rest[0]} userId=${rest[1]} />`;
  if (place) return html`<${Run} key=${place} id=${place} />`;
  return html`<${Runs} />`;
}
