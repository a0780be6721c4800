// The jobs: what is under way and how far, what became of the others, and what comes about by itself.

import { html, useState } from '../kit/html.js';
import { useList, useRead } from '../kit/data.js';
import { Badge, Button, Card, Field, Loaded, Table, When } from '../kit/ui.js';
import { Chart } from '../kit/chart.js';
import { Tabs } from '../kit/tabs.js';
import { moment } from '../kit/format.js';
import { isOver, isSchedule, mayRetry, STATES, useKinds } from './job_kinds.js';
import { CancelJob, JobProgress, JobState, rhythmText, tookText, useRetry } from './job_pieces.js';
import { OrderJob } from './job_order.js';
import { JobDetail } from './job_detail.js';

const LIST_MS = 2000;
const SLOW_MS = 10000;
const PAGE = 200;

const STEPS_S = [60, 300, 900, 3600, 4 * 3600, 86400];
const BUCKETS = 24;

/** When jobs ended: {x, ended, failed} over the last buckets that the newest 200 jobs reach. */
function throughputOf(jobs) {
  const over = jobs.filter((job) => job.finishedAt).map((job) => ({ at: Date.parse(job.finishedAt) / 1000, isBad: job.state === 'failed' || job.state === 'dead' }));
  if (over.length === 0) return null;
  const now = Date.now() / 1000;
  const span = now - Math.min(...over.map((job) => job.at));
  const step = STEPS_S.find((one) => one * BUCKETS >= span) ?? STEPS_S.at(-1);
  const last = Math.floor(now / step);
  const x = Array.from({ length: BUCKETS }, (_, at) => (last - BUCKETS + 1 + at) * step);
  const count = (jobsOf) => x.map((from) => jobsOf.filter((job) => job.at >= from && job.at < from + step).length);
  return { x, ended: count(over), failed: count(over.filter((job) => job.isBad)) };
}

function Throughput() {
  const read = useRead('/api/admin/jobs', { query: { limit: PAGE }, everyMs: SLOW_MS });
  return html`<${Card} title="Throughput" aside=${html`<span class="quiet">the newest ${PAGE} jobs</span>`}>
    <${Loaded} read=${read} empty="No job has ended yet." isEmpty=${(data) => throughputOf(data.jobs) === null}>${(data) => {
      const { x, ended, failed } = throughputOf(data.jobs);
      return html`<${Chart} label="Jobs that ended" bars x=${x} series=${[{ label: 'Ended', values: ended }, { label: 'Of these, failed', values: failed }]} range=${(plot, low, high) => [0, Math.max(4, Math.ceil(high * 1.1))]} xText=${(at) => moment(at * 1000)} />`;
    }}<//>
  <//>`;
}

function RunningNow() {
  const read = useRead('/api/admin/jobs', { query: { state: 'running', limit: PAGE }, everyMs: LIST_MS });
  return html`<${Card} title="Under way"><${Loaded} read=${read} empty="Nothing is under way." isEmpty=${(data) => data.jobs.length === 0}>${(data) => html`
    <ul class="list">${data.jobs.map((job) => html`<li key=${job.id}>
      <div class="row spread"><a href="#/jobs/${job.id}">${job.kind} ${job.id}</a><${JobState} job=${job} /></div>
      <${JobProgress} job=${job} />
    </li>`)}</ul>`}<//><//>`;
}

function Filters({ state, setState, kind, setKind }) {
  const names = (useKinds().data?.kinds ?? []).map((one) => one.name).sort();
  return html`<div class="filters">
    <${Field} label="State" options=${[{ value: '', label: 'All' }, ...Object.entries(STATES).map(([value, [, label]]) => ({ value, label }))]} value=${state} onChange=${(event) => setState(event.target.value)} />
    <${Field} label="Kind" options=${[{ value: '', label: 'All' }, ...names]} value=${kind} onChange=${(event) => setKind(event.target.value)} />
  </div>`;
}

/** The button that fits where the job stands. */
function Deed({ job, cancel, retrying }) {
  if (!isOver(job)) return html`<${Button} disabled=${job.cancelRequested} onClick=${() => cancel(job)} aria-label="Cancel job ${job.id}">Cancel<//>`;
  if (mayRetry(job)) return html`<${Button} disabled=${retrying.busyWith !== null} onClick=${() => retrying.retry(job)} aria-label="Try again: job ${job.id}">Try again<//>`;
  return null;
}

