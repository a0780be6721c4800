// The kinds of jobs as an administrator orders them: what each does, and what it wants to be told.
// The service says whether an order makes sense; this is its form.

const WHO = { name: 'userId', label: 'Learner', type: 'number', hint: 'Their number. Empty: everybody.' };
const WHOM = { ...WHO, hint: 'Their number.', required: true };
const RULES = { name: 'rules', label: 'Rules', type: 'list', hint: 'Names, with commas between them. Empty: every rule.' };
const CONFIRM = { name: 'confirmOverLimit', label: 'Go on also where a rule would change more than its limit allows', type: 'boolean' };
const AUTHORITY = { name: 'authority', label: 'What is right where columns and document differ', type: 'choice', options: ['modules', 'columns'] };

export const KINDS = [
  { kind: 'sync_all_users', does: 'Brings everybody’s totals into step.', params: [RULES, CONFIRM] },
  { kind: 'sync_user', does: 'Brings one learner’s totals into step.', params: [WHOM] },
  { kind: 'validate', does: 'Looks at everybody by every rule. Changes nothing.', params: [] },
  { kind: 'sample_drift', does: 'Looks at some learners at random places.', params: [{ name: 'learners', label: 'How many learners', type: 'number', hint: 'Empty: 2,000.' }] },
  { kind: 'repair_plan', does: 'Makes a plan of what a repair would change. Changes nothing.', params: [WHO, RULES, AUTHORITY, CONFIRM] },
  { kind: 'auto_fix', does: 'Repairs what breaks a rule.', params: [WHO, RULES, AUTHORITY, CONFIRM] },
  { kind: 'rollback_repair', does: 'Undoes a repair run.', params: [{ name: 'runId', label: 'Repair run', type: 'number', required: true }] },
  { kind: 'rebuild_json', does: 'Rebuilds documents from the columns.', params: [WHO, CONFIRM] },
  { kind: 'audit', does: 'Compares columns and documents of everybody.', params: [] },
  { kind: 'refresh_percentiles', does: 'Counts anew how totals are spread.', params: [] },
  { kind: 'refresh_analytics', does: 'Counts anew the figures of this console.', params: [] },
  { kind: 'recompute_streaks', does: 'Counts practice days and streaks anew.', params: [WHO, CONFIRM] },
  { kind: 'recompute_achievements', does: 'Awards achievements that history proves and that are missing.', params: [WHO] },
  { kind: 'process_events', does: 'Tries progress events again whose processing failed.', params: [WHO, { name: 'forced', label: 'Also those that are not due yet, or were given up', type: 'boolean' }] },
  { kind: 'archive_attempts', does: 'Moves old attempts to the archive.', params: [] },
  { kind: 'prune', does: 'Removes what is kept no longer.', params: [], isFinal: true },
  { kind: 'delete_user', does: 'Deletes a learner, for good.', params: [WHOM], isFinal: true },
  { kind: 'delete_course', does: 'Deletes a course, learner by learner, for good.', params: [{ name: 'courseId', label: 'Course', type: 'number', hint: 'Its number.', required: true }], isFinal: true },
  { kind: 'delete_chapter', does: 'Deletes a chapter, learner by learner, for good.', params: [{ name: 'chapterId', label: 'Chapter', type: 'number', hint: 'Its number.', required: true }], isFinal: true },
];

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
    else params[name] = type === 'number' && Number.isFinite(Number(text)) ? Number(text) : text;
  }
  return params;
}
