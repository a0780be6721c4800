// One job: how far it is, what it tells of itself, and what went wrong.

import { html, useState } from '../kit/html.js';
import { useList, useRead } from '../kit/data.js';
import { Button, Card, Loaded, Table, When } from '../kit/ui.js';
import { Facts, Told } from '../kit/facts.js';
import { Back } from '../kit/tabs.js';
import { number, plural } from '../kit/format.js';
import { isOver, isSchedule, mayRetry, STATES } from './job_kinds.js';
import { CancelJob, JobProgress, JobState, rhythmText, tookText, useRetry } from './job_pieces.js';

const REFRESH_MS = 1000;

/** The last range has no end of its own: a bound that no number of a learner reaches. */
const rangeText = (job) => (job.rangeTo >= Number.MAX_SAFE_INTEGER ? `from ${number(job.rangeFrom)}` : `${number(job.rangeFrom)} to ${number(job.rangeTo)}`);

function rangesText(ranges) {
  return Object.entries(ranges).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${STATES[state][1]}`).join(', ');
}

function Ranges({ id }) {
  const list = useList('/api/admin/jobs', (reply) => reply.jobs, { query: { parentId: id }, everyMs: REFRESH_MS });
  return html`<${Card} title="Ranges"><${Loaded} read=${list} empty="It has not been divided.">${(rows) => html`
    <${Table} caption="Ranges of job ${id}" rows=${rows} keyOf=${(job) => job.id} columns=${[
      { label: 'Learners', of: (job) => html`<a href="#/jobs/${job.id}">${rangeText(job)}</a>` },
      { label: 'State', of: (job) => html`<${JobState} job=${job} />` },
      { label: 'Progress', of: (job) => html`<${JobProgress} job=${job} />` },
      { label: 'Took', numeric: true, of: tookText },
    ]} />`}<//><//>`;
}

function factsOf(job, ranges) {
  return [
    ['State', html`<${JobState} job=${job} />`],
    isSchedule(job) && ['How often', rhythmText(job)],
    ['Due', html`<${When} at=${job.runAt} />`],
    job.startedAt && ['Begun', html`<${When} at=${job.startedAt} />`],
    job.finishedAt && ['Ended', html`<${When} at=${job.finishedAt} />`],
    job.startedAt && ['Took', tookText(job)],
    ['Tries', `${job.attempts} of ${plural(job.maxAttempts, 'try', 'tries')}`],
    ['Priority', job.priority],
    ['Ranges', rangesText(ranges)],
    ['Asked for by', job.createdBy],
    job.scheduleId !== undefined && ['Schedule', html`<a href="#/jobs/${job.scheduleId}">${job.scheduleId}</a>`],
    job.parentId !== undefined && ['Range of', html`<a href="#/jobs/${job.parentId}">job ${job.parentId}</a>`],
    ['Only one at a time as', job.dedupeKey],
  ].filter((row) => row && row[1] !== '');
}

function Trouble({ job }) {
  if (job.state === 'cancelled') return html`<p class="stale">${job.error}</p>`;
  return html`<div class="failure"><b>${isOver(job) ? 'What went wrong:' : 'It is tried again, because:'}</b> ${job.error}</div>`;
}

export function JobDetail({ id }) {
  const read = useRead('/api/admin/jobs/{id}', { path: { id }, everyMs: REFRESH_MS });
  const [cancelled, setCancelled] = useState(null);
  const retrying = useRetry();
  return html`<div class="stack">
    <${Back} to="jobs">All jobs<//>
    <${Loaded} read=${read} isEmpty=${() => false}>${({ job, ranges }) => html`
      <${Card} title="${job.kind} ${job.id}" aside=${html`
        ${!isOver(job) && html`<${Button} tone="danger" disabled=${job.cancelRequested} onClick=${() => setCancelled(job)}>${isSchedule(job) ? 'End the schedule' : 'Cancel'}<//>`}
        ${mayRetry(job) && html`<${Button} tone="primary" disabled=${retrying.busyWith !== null} onClick=${() => retrying.retry(job)}>Try again<//>`}`}>
        ${(job.state === 'running' || job.totalUnits > 0) && html`<${JobProgress} job=${job} />`}
        <${Facts} rows=${factsOf(job, ranges)} />
      <//>
      ${job.error && html`<${Trouble} job=${job} />`}
      <div class="grid">
        ${job.params !== undefined && html`<${Card} title="What it was told"><${Told} value=${job.params} /><//>`}
        ${job.report !== undefined && html`<${Card} title="What it reports"><${Told} value=${job.report} /><//>`}
      </div>
      ${rangesText(ranges) !== '' && html`<${Ranges} id=${id} />`}`}<//>
    <${CancelJob} job=${cancelled} close=${() => setCancelled(null)} done=${read.reload} />
  </div>`;
}
