// What it means to be consistent: which rules hold, what breaks the others, and whether they are repaired.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Button, Card, Choice, Failure, Field, Figure, Figures, Loaded, Switch, Table, When, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { JobProgress } from '../kit/jobs.js';
import { number, percent, plural } from '../kit/format.js';
import { SeverityBadge, StateBadge } from './badges.js';
import { Rule } from './rule.js';

const REFRESH_MS = 5000;

/** What the rules are, with what the last pass found of each; those in breach first. Some no pass asks: of those nothing is known. */
function joined(rules, pass) {
  const found = new Map(pass.rules.map((one) => [one.name, one]));
  const known = rules.rules.map((rule) => ({ breaches: 0, learners: 0, paused: 0, rows: [], ...rule, ...found.get(rule.name), use: rule.state }));
  const gone = pass.rules.filter((one) => !rules.rules.some((rule) => rule.name === one.name));
  const all = [...known, ...gone.map((one) => ({ ...one, use: 'gone' }))];
  return [...all.filter((rule) => rule.breaches > 0), ...all.filter((rule) => !(rule.breaches > 0))];
}

const SHOWN = {
  all: () => true,
  breached: (rule) => rule.breaches > 0,
  paused: (rule) => rule.use === 'paused' || rule.paused > 0,
};

const COLUMNS = [
  { name: 'rule', label: 'Rule', of: (rule) => html`<span><a href="#/rules/${rule.name}">${rule.name}</a><br /><span class="quiet">${rule.summary ?? 'There is no such rule any more.'}</span></span>` },
  { name: 'state', label: 'State', of: (rule) => html`<${StateBadge} state=${rule.state === 'active' ? 'unknown' : rule.state} />` },
  { name: 'severity', label: 'Severity', of: (rule) => (rule.breaches > 0 ? html`<${SeverityBadge} severity=${rule.severity} />` : html`<span class="quiet">${rule.severity}</span>`) },
  { name: 'rows', label: 'Rows', numeric: true, of: (rule) => number(rule.breaches) },
  { name: 'learners', label: 'Learners', numeric: true, of: (rule) => number(rule.learners) },
];

function RuleList({ rules }) {
  const [shown, show] = useState('all');
  const [text, setText] = useState('');
  const options = Object.keys(SHOWN).map((value) => ({ value, label: `${{ all: 'All', breached: 'In breach', paused: 'Paused' }[value]} (${rules.filter(SHOWN[value]).length})` }));
  const wanted = text.trim().toLowerCase();
  const rows = rules.filter((rule) => SHOWN[shown](rule) && `${rule.name} ${rule.summary}`.toLowerCase().includes(wanted));
  return html`<${Card} title="Rules" aside=${html`<${Choice} label="Which rules" options=${options} value=${shown} choose=${show} />`}>
    <${Field} label="Find a rule" type="search" value=${text} onInput=${(event) => setText(event.target.value)} />
    ${rows.length > 0
      ? html`<${Table} caption="Every rule, those in breach first" columns=${COLUMNS} rows=${rows} keyOf=${(rule) => rule.name} />`
      : html`<p class="empty">${shown === 'breached' && wanted === '' ? 'No rule was in breach at the last pass.' : 'No rule is like that.'}</p>`}
  <//>`;
}

