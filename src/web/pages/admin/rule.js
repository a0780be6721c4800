// One rule: what it says, what breaks it, whether it is repaired.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep } from '../kit/data.js';
import { Button, Card, Failure, When, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { Facts } from '../kit/facts.js';
import { Changes } from '../kit/change.js';
import { Back } from '../kit/tabs.js';
import { number, plural } from '../kit/format.js';
import { breachesOf, SeverityBadge, StateBadge } from './badges.js';

const ON_READ = {
  no: 'by runs only',
  progress: 'by runs, and before a learner’s progress is read',
  courses: 'by runs, and before a learner’s courses are read',
  events: 'by runs, and before a learner’s summary, todos, calendar or paths are read',
};

const limitOf = (rule) => [rule.limitSharePercent && `${rule.limitSharePercent} % of the learners`, rule.limitRows && plural(rule.limitRows, 'row')].filter(Boolean).join(' or ') || 'the usual one';

function factsOf(rule, asOf) {
  const isThere = rule.use !== 'gone';
  return [
    ['State', html`<${StateBadge} state=${rule.state === 'active' ? 'unknown' : rule.state} /> <${SeverityBadge} severity=${rule.severity} />`],
    ['In breach', asOf ? html`${breachesOf(rule)}, <${When} at=${asOf} />` : 'no pass has ended yet'],
    ['Repaired', isThere && `${ON_READ[rule.onRead]}${rule.authority === 'columns' ? ', where the columns are to be right' : ''}`],
    ['Limit of a run', isThere && limitOf(rule)],
    ['Order', isThere && `${rule.order}${rule.ofSite ? ', a rule of the site' : ''}`],
    ['Paused', rule.pausedAt && html`<${When} at=${rule.pausedAt} /> by ${rule.pausedBy}`],
    ['Cost of a pass', rule.costMs !== undefined && `${number(Math.round(rule.costMs * 10) / 10)} ms`],
  ];
}

const ASKED = {
  pause: {
    title: 'Pause this rule?',
    label: 'Pause',
    tone: 'primary',
    what: 'Nothing is repaired by it until it is resumed. It still finds, and it still counts in the score.',
  },
  rows: {
    title: 'Repair the paused rows again?',
    label: 'Repair them again',
    tone: 'danger',
    what: 'Rollbacks have left these rows out of repairs. From now on they are repaired again, which undoes what the rollbacks put back.',
  },
};

function Pausing({ rule, enabled, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  const [asking, ask] = useState(null);
  const act = useAction(async (kind) => {
    const resumes = kind !== 'pause';
    await client.post(`/api/admin/rules/{name}/${resumes ? 'resume' : 'pause'}`, resumes ? { rowsToo: kind === 'rows' } : undefined, { path: { name: rule.name } });
    say({ pause: `${rule.name} is paused.`, resume: `${rule.name} repairs again.`, rows: `${rule.name} repairs its paused rows again.` }[kind], 'good');
    ask(null);
    await reload();
  });
  const paused = rule.use === 'paused';
  const onlyReports = rule.rows.length > 0 && rule.rows.every((row) => row.action === 'report');
  return html`
    ${onlyReports && html`<p class="note">No repair changes these rows: a person must decide.</p>`}
    <div class="row">
      ${!paused && !onlyReports && html`<a class="button primary" href="#/repairs/plan/${rule.name}">Plan a repair</a>`}
      ${paused && enabled && html`<${Button} tone="primary" action=${act} onClick=${() => act.run('resume')}>Resume<//>`}
      ${!paused && html`<${Button} action=${act} onClick=${() => ask('pause')}>Pause<//>`}
      ${enabled && rule.paused > 0 && html`<${Button} action=${act} onClick=${() => ask('rows')}>Repair its ${plural(rule.paused, 'paused row')} again<//>`}
    </div>
    ${paused && !enabled && html`<p class="note">Every rule is paused. Switch repairs on under <a href="#/rules">Rules</a>.</p>`}
    ${asking === null && html`<${Failure} error=${act.error} />`}
    <${Confirm} ...${ASKED[asking]} open=${asking !== null} close=${() => ask(null)} action=${act} onYes=${() => act.run(asking)}>
      <p>${ASKED[asking]?.what}</p>
    <//>`;
}

export function Rule({ rule, name, asOf, enabled, reload }) {
  if (!rule) return html`<div class="stack"><${Back} to="rules">All rules<//><p class="empty">There is no rule ${name}.</p></div>`;
  const rows = rule.rows.map((row, at) => ({ ...row, id: at, before: row.actual, after: row.wanted }));
  return html`<div class="stack">
    <${Back} to="rules">All rules<//>
    <${Card} title=${rule.name}>
      <p>${rule.summary ?? 'There is no such rule any more. This is what it found last.'}</p>
      <${Facts} rows=${factsOf(rule, asOf)} />
      ${rule.use !== 'gone' && rule.use !== 'left_aside' && html`<div class="stack deeds"><${Pausing} rule=${rule} enabled=${enabled} reload=${reload} /></div>`}
    <//>
    <${Card} title="Rows in breach" aside=${rule.breaches > rows.length && html`<span class="quiet">the first ${number(rows.length)} of ${number(rule.breaches)}</span>`}>
      ${rows.length > 0 ? html`<${Changes} caption="What stands in them, and what should" heading="There → should be" rows=${rows} />` : html`<p class="empty">${rule.authority === 'columns' ? 'No pass asks this rule: it runs only where the columns are to be right.' : 'No row broke it at the last pass.'}</p>`}
    <//>
  </div>`;
}
