// Enrollments as lists: brought in, seen before anything is done, and taken away.

import { html, useRef, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Bar, Button, Card, Failure, Field, Figure, Figures, Table, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { save } from '../kit/files.js';
import { number, plural } from '../kit/format.js';
import { bringParts, partsOf, readList, sumOf } from './roster.js';

const BAD_SHOWN = 200;

const changesOf = (sum) => sum.enrolled + sum.enrolledAgain + sum.mended + sum.unenrolled;

/** How far something is that goes on in this page. */
function Going({ step, label }) {
  if (!step) return null;
  return html`<div class="progress" role="status"><${Bar} value=${(100 * step.done) / step.total} label=${label} /><span class="quiet">${label}: ${number(step.done)} of ${plural(step.total, 'line')}</span></div>`;
}

function Lines({ bad }) {
  return html`<${Table} caption="Lines that cannot be taken" rows=${bad.slice(0, BAD_SHOWN)} keyOf=${(row) => row.line} columns=${[
      { label: 'Line', numeric: true, of: (row) => (row.lastLine > row.line ? `${row.line}–${row.lastLine}` : row.line) },
      { label: 'Why not', of: (row) => `${row.column ? `${row.column} ` : ''}${row.why}` },
      { label: 'As it stands there', of: (row) => html`<code>${row.text}</code>` },
    ]} />
    ${bad.length > BAD_SHOWN && html`<p class="quiet">And ${plural(bad.length - BAD_SHOWN, 'line')} more: save them to see all.</p>`}`;
}

function Report({ sum, isApplied }) {
  return html`<p role="status"><b>${isApplied ? 'This was done.' : 'This would happen.'}</b> <span class="quiet">${plural(sum.lines, 'line')} in the file.</span></p>
    <${Figures}>
      <${Figure} label=${isApplied ? 'Enrolled' : 'Enrol'} value=${number(sum.enrolled + sum.enrolledAgain)} note=${sum.enrolledAgain > 0 ? `${number(sum.enrolledAgain)} of them again` : undefined} />
      <${Figure} label=${isApplied ? 'Unenrolled' : 'Unenrol'} value=${number(sum.unenrolled)} tone=${sum.unenrolled > 0 ? 'warn' : ''} />
      ${sum.mended > 0 && html`<${Figure} label="Put right" value=${number(sum.mended)} note="stood in one table only, or with a request" />`}
      <${Figure} label="So already" value=${number(sum.unchanged + sum.repeated)} />
      <${Figure} label="Cannot be taken" value=${number(sum.bad.length)} tone=${sum.bad.length > 0 ? 'bad' : ''} />
    <//>
    ${sum.bad.length > 0 && html`<${Lines} bad=${sum.bad} />`}`;
}

/** What is to be done with a file: do it, keep its rejects, forget it. */
function Deeds({ sum, isApplied, ask, keepRejects, forget }) {
  const changes = changesOf(sum);
  return html`<p class="actions">
    <button type="button" onClick=${forget}>${isApplied ? 'Another file' : 'Forget it'}</button>
    ${sum.bad.length > 0 && html`<button type="button" onClick=${keepRejects}>Save what cannot be taken</button>`}
    ${!isApplied && html`<button type="button" class="primary" disabled=${changes === 0} onClick=${ask}>${changes === 0 ? 'Nothing to do' : `Do it: ${plural(changes, 'change')}`}</button>`}
  </p>`;
}

/** {list, sum, isApplied, step, look, apply, forget}: a file from its choice to its report. */
function useList() {
  const { client } = useLockstep();
  const say = useToast();
  const [state, setState] = useState({ list: null, seen: null, sum: null, isApplied: false });
  const [step, setStep] = useState(null);
  const forget = () => setState({ list: null, seen: null, sum: null, isApplied: false });
  const onStep = (done, total) => setStep({ done, total });
  const look = useAction(async (file) => {
    forget();
    try {
      const list = partsOf(await file.text());
      if (list.parts.length === 0) throw new Error('There is nothing in the file but its first line.');
      const seen = await bringParts(client, list, null, onStep);
      setState({ list, seen, sum: sumOf(seen), isApplied: false });
    } finally {
      setStep(null);
    }
  });
  const apply = useAction(async () => {
    try {
      const sum = sumOf(await bringParts(client, state.list, state.seen, onStep));
      setState({ ...state, sum, isApplied: true });
      say(`${plural(changesOf(sum), 'enrollment')} changed${sum.bad.length > 0 ? `, ${plural(sum.bad.length, 'line')} not taken` : ''}.`, sum.bad.length > 0 ? '' : 'good');
    } finally {
      setStep(null);
    }
  });
  return { ...state, step, look, apply, forget };
}

function Import() {
  const { list, sum, isApplied, step, look, apply, forget } = useList();
  const input = useRef(null);
  const [asks, setAsks] = useState(false);
  const leave = () => {
    forget();
    if (input.current) input.current.value = '';
  };
  const begin = () => {
    setAsks(false);
    return apply.run();
  };
  const keepRejects = () => save('rejected.csv', 'text/csv;charset=utf-8', `${[list.head, ...sum.bad.map((row) => row.text)].join('\r\n')}\r\n`);
  return html`<${Card} title="Import">
    <p>A CSV file whose first line names the columns: courseId, and userId, username or subject; and status, if some are to be cancelled. Active, completed or empty enrols; cancelled unenrols. Nothing is done before you have seen what would be.</p>
    <div class="field"><label for="roster-file">CSV file</label>
      <input id="roster-file" ref=${input} type="file" accept=".csv,text/csv" disabled=${look.busy || apply.busy} onChange=${(event) => event.target.files[0] && look.run(event.target.files[0])} /></div>
    <${Failure} error=${look.error ?? apply.error} />
    ${apply.error && html`<p>What was done until then is done. Do it again, and only the rest is.</p>`}
    <${Going} step=${step} label=${apply.busy ? 'Doing it' : 'Looking at it'} />
    ${sum && !apply.busy && html`
      <${Report} sum=${sum} isApplied=${isApplied} />
      <${Deeds} sum=${sum} isApplied=${isApplied} ask=${() => setAsks(true)} keepRejects=${keepRejects} forget=${leave} />`}
    <${Confirm} title="Do what the list says?" open=${asks} close=${() => setAsks(false)} label="Do it" tone=${sum?.unenrolled > 0 ? 'danger' : 'primary'} action=${apply} onYes=${begin}>
      <p>${plural((sum?.enrolled ?? 0) + (sum?.enrolledAgain ?? 0), 'enrollment')} will be made${sum?.unenrolled > 0 ? `, and ${number(sum.unenrolled)} cancelled` : ''}. Lines that cannot be taken are left out.</p>
    <//>
  <//>`;
}

function Export() {
  const { client } = useLockstep();
  const say = useToast();
  const courses = useRead('/api/admin/courses', { query: { limit: 200 }, everyMs: 30000 });
  const [courseId, setCourseId] = useState('');
  const [lines, setLines] = useState(null);
  const running = useRef(null);
  const action = useAction(async () => {
    running.current = new AbortController();
    setLines(0);
    try {
      const { text, enrollments } = await readList(client, courseId === '' ? null : Number(courseId), setLines, running.current.signal);
      save(courseId === '' ? 'enrollments.csv' : `course-${courseId}.csv`, 'text/csv;charset=utf-8', text);
      say(`${plural(enrollments, 'enrollment')} saved.`, 'good');
    } catch (error) {
      if (!running.current.signal.aborted) throw error;
      say('The export was stopped.');
    } finally {
      setLines(null);
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
    ${lines !== null && html`<p class="quiet" role="status">Reading: ${plural(lines, 'enrollment')} so far.</p>`}
    <${Failure} error=${action.error ?? courses.error} />
  <//>`;
}

export const Enrollments = () => html`<${Import} /><${Export} />`;