function JobList() {
  const [state, setState] = useState('');
  const [kind, setKind] = useState('');
  const [cancelled, setCancelled] = useState(null);
  const retrying = useRetry();
  const list = useList('/api/admin/jobs', (reply) => reply.jobs, { query: { state: state || undefined, kind: kind || undefined }, everyMs: LIST_MS });
  const shown = { ...list, rows: list.rows?.filter((job) => !isSchedule(job)) };
  return html`<${Card} title="Jobs" aside=${html`<${Filters} ...${{ state, setState, kind, setKind }} />`}>
    <${Loaded} read=${shown} empty="There are no such jobs.">${(rows) => html`<${Table} caption="Jobs, newest first" rows=${rows} keyOf=${(job) => job.id} columns=${[
      { label: 'Job', of: (job) => html`<a href="#/jobs/${job.id}">${job.kind} <span class="quiet">${job.id}</span></a>` },
      { label: 'State', of: (job) => html`<${JobState} job=${job} />` },
      { label: 'Progress', of: (job) => html`<${JobProgress} job=${job} />` },
      { label: 'Due', of: (job) => html`<${When} at=${job.runAt} />` },
      { label: 'Took', numeric: true, of: tookText },
      { label: 'What to do', isDeed: true, of: (job) => html`<${Deed} job=${job} cancel=${setCancelled} retrying=${retrying} />` },
    ]} />`}<//>
    <${CancelJob} job=${cancelled} close=${() => setCancelled(null)} done=${list.reload} />
  <//>`;
}

/** What a schedule's last tick brought about. */
function LastTick({ tick }) {
  if (!tick) return html`<span class="quiet">never</span>`;
  if (tick.skipped) return html`<${Badge} tone="warn">skipped<//> <span class="quiet">${tick.because}</span>`;
  return html`<${When} at=${tick.tickAt} /> <a href="#/jobs/${tick.jobId}">job ${tick.jobId}</a>`;
}

function Schedule() {
  const [ended, setEnded] = useState(null);
  const list = useList('/api/admin/jobs', (reply) => reply.jobs.filter(isSchedule), { query: { state: 'ready', limit: PAGE }, everyMs: SLOW_MS });
  return html`<${Card} title="What comes about by itself">
    <${Loaded} read=${list} empty="Nothing is scheduled. A new job can be made to come again.">${(rows) => html`<${Table} caption="Schedules" rows=${rows} keyOf=${(job) => job.id} columns=${[
      { label: 'Kind', of: (job) => html`<a href="#/jobs/${job.id}">${job.kind}</a>` },
      { label: 'How often', of: rhythmText },
      { label: 'Next', of: (job) => html`<${When} at=${job.runAt} />` },
      { label: 'Last', of: (job) => html`<${LastTick} tick=${job.report} />` },
      { label: 'What to do', isDeed: true, of: (job) => html`<${Button} disabled=${job.cancelRequested} onClick=${() => setEnded(job)} aria-label="End the schedule of ${job.kind}">End<//>` },
    ]} />`}<//>
    <${CancelJob} job=${ended} close=${() => setEnded(null)} done=${list.reload} />
  <//>`;
}

export function View({ rest: [part = ''] }) {
  const [isOrdering, setOrdering] = useState(false);
  if (/^\d+$/.test(part)) return html`<${JobDetail} key=${part} id=${part} />`;
  const ordered = (job) => (location.hash = `#/jobs/${job.id}`);
  return html`<div class="stack">
    <div class="row spread">
      <${Tabs} label="Jobs" of="jobs" at=${part} tabs=${[{ path: '', label: 'Jobs' }, { path: 'schedule', label: 'Schedule' }]} />
      <button type="button" class="primary" onClick=${() => setOrdering(true)}>New job</button>
    </div>
    ${part === 'schedule' ? html`<${Schedule} />` : html`<div class="grid even"><${RunningNow} /><${Throughput} /></div><${JobList} />`}
    <${OrderJob} open=${isOrdering} close=${() => setOrdering(false)} done=${ordered} />
  </div>`;
}
