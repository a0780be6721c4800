// Making a plan: whose rows, by which rules. It changes nothing.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Button, Card, Choice, Failure, Field, Loaded } from '../kit/ui.js';
import { JobProgress } from '../kit/jobs.js';
import { Back } from '../kit/tabs.js';
import { number } from '../kit/format.js';

const AUTHORITY = [
  { value: 'modules', label: 'The modules of the document' },
  { value: 'columns', label: 'The columns of the table' },
];

const open = (id) => { location.hash = `#/repairs/${id}`; };

/** Whole numbers as the interface takes them; what is none is sent as it is, and the server says what is wrong. */
const numberOf = (text) => (/^\d+$/.test(text.trim()) ? Number(text) : text.trim());

function orderOf({ scope, learner, chosen, authority }) {
  return {
    dryRun: true,
    ...(chosen.size > 0 && { rules: [...chosen] }),
    ...(scope === 'one' && { userId: numberOf(learner) }),
    ...(authority === 'columns' && { authority }),
  };
}

function Rules({ rules, found, chosen, choose }) {
  const turn = (name) => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    choose(next);
  };
  const breached = rules.filter((rule) => found.get(rule.name) > 0).map((rule) => rule.name);
  const ordered = [...rules].sort((a, b) => (found.get(b.name) > 0) - (found.get(a.name) > 0));
  return html`<fieldset><legend>Rules</legend>
    <p class="row"><span class="quiet">${chosen.size === 0 ? 'None is chosen: every rule takes part.' : `${number(chosen.size)} of ${number(rules.length)} chosen.`}</span>
      ${breached.length > 0 && html`<button type="button" class="link" onClick=${() => choose(new Set(breached))}>Choose those in breach</button>`}
      ${chosen.size > 0 && html`<button type="button" class="link" onClick=${() => choose(new Set())}>Choose none</button>`}</p>
    <div class="ticks" role="group" aria-label="Which rules" tabindex="0">${ordered.map((rule) => html`<label class="tick" key=${rule.name} title=${rule.summary}>
      <input type="checkbox" checked=${chosen.has(rule.name)} onChange=${() => turn(rule.name)} />${rule.name}
      ${rule.state === 'paused' ? html`<${Badge} tone="warn">paused<//>` : found.get(rule.name) > 0 && html`<${Badge} tone="bad">${number(found.get(rule.name))}<//>`}
    </label>`)}</div>
  </fieldset>`;
}

function Form({ rules, found, names, userId }) {
  const { client } = useLockstep();
  const known = new Set(rules.map((rule) => rule.name));
  const [wish, setWish] = useState(() => ({
    scope: userId ? 'one' : 'all',
    learner: userId ?? '',
    chosen: new Set((names ?? '').split(',').filter((name) => known.has(name))),
    authority: names && rules.find((rule) => rule.name === names)?.authority === 'columns' ? 'columns' : 'modules',
  }));
  const [jobId, setJobId] = useState(null);
  const [failed, setFailed] = useState(null);
  const set = (part) => setWish((before) => ({ ...before, ...part }));

  const plan = useAction(async () => {
    setFailed(null);
    const reply = await client.post('/api/sync/auto-fix', orderOf(wish));
    if (reply.planId) open(reply.planId);
    else setJobId(reply.jobId);
  });
  const ended = (job) => {
    setJobId(null);
    if (job.state === 'done' && job.subjectId) open(job.subjectId);
    else setFailed({ detail: `The plan was not made: ${job.error ?? job.state}` });
  };
  const submit = (event) => {
    event.preventDefault();
    plan.run();
  };
  const fields = plan.error?.fields ?? {};
  const busy = plan.busy || jobId !== null;
  return html`<form class="stack" onSubmit=${submit} noValidate>
    <div class="row"><${Choice} label="Whose rows" value=${wish.scope} choose=${(scope) => set({ scope })} options=${[{ value: 'all', label: 'Everybody' }, { value: 'one', label: 'One learner' }]} /></div>
    ${wish.scope === 'one' && html`<${Field} label="Learner’s number" inputmode="numeric" value=${wish.learner} error=${fields.userId} required onInput=${(event) => set({ learner: event.target.value })} />`}
    <${Field} label="What is right where columns and document differ" options=${AUTHORITY} value=${wish.authority} onChange=${(event) => set({ authority: event.target.value, chosen: new Set() })}
      hint=${wish.authority === 'columns' ? 'Documents are rebuilt from the columns. Choose this only when the documents are known to be wrong.' : null} />
    <${Rules} rules=${rules.filter((rule) => rule.authority === wish.authority && rule.state !== 'left_aside')} found=${found} chosen=${wish.chosen} choose=${(chosen) => set({ chosen })} />
    <${Failure} error=${plan.error ?? failed} />
    <${JobProgress} jobId=${jobId} label="Making the plan" onEnd=${ended} />
    <p class="row"><${Button} type="submit" tone="primary" action=${plan} disabled=${busy}>Make the plan<//><span class="quiet">Nothing is changed by it.</span></p>
  </form>`;
}

export function Plan({ names, userId }) {
  const rules = useRead('/api/admin/rules', { everyMs: 30000 });
  const pass = useRead('/api/sync/validate', { everyMs: 30000 });
  return html`<div class="stack">
    <${Back} to="repairs">All runs<//>
    <${Card} title="Plan a repair"><${Loaded} read=${rules} rows=${6} empty="There are no rules." isEmpty=${(data) => data.rules.length === 0}>${(data) => html`
      <${Form} rules=${data.rules} found=${new Map((pass.data?.rules ?? []).map((rule) => [rule.name, rule.breaches]))} names=${names} userId=${userId} />`}<//><//>
  </div>`;
}
