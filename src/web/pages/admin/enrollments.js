// Enrollments as lists: brought in, seen before anything is done, and taken away.

import { html, useRef, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Bar, Button, Card, Failure, Field, Figure, Figures, Table, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { parseCsv, saveFile, toCsv } from '../kit/csv.js';
import { number, plural } from '../kit/format.js';
import { applyRoster, COLUMNS, planRoster, readRoster } from './roster.js';

const ROWS_SHOWN = 200;

const DEEDS = {
  enrol: ['good', 'enrol'],
  again: ['good', 'enrol again'],
  unenrol: ['warn', 'unenrol'],
  nothing: ['', 'is so already'],
  reject: ['bad', 'cannot be taken'],
};
const DEEDS_FIRST = ['reject', 'unenrol', 'again', 'enrol', 'nothing'];

const countOf = (plan, deed) => plan.filter((row) => row.deed === deed).length;

/** How far something is that goes on in this page. */
function Going({ step, label }) {
  if (!step) return null;
  return html`<div class="progress" role="status"><${Bar} value=${step.total ? (100 * step.done) / step.total : null} label=${label} /><span class="quiet">${label}: ${number(step.done)} of ${number(step.total)}</span></div>`;
}

function Plan({ plan }) {
  const rows = [...plan].sort((a, b) => DEEDS_FIRST.indexOf(a.deed) - DEEDS_FIRST.indexOf(b.deed) || a.line - b.line);
  return html`<${Figures}>
      <${Figure} label="Enrol" value=${countOf(plan, 'enrol') + countOf(plan, 'again')} />
      <${Figure} label="Unenrol" value=${countOf(plan, 'unenrol')} tone=${countOf(plan, 'unenrol') > 0 ? 'warn' : ''} />
      <${Figure} label="So already" value=${countOf(plan, 'nothing')} />
      <${Figure} label="Cannot be taken" value=${countOf(plan, 'reject')} tone=${countOf(plan, 'reject') > 0 ? 'bad' : ''} />
    <//>
    <${Table} caption="Lines of the file" rows=${rows.slice(0, ROWS_SHOWN)} keyOf=${(row) => row.line} columns=${[
      { label: 'Line', numeric: true, of: (row) => row.line },
      { label: 'Learner', of: (row) => row.name || '–' },
      { label: 'Course', of: (row) => row.title || '–' },
      { label: 'What', of: (row) => html`<${Badge} tone=${DEEDS[row.deed][0]}>${row.isDone ? 'done: ' : ''}${DEEDS[row.deed][1]}<//>` },
      { label: 'Why not', of: (row) => row.why ?? '' },
    ]} />
    ${rows.length > ROWS_SHOWN && html`<p class="quiet">And ${plural(rows.length - ROWS_SHOWN, 'line')} more.</p>`}`;
}

/** What is to be done with a plan: do it, keep its rejects, forget it. */
function Deeds({ plan, isApplied, ask, keepRejects, forget }) {
  const deeds = plan.length - countOf(plan, 'reject') - countOf(plan, 'nothing');
  return html`<p class="actions">
    <button type="button" onClick=${forget}>${isApplied ? 'Another file' : 'Forget it'}</button>
    ${countOf(plan, 'reject') > 0 && html`<button type="button" onClick=${keepRejects}>Save what cannot be taken</button>`}
    ${!isApplied && html`<button type="button" class="primary" disabled=${deeds === 0} onClick=${ask}>${deeds === 0 ? 'Nothing to do' : `Do it: ${plural(deeds, 'change')}`}</button>`}
  </p>`;
}

function Import() {
  const { client } = useLockstep();
  const say = useToast();
  const input = useRef(null);
  const [state, setState] = useState({ plan: null, header: [], isApplied: false });
  const [step, setStep] = useState(null);
  const [asks, setAsks] = useState(false);
  const onStep = (done, total) => setStep({ done, total });
  const forget = () => {
    setState({ plan: null, header: [], isApplied: false });
    if (input.current) input.current.value = '';
  };
  const look = useAction(async (file) => {
    setState({ plan: null, header: [], isApplied: false });
    try {
      const sheet = parseCsv(await file.text());
      setState({ plan: await planRoster(client, sheet, onStep), header: sheet.header, isApplied: false });
    } finally {
      setStep(null);
    }
  });
  const apply = useAction(async () => {
    setAsks(false);
    try {
      const plan = await applyRoster(client, state.plan, onStep);
      setState({ ...state, plan, isApplied: true });
      const rejected = countOf(plan, 'reject');
      say(`${plural(plan.filter((row) => row.isDone).length, 'enrollment')} changed${rejected > 0 ? `, ${plural(rejected, 'line')} not taken` : ''}.`, rejected > 0 ? '' : 'good');
    } finally {
      setStep(null);
    }
  });
  const keepRejects = () => saveFile('rejected.csv', toCsv([...state.header, 'why'], state.plan.filter((row) => row.deed === 'reject').map((row) => [...row.cells, row.why])));
  const unenrols = state.plan ? countOf(state.plan, 'unenrol') : 0;
  return html`<${Card} title="Import">
    <p>A CSV file whose first line names the columns: userId, courseId, and status. Active, completed or empty enrols; cancelled unenrols. Nothing is done before you have seen what would be.</p>
    <div class="field"><label for="roster-file">CSV file</label>
      <input id="roster-file" ref=${input} type="file" accept=".csv,text/csv" disabled=${look.busy || apply.busy} onChange=${(event) => event.target.files[0] && look.run(event.target.files[0])} /></div>
    <${Failure} error=${look.error ?? apply.error} />
    <${Going} step=${step} label=${apply.busy ? 'Doing it' : 'Looking at the learners'} />
    ${state.plan && !apply.busy && html`
      <p role="status"><b>${state.isApplied ? 'This was done.' : 'This would happen.'}</b></p>
      <${Plan} plan=${state.plan} />
      <${Deeds} plan=${state.plan} isApplied=${state.isApplied} ask=${() => setAsks(true)} keepRejects=${keepRejects} forget=${forget} />`}
    <${Confirm} title="Do what the list says?" open=${asks} close=${() => setAsks(false)} label="Do it" tone=${unenrols > 0 ? 'danger' : 'primary'} action=${apply} onYes=${apply.run}>
      <p>${plural(state.plan ? countOf(state.plan, 'enrol') + countOf(state.plan, 'again') : 0, 'enrollment')} will be made${unenrols > 0 ? `, and ${number(unenrols)} cancelled` : ''}. Lines that cannot be taken are left out.</p>
    <//>
  <//>`;
}