/** The one switch. Turned off, rules still find, and nothing is repaired. */
function Repairs({ rules, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  const [asking, ask] = useState(false);
  // Nothing is paused, and yet it is off: the configuration says so, and only it can take it back.
  const byConfiguration = !rules.enabled && rules.rules.some((rule) => rule.state === 'active');
  const turn = useAction(async (on) => {
    await client.post('/api/admin/rules/{name}/' + (on ? 'resume' : 'pause'), on ? {} : undefined, { path: { name: '*' } });
    say(on ? 'Repairs are on again.' : 'Repairs are off. Rules still find.', 'good');
    ask(false);
    await reload();
  });
  return html`<${Card} title="Repairs" aside=${html`<${Switch} label=${rules.enabled ? 'On' : 'Off'} on=${rules.enabled} disabled=${turn.busy || byConfiguration} toggle=${() => (rules.enabled ? ask(true) : turn.run(true))} />`}>
    <p>${rules.enabled ? 'What breaks a rule is repaired: of one learner when they read, of everybody by runs.' : 'Nothing is repaired. Rules still find what is wrong.'}</p>
    ${byConfiguration && html`<p class="note warn">The configuration switches repairs off: <code>rules.enabled</code> is false. It can only be changed there.</p>`}
    ${!asking && html`<${Failure} error=${turn.error} />`}
    ${rules.problems.length > 0 && html`<div class="note warn"><p>Rules of the site that are left aside, because they are broken:</p><ul>${rules.problems.map((one) => html`<li>${one}</li>`)}</ul></div>`}
    <${Confirm} title="Switch all repairs off?" open=${asking} close=${() => ask(false)} label="Switch off" action=${turn} onYes=${() => turn.run(false)}>
      <p>No rule repairs anything until you switch it on again: not when learners read, not by runs, not by rollbacks. Rules still find, and what is off stays off after a restart.</p>
    <//>
  <//>`;
}

function Refresh({ asOf, ended }) {
  const { client } = useLockstep();
  const say = useToast();
  const [jobId, setJobId] = useState(null);
  const begin = useAction(async () => setJobId((await client.get('/api/sync/validate', { query: { refresh: 1 } })).jobId));
  const end = (job) => {
    setJobId(null);
    if (job.state === 'done') say('The pass has ended: these are its figures.', 'good');
    else say(`The pass did not end: ${job.error ?? job.state}`, 'bad');
    ended();
  };
  return html`<div class="stack">
    <div class="row spread"><span class="quiet">${asOf ? html`As of the last pass, <${When} at=${asOf} />.` : 'No pass over everybody has ended yet. One runs every hour, or now.'}</span><${Button} action=${begin} disabled=${jobId !== null || begin.busy} onClick=${() => begin.run()}>Look at everybody now<//></div>
    <${Failure} error=${begin.error} />
    <${JobProgress} jobId=${jobId} label="Asking every rule about everybody" onEnd=${end} />
  </div>`;
}

function Overview({ pass, rules }) {
  const breached = rules.filter((rule) => rule.breaches > 0);
  if (!pass.asOf) return null;
  return html`<${Figures}>
    <${Figure} label="Learners in step" value=${percent(pass.score * 100, 1)} tone=${pass.learnersInBreach === 0 ? 'good' : 'warn'} note=${`of ${plural(pass.learners, 'learner')}`} />
    <${Figure} label="Learners in breach" value=${number(pass.learnersInBreach)} note=${plural(breached.reduce((sum, rule) => sum + rule.breaches, 0), 'row')} />
    <${Figure} label="Rules in breach" value=${number(breached.length)} note=${`of ${number(rules.length)}`} />
  <//>`;
}

/** Two reads, shown as one. */
function together(rules, pass) {
  const data = rules.data && pass.data ? { rules: rules.data, pass: pass.data, all: joined(rules.data, pass.data) } : undefined;
  return { data, error: rules.error ?? pass.error, reload: () => Promise.all([rules.reload(), pass.reload()]) };
}

export function View({ rest: [name] }) {
  const rules = useRead('/api/admin/rules', { everyMs: REFRESH_MS });
  const pass = useRead('/api/sync/validate', { everyMs: REFRESH_MS });
  const both = together(rules, pass);
  return html`<${Loaded} read=${both} rows=${8} isEmpty=${() => false}>${(data) => name
    ? html`<${Rule} rule=${data.all.find((one) => one.name === name)} name=${name} asOf=${data.pass.asOf} enabled=${data.rules.enabled} reload=${both.reload} />`
    : html`<div class="stack">
        <${Overview} pass=${data.pass} rules=${data.all} />
        <${Refresh} asOf=${data.pass.asOf} ended=${both.reload} />
        <${Repairs} rules=${data.rules} reload=${both.reload} />
        <${RuleList} rules=${data.all} />
      </div>`}<//>`;
}
