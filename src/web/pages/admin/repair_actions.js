// Applying a plan, undoing a run, and having its rows repaired again: each asks first, and follows its job to the end.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep } from '../kit/data.js';
import { Button, Failure, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { JobProgress } from '../kit/jobs.js';
import { number, plural } from '../kit/format.js';

// The server advises in the words of whoever asked; a console has a box to tick instead.
const CONFIRM = 'confirmOverLimit';
export const sayable = (text) => text.split(/ (?:Confirm, or|Send confirm|To go on all)/)[0];

/**
 * Runs `order(client)`, which answers {jobId} or {run}; `ended(run id or null)` when it is done. `hold(true)` until
 * then: the run says before its job does that it has moved on, and whoever follows the job must still be there.
 */
function useOrder({ order, ended, hold }) {
  const { client } = useLockstep();
  const [jobId, setJobId] = useState(null);
  const [failed, setFailed] = useState(null);
  const action = useAction(async (...given) => {
    setFailed(null);
    hold(true);
    const reply = await order(client, ...given).catch((error) => setFailed({ text: error.detail || error.message, error }));
    if (reply?.jobId) setJobId(reply.jobId);
    else hold(false);
    if (reply && !reply.jobId) ended(reply.run?.id ?? null);
  });
  const jobEnded = (job) => {
    setJobId(null);
    hold(false);
    if (job.state === 'done') ended(job.subjectId ?? null);
    else setFailed({ text: job.error ?? `The job is ${job.state}.` });
  };
  const busy = action.busy || jobId !== null;
  // What went wrong is said beside the run, where its changes are: the question is closed by then.
  return { run: action.run, busy, asked: { busy, error: null }, jobId, jobEnded, failed };
}

function Refused({ failed, children }) {
  if (!failed) return null;
  if (failed.error) return html`<${Failure} error=${{ detail: sayable(failed.text), errors: failed.error.errors, requestId: failed.error.requestId }} />${children}`;
  return html`<${Failure} error=${{ detail: sayable(failed.text) }} />${children}`;
}

export const planAgain = (run) => `#/repairs/plan/${run.rules === null ? 'all' : run.rules.join(',')}${run.userId ? `/${run.userId}` : ''}`;

export function Apply({ run, rows, reload, hold }) {
  const say = useToast();
  const [asking, ask] = useState(false);
  const [over, setOver] = useState(false);
  const order = useOrder({
    hold,
    order: (client, confirmed) => {
      ask(false);
      return client.post('/api/sync/auto-fix', { planId: run.id, digest: run.digest, ...(confirmed && { confirmOverLimit: true }) });
    },
    ended: () => {
      say('The plan was applied.', 'good');
      reload();
    },
  });
  if (rows === 0) return html`<p class="note good">There is nothing that a repair would change.</p>`;
  const isOver = order.failed !== null && order.failed.text.includes(CONFIRM);
  const isRefused = order.failed !== null && !isOver;
  const close = () => {
    ask(false);
    setOver(false);
  };
  return html`<div class="stack deeds">
    <${JobProgress} jobId=${order.jobId} label="Applying the plan" onEnd=${order.jobEnded} />
    <${Refused} failed=${order.failed}>
      <p>${isOver ? 'Nothing was changed. A limit keeps a mistaken rule from changing everybody. Look at the changes below; if they are right, apply the plan over the limit.' : 'Nothing was changed: a plan is applied as a whole or not at all.'}</p>
    <//>
    <div class="row">
      ${isRefused && html`<a class="button primary" href=${planAgain(run)}>Make a new plan</a>`}
      <${Button} tone=${isRefused ? '' : 'primary'} disabled=${order.busy} aria-busy=${order.busy ? 'true' : undefined} onClick=${() => ask(true)}>${isOver ? 'Apply over the limit' : isRefused ? 'Try once more' : 'Apply this plan'}<//>
      ${!isRefused && html`<a href=${planAgain(run)}>Make a new plan</a>`}
    </div>
    <${Confirm} title="Apply plan ${run.id}?" open=${asking} close=${close} label="Change ${plural(rows, 'row')}" tone="primary" action=${order.asked} disabled=${isOver && !over} onYes=${() => order.run(isOver && over)}>
      <p>${plural(rows, 'row')}${run.learnersChanged > 0 && ` of ${plural(run.learnersChanged, 'learner')}`} will be changed exactly as listed. If a single one of them holds something else by then, nothing is changed at all.</p>
      <p>It can be rolled back afterwards.</p>
      ${isOver && html`<p class="note warn">${sayable(order.failed.text)}</p><label class="tick"><input type="checkbox" checked=${over} onChange=${() => setOver(!over)} />I have looked at the changes. Go over the limit.</label>`}
    <//>
  </div>`;
}

export function Rollback({ run, rows, reload, hold }) {
  const say = useToast();
  const [asking, ask] = useState(false);
  const order = useOrder({
    hold,
    order: (client) => {
      ask(false);
      return client.post('/api/admin/repairs/{id}/rollback', undefined, { path: { id: run.id } });
    },
    ended: (rollback) => {
      say(`Run ${run.id} was rolled back.`, 'good');
      if (rollback) location.hash = `#/repairs/${rollback}`;
      else reload();
    },
  });
  return html`<div class="stack deeds">
    <${JobProgress} jobId=${order.jobId} label="Rolling back" onEnd=${order.jobEnded} />
    <${Refused} failed=${order.failed} />
    <div class="row"><${Button} tone="danger" disabled=${order.busy} onClick=${() => ask(true)}>Roll back<//></div>
    <${Confirm} title="Roll back run ${run.id}?" open=${asking} close=${() => ask(false)} label="Roll back ${plural(rows, 'row')}" action=${order.asked} onYes=${() => order.run()}>
      <p>${plural(rows, 'row')} will hold again what they held before this run. Rows that somebody has changed since stay as they are, and are listed.</p>
      <p>The rules of the run are paused for the rows that are put back; otherwise the next repair would undo this.</p>
    <//>
  </div>`;
}

export function Resume({ run }) {
  const { client } = useLockstep();
  const say = useToast();
  const [asking, ask] = useState(false);
  const resume = useAction(async () => {
    const { ended } = await client.post('/api/admin/repairs/{id}/resume', undefined, { path: { id: run.id } });
    say(ended > 0 ? `${number(ended)} paused ${ended === 1 ? 'row' : 'rows'} may be repaired again.` : 'No row was paused any more.', 'good');
    ask(false);
  });
  return html`<div class="stack deeds">
    <div class="row"><${Button} action=${resume} onClick=${() => ask(true)}>Let its rows be repaired again<//></div>
    <${Confirm} title="Let the rows be repaired again?" open=${asking} close=${() => ask(false)} label="End the pause" tone="primary" action=${resume} onYes=${() => resume.run()}>
      <p>The rollback has paused the rules for the rows that it put back. Without the pause the next repair changes them once more.</p>
    <//>
  </div>`;
}