function Export() {
  const { client } = useLockstep();
  const say = useToast();
  const courses = useRead('/api/admin/courses', { query: { limit: 200 }, everyMs: 30000 });
  const [courseId, setCourseId] = useState('');
  const [step, setStep] = useState(null);
  const running = useRef(null);
  const action = useAction(async () => {
    running.current = new AbortController();
    try {
      const lines = await readRoster(client, courseId === '' ? null : Number(courseId), (done, total) => setStep({ done, total }), running.current.signal);
      saveFile(courseId === '' ? 'enrollments.csv' : `course-${courseId}.csv`, toCsv(COLUMNS, lines));
      say(`${plural(lines.length, 'enrollment')} saved.`, 'good');
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
      say('The export was stopped.');
    } finally {
      setStep(null);
    }
  });
  const options = [{ value: '', label: 'All courses' }, ...(courses.data?.courses ?? []).map((course) => ({ value: String(course.id), label: course.title }))];
  return html`<${Card} title="Export">
    <p>Enrollments as CSV, cancelled ones among them. An import takes the file back.</p>
    <div class="filters">
      <${Field} label="Course" options=${options} value=${courseId} onChange=${(event) => setCourseId(event.target.value)} />
      <${Button} tone="primary" action=${action} onClick=${action.run}>Export<//>
      ${action.busy && html`<button type="button" onClick=${() => running.current.abort()}>Stop</button>`}
    </div>
    <${Going} step=${step} label="Reading learners" />
    <${Failure} error=${action.error ?? courses.error} />
  <//>`;
}

export const Enrollments = () => html`<${Import} /><${Export} />`;
