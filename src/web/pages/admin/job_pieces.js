// How a job looks wherever it is shown.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep } from '../kit/data.js';
import { Badge, Bar, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { ago, number } from '../kit/format.js';
import { isSchedule, STATES } from './job_kinds.js';

export function JobState({ job }) {
  const [tone, text] = STATES[job.state];
  if (isSchedule(job) && job.state === 'ready') return html`<${Badge}>schedule<//>`;
  return html`<${Badge} tone=${tone}>${job.cancelRequested && job.state === 'running' ? 'being cancelled' : text}<//>`;
}

/** How far it is; nothing of what has not begun. */
export function JobProgress({ job }) {
  const { state, doneUnits, totalUnits } = job;
  if (state === 'ready' || (state !== 'running' && !totalUnits)) return html`<span class="quiet">${doneUnits > 0 ? number(doneUnits) : '–'}</span>`;
  const share = totalUnits ? (100 * doneUnits) / totalUnits : null;
  const tone = state === 'done' ? 'good' : state === 'running' ? '' : 'bad';
  return html`<div class="progress">
    <${Bar} label="Progress of job ${job.id}" tone=${tone} value=${share} />
    <span class="quiet">${number(doneUnits)}${totalUnits !== undefined && ` of ${number(totalUnits)}`}${state === 'running' && job.doneExpectedAt && `, done ${ago(job.doneExpectedAt)}`}</span>
  </div>`;
}

/** How long it took, or has taken so far. */
export function tookText(job) {
  if (!job.startedAt) return '–';
  const seconds = (Date.parse(job.finishedAt ?? new Date().toISOString()) - Date.parse(job.startedAt)) / 1000;
  if (seconds < 60) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function rhythmText(job) {
  if (job.repeatDailyAt) return `daily at ${job.repeatDailyAt.slice(0, 5)} UTC`;
  const s = job.repeatEveryS;
  if (s % 86400 === 0) return s === 86400 ? 'every day' : `every ${s / 86400} days`;
  if (s % 3600 === 0) return s === 3600 ? 'every hour' : `every ${s / 3600} hours`;
  if (s % 60 === 0) return s === 60 ? 'every minute' : `every ${s / 60} minutes`;
  return `every ${s} seconds`;
}

/** Asks whether a job (null: none is asked about) is to end, and sees to it. */
export function CancelJob({ job, close, done }) {
  const { client } = useLockstep();
  const say = useToast();
  const action = useAction(async () => {
    await client.post('/api/admin/jobs/{id}/cancel', undefined, { path: { id: job.id } });
    say(isSchedule(job) ? `The schedule of ${job.kind} ends.` : `Job ${job.id} will end.`, 'good');
    close();
    done();
  });
  return html`<${Confirm} title=${job && (isSchedule(job) ? `End the schedule of ${job.kind}?` : `Cancel job ${job.id}?`)} open=${job !== null} close=${close} label=${job && isSchedule(job) ? 'End the schedule' : 'Cancel the job'} action=${action} onYes=${action.run}>
    ${job && isSchedule(job)
      ? html`<p>It runs ${rhythmText(job)}. No more jobs of it come about. What it did stands.</p>`
      : html`<p>It ends between two of its steps, and its ranges with it. What it has done so far stands.</p>`}
  <//>`;
}

/** {retry(job), busy}: inserts what failed anew, and goes there. */
export function useRetry() {
  const { client } = useLockstep();
  const say = useToast();
  const [which, setWhich] = useState(null);
  const action = useAction(async (job) => {
    setWhich(job.id);
    try {
      const reply = await client.post('/api/admin/jobs/{id}/retry', undefined, { path: { id: job.id } });
      say(`Job ${job.id} is tried again as job ${reply.job.id}.`, 'good');
      location.hash = `#/jobs/${reply.job.id}`;
    } catch (error) {
      say(error.detail || error.message, 'bad');
    }
  });
  return { retry: action.run, busyWith: action.busy ? which : null };
}
