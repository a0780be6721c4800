// The kinds of jobs as the service tells them, and the form that an order of one has. It says whether it makes sense.

import { useRead } from '../kit/data.js';
import { words } from '../kit/facts.js';

const REFRESH_MS = 60000;

/** A read of {kinds: [{name, summary, unit, isFinal, params: [{name, type, isRequired, default?, choices?, summary}]}]}. */
export const useKinds = () => useRead('/api/admin/jobs/kinds', { everyMs: REFRESH_MS });

/** "userId", a learner → "Learner"; "courseId" → "Course". */
export const labelOf = (param) => (param.type === 'learner' ? 'Learner' : words(param.name.replace(/Id$/, '')));

export const STATES = {
  ready: ['', 'waiting'],
  running: ['warn', 'running'],
  done: ['good', 'done'],
  failed: ['bad', 'failed'],
  dead: ['bad', 'given up'],
  cancelled: ['', 'cancelled'],
};

export const isSchedule = (job) => job.repeatEveryS !== undefined || job.repeatDailyAt !== undefined;
export const isOver = (job) => job.state !== 'ready' && job.state !== 'running';
export const mayRetry = (job) => ['failed', 'dead', 'cancelled'].includes(job.state) && job.parentId === undefined;

const isNumber = (type, text) => ['learner', 'integer', 'number'].includes(type) && Number.isFinite(Number(text));

/** What the form holds, as the service wants it: what is empty is left out. */
export function paramsOf(kind, values) {
  const params = {};
  for (const { name, type } of kind.params) {
    const value = values[name];
    if (type === 'boolean') {
      if (value) params[name] = true;
      continue;
    }
    const text = (value ?? '').trim();
    if (text === '') continue;
    if (type === 'list') params[name] = text.split(',').map((one) => one.trim()).filter(Boolean);
    else params[name] = isNumber(type, text) ? Number(text) : text;
  }
  return params;
}
