// Work that goes on elsewhere: a job is followed to its end, and its end is told once.

import { html, useEffect, useRef } from './html.js';
import { useRead } from './data.js';
import { Bar } from './ui.js';
import { ago, number } from './format.js';

const FOLLOW_MS = 1000;
const LIVELY = new Set(['ready', 'running']);

export const hasEnded = (job) => !LIVELY.has(job.state);

/** The job, read again until it has ended; then onEnd(job), once. jobId null: none. */
export function useJob(jobId, onEnd) {
  const path = jobId ? '/api/admin/jobs/{id}' : null;
  const told = useRef(null);
  const state = useRead(path, { path: { id: jobId }, everyMs: told.current === jobId ? 0 : FOLLOW_MS });
  const job = state.data?.job;
  const latest = useRef(onEnd);
  latest.current = onEnd;
  useEffect(() => {
    if (!job || job.id !== jobId || !hasEnded(job) || told.current === jobId) return;
    told.current = jobId;
    latest.current?.(job);
  }, [job, jobId]);
  return { ...state, job };
}

function progressOf(job) {
  if (!job || job.state === 'ready') return 'Waits for a worker.';
  if (!job.totalUnits) return 'Is being prepared.';
  const rest = job.doneExpectedAt ? `, done ${ago(job.doneExpectedAt)}` : '';
  return `${number(job.doneUnits)} of ${number(job.totalUnits)}${rest}`;
}

/** What is being waited for, with a bar. Nothing without a job. */
export function JobProgress({ jobId, label, onEnd }) {
  const { job, error } = useJob(jobId, onEnd);
  if (!jobId || (job && hasEnded(job))) return null;
  const percent = job?.totalUnits ? (job.doneUnits * 100) / job.totalUnits : 0;
  return html`<div class="working" role="status">
    <p class="row spread"><b>${label}</b><span class="quiet">${error ? 'Its progress cannot be read just now.' : progressOf(job)}</span></p>
    <${Bar} value=${percent} label=${label} />
  </div>`;
}
