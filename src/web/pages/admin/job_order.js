// Ordering a job: what, of whom, when.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep } from '../kit/data.js';
import { Button, Dialog, Failure, Field, Loaded, useToast } from '../kit/ui.js';
import { labelOf, paramsOf, useKinds } from './job_kinds.js';

const WHEN = [
  { value: 'now', label: 'Now' },
  { value: 'at', label: 'At a time' },
  { value: 'every', label: 'Again and again' },
  { value: 'daily', label: 'Every day' },
];

const NUMERIC = new Set(['learner', 'integer']);

function Param({ param, value, error, set }) {
  const own = { label: labelOf(param), hint: param.summary, error };
  if (param.type === 'boolean')
    return html`<label class="check"><input type="checkbox" checked=${Boolean(value)} onChange=${(event) => set(event.target.checked)} />${param.summary}</label>`;
  if (param.type === 'choice')
    return html`<${Field} ...${own} options=${param.choices} value=${value ?? param.default ?? param.choices[0]} onChange=${(event) => set(event.target.value)} />`;
  const hint = param.type === 'list' ? `${param.summary} With commas between them.` : param.summary;
  return html`<${Field} ...${own} hint=${hint} inputmode=${NUMERIC.has(param.type) ? 'numeric' : undefined} placeholder=${param.default} required=${param.isRequired} value=${value ?? ''} onInput=${(event) => set(event.target.value)} />`;
}

/** The times of an order; `time` is by the browser's clock, `daily` by UTC, as the service has it. */
function timesOf({ when, time, every, daily }) {
  if (when === 'at' && time) return { runAt: new Date(time).toISOString() };
  if (when === 'every') return { repeatEveryS: Math.round(Number(every) * 60) };
  if (when === 'daily') return { repeatDailyAt: daily };
  return {};
}

function Form({ kinds, close, done }) {
  const { client } = useLockstep();
  const say = useToast();
  const [name, setName] = useState(kinds[0].name);
  const [values, setValues] = useState({});
  const [more, setMore] = useState({ when: 'now', time: '', every: '60', daily: '03:00', priority: '5' });
  const kind = kinds.find((one) => one.name === name);
  const set = (key) => (event) => setMore({ ...more, [key]: event.target.value });
  const action = useAction(async () => {
    const order = { kind: name, params: paramsOf(kind, values), priority: Number(more.priority), ...timesOf(more) };
    const reply = await client.post('/api/admin/jobs', order);
    say(order.repeatEveryS || order.repeatDailyAt ? `${name} is scheduled.` : `Job ${reply.job.id} is enqueued.`, 'good');
    close();
    done(reply.job);
  });
  const fields = action.error?.fields ?? {};
  const send = (event) => {
    event.preventDefault();
    action.run();
  };
  return html`<form onSubmit=${send}>
    <${Field} label="What" options=${kinds.map((one) => one.name)} value=${name} hint=${kind.summary} onChange=${(event) => { setName(event.target.value); setValues({}); }} />
    ${kind.params.map((param) => html`<${Param} key=${`${name}-${param.name}`} param=${param} value=${values[param.name]} error=${fields[`params.${param.name}`]} set=${(value) => setValues({ ...values, [param.name]: value })} />`)}
    <div class="fields">
      <${Field} label="When" options=${WHEN} value=${more.when} onChange=${set('when')} />
      ${more.when === 'at' && html`<${Field} label="Time" type="datetime-local" required value=${more.time} error=${fields.runAt} onInput=${set('time')} />`}
      ${more.when === 'every' && html`<${Field} label="Every so many minutes" type="number" min="1" required value=${more.every} error=${fields.repeatEveryS} onInput=${set('every')} />`}
      ${more.when === 'daily' && html`<${Field} label="At, UTC" type="time" required value=${more.daily} error=${fields.repeatDailyAt} onInput=${set('daily')} />`}
      <${Field} label="Priority" type="number" min="0" max="9" hint="0 first to 9 last." value=${more.priority} error=${fields.priority} onInput=${set('priority')} />
    </div>
    ${kind.isFinal && html`<p class="stale">What this job removes does not come back.</p>`}
    ${Object.keys(fields).length === 0 && html`<${Failure} error=${action.error} />`}
    <p class="actions">
      <button type="button" onClick=${close}>Leave it</button>
      <${Button} type="submit" tone=${kind.isFinal ? 'danger' : 'primary'} action=${action}>Enqueue<//>
    </p>
  </form>`;
}

export function OrderJob({ open, close, done }) {
  const read = useKinds();
  return html`<${Dialog} title="A new job" open=${open} close=${close}>
    <${Loaded} read=${read} isEmpty=${() => false}>${({ kinds }) => html`<${Form} kinds=${kinds} close=${close} done=${done} />`}<//>
  <//>`;
}
