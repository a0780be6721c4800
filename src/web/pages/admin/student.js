// One student: enrollments and progress, and what an administrator may do about them.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Bar, Button, Card, Failure, Field, Figure, Figures, Loaded, Table, useToast, When } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { Told } from '../kit/facts.js';
import { hasEnded, JobProgress, useJob } from '../kit/jobs.js';
import { Back } from '../kit/tabs.js';
import { day, nameOf, number, percent } from '../kit/format.js';

const REFRESH_MS = 3000;

const STATUS = { active: ['', 'active'], completed: ['good', 'completed'], cancelled: ['warn', 'cancelled'] };

function Status({ row }) {
  const [tone, text] = STATUS[row.status] ?? ['', 'not enrolled'];
  return html`<${Badge} tone=${tone}>${text}<//>`;
}

/** The courses that a student can be put into: a page of them is enough to choose from. */
function EnrolForm({ student, done }) {
  const { client } = useLockstep();
  const say = useToast();
  const courses = useRead('/api/admin/courses', { query: { limit: 200 }, everyMs: 30000 });
  const [chosen, setChosen] = useState('');
  const taken = new Set(student.enrollments.filter((one) => one.isEnrolled).map((one) => one.courseId));
  const free = (courses.data?.courses ?? []).filter((course) => !taken.has(course.id) && course.status !== 'archived');
  const courseId = Number(chosen || free[0]?.id);
  const action = useAction(async () => {
    const reply = await client.post('/api/enrollment', { userId: student.id, courseId });
    say(reply.message, 'good');
    setChosen('');
    done();
  });
  const send = (event) => {
    event.preventDefault();
    action.run();
  };
  if (courses.data && free.length === 0) return html`<p class="quiet">There is no other course to be enrolled in.</p>`;
  return html`<form class="filters" onSubmit=${send}>
    <${Field} label="Enrol in" options=${free.map((course) => ({ value: String(course.id), label: course.title }))} value=${String(courseId)} onChange=${(event) => setChosen(event.target.value)} />
    <${Button} type="submit" tone="primary" action=${action} disabled=${!courseId || action.busy}>Enrol<//>
    <${Failure} error=${action.error} />
  </form>`;
}

function Enrollments({ student, done }) {
  const { client } = useLockstep();
  const say = useToast();
  const [leaving, setLeaving] = useState(null);
  const action = useAction(async () => {
    const { data } = await client.send('DELETE', '/api/enrollment', { body: { userId: student.id, courseId: leaving.courseId } });
    say(data.message, 'good');
    setLeaving(null);
    done();
  });
  return html`<${Card} title="Enrollments" aside=${html`<${EnrolForm} student=${student} done=${done} />`}>
    ${student.enrollments.length === 0 && html`<p class="empty">Not enrolled in anything.</p>`}
    ${student.enrollments.length > 0 && html`<${Table} caption="Courses of this student" rows=${student.enrollments} keyOf=${(row) => row.courseId} columns=${[
      { label: 'Course', of: (row) => row.title },
      { label: 'Status', of: (row) => html`<${Status} row=${row} />` },
      { label: 'Progress', of: (row) => html`<div class="progress slim"><${Bar} value=${row.progress} tone=${row.status === 'completed' ? 'good' : ''} label="Progress in ${row.title}" /><span class="quiet">${percent(row.progress)}</span></div>` },
      { label: 'Since', of: (row) => html`<${When} at=${row.enrolledAt} />` },
      { label: 'By', of: (row) => row.source ?? '–' },
      { label: 'What to do', isDeed: true, of: (row) => row.isEnrolled && html`<button type="button" aria-label="Unenrol from ${row.title}" onClick=${() => setLeaving(row)}>Unenrol</button>` },
    ]} />`}
    <${Confirm} title="Unenrol ${nameOf(student)}?" open=${leaving !== null} close=${() => setLeaving(null)} label="Unenrol" action=${action} onYes=${action.run}>
      <p>${leaving?.title} is closed to them. The enrollment stays as cancelled, with its progress, so that enrolling again goes on from there.</p>
    <//>
  <//>`;
}

/** The deletion as it goes on, and at its end what was erased. */
function Erased({ jobId }) {
  const { job } = useJob(jobId);
  return html`<${Card} title="Deletion">
    <${JobProgress} jobId=${jobId} label="The learner is being deleted" />
    ${job && hasEnded(job) && (job.state === 'done'
      ? html`<p>The learner is gone. This was erased:</p><${Told} value=${job.report ?? {}} />`
      : html`<div class="failure" role="alert">${job.error ?? `The job was ${job.state}.`}</div>`)}
    <p><a href="#/jobs/${jobId}">Job ${jobId}</a></p>
  <//>`;
}

function Delete({ student, begun }) {
  const { client } = useLockstep();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const action = useAction(async () => {
    const reply = await client.delete('/api/admin/users/{id}', { path: { id: student.id } });
    setOpen(false);
    begun(reply.jobId);
  });
  return html`<${Card} title="Delete for good" aside=${html`<${Button} tone="danger" onClick=${() => setOpen(true)}>Delete ${nameOf(student)}<//>`}>
    <p class="quiet">Removes the learner with all progress, history and messages. Payments stay, without a name.</p>
    <${Confirm} title="Delete ${nameOf(student)} for good?" open=${isOpen} close=${() => setOpen(false)} label="Delete for good" action=${action} disabled=${typed !== String(student.id)} onYes=${action.run}>
      <p>Everything that is theirs is erased. It does not come back, and no repair brings it back.</p>
      <${Field} label="Type their number, ${student.id}, to go on" inputmode="numeric" autocomplete="off" value=${typed} onInput=${(event) => setTyped(event.target.value.trim())} />
    <//>
  <//>`;
}

export function StudentDetail({ id }) {
  const [jobId, setJobId] = useState(null);
  const read = useRead(jobId === null ? '/api/students/{id}' : null, { path: { id }, everyMs: REFRESH_MS });
  return html`<div class="stack">
    <${Back} to="students">All students<//>
    ${jobId !== null && html`<${Erased} jobId=${jobId} />`}
    ${jobId === null && html`<${Loaded} read=${read} isEmpty=${() => false}>${(student) => html`
      <h2 class="name">${nameOf(student)} <span class="quiet">${student.username ? `${student.username}, ` : ''}number ${student.id}${student.role === 'student' ? '' : `, ${student.role}`}</span></h2>
      <${Figures}>
        <${Figure} label="Tokens" value=${number(student.tokens)} />
        <${Figure} label="Enrolled in" value=${number(student.enrollments.filter((one) => one.isEnrolled).length)} />
        <${Figure} label="Completed" value=${number(student.enrollments.filter((one) => one.status === 'completed').length)} />
        <${Figure} label="Here since" value=${day(student.createdAt)} />
      <//>
      <${Enrollments} student=${student} done=${read.reload} />
      <${Delete} student=${student} begun=${setJobId} />`}<//>`}
  </div>`;
}
