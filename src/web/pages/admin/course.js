// One course: what it is, its chapters, and its end.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Button, Card, Dialog, Figure, Figures, Loaded, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { JobProgress } from '../kit/jobs.js';
import { Back } from '../kit/tabs.js';
import { money, number, plural } from '../kit/format.js';
import { CourseForm, TONE } from './course_form.js';
import { Chapters } from './chapters.js';

const REFRESH_MS = 3000;

function Delete({ course, begun }) {
  const { client } = useLockstep();
  const [isOpen, setOpen] = useState(false);
  const action = useAction(async () => {
    const reply = await client.delete('/api/admin/courses/{id}', { path: { id: course.id } });
    setOpen(false);
    begun(reply.jobId);
  });
  return html`<${Button} tone="danger" onClick=${() => setOpen(true)}>Delete<//>
    <${Confirm} title="Delete “${course.title}” for good?" open=${isOpen} close=${() => setOpen(false)} label="Delete for good" action=${action} onYes=${action.run}>
      <p>The course, ${plural(course.chapters, 'chapter')} and the progress of ${plural(course.enrolledStudents, 'student')} in it are removed, learner by learner. They do not come back. To only close it, archive it instead.</p>
    <//>`;
}

function About({ course, changed, begun }) {
  const [isOpen, setOpen] = useState(false);
  const done = () => {
    setOpen(false);
    changed();
  };
  return html`
    <${Card} title=${course.title} aside=${html`<span class="row"><${Badge} tone=${TONE[course.status] ?? ''}>${course.status}<//><${Button} onClick=${() => setOpen(true)}>Edit<//><${Delete} course=${course} begun=${begun} /></span>`}>
      <p>${course.description ?? html`<span class="quiet">Nothing is said about it yet.</span>`}</p>
      <p class="quiet">${course.isDefaultUnlocked ? 'Given to every student.' : course.isPublic && course.priceCents === 0 ? 'Students may enrol by themselves.' : 'Students ask for access, or pay for it.'}</p>
    <//>
    <${Figures}>
      <${Figure} label="Students" value=${number(course.enrolledStudents)} />
      <${Figure} label="Chapters" value=${number(course.chapters)} />
      <${Figure} label="Price" value=${course.priceCents > 0 ? money(course.priceCents, course.currency) : 'free'} />
    <//>
    <${Dialog} title="Edit the course" open=${isOpen} close=${() => setOpen(false)}><${CourseForm} course=${course} done=${done} close=${() => setOpen(false)} /><//>`;
}

/** While it is deleted the course itself is no longer read: it goes. */
function Going({ jobId }) {
  const say = useToast();
  const ended = (job) => {
    say(job.state === 'done' ? 'The course is deleted.' : `It could not be deleted: ${job.error ?? job.state}.`, job.state === 'done' ? 'good' : 'bad');
    location.hash = job.state === 'done' ? '#/courses' : `#/jobs/${jobId}`;
  };
  return html`<${Card} title="Deletion">
    <${JobProgress} jobId=${jobId} label="The course is being deleted" onEnd=${ended} />
    <p><a href="#/jobs/${jobId}">Job ${jobId}</a></p>
  <//>`;
}

export function CourseDetail({ id }) {
  const [jobId, setJobId] = useState(null);
  const read = useRead(jobId === null ? '/api/admin/courses/{id}' : null, { path: { id }, everyMs: REFRESH_MS });
  return html`<div class="stack">
    <${Back} to="courses">All courses<//>
    ${jobId !== null && html`<${Going} jobId=${jobId} />`}
    ${jobId === null && html`<${Loaded} read=${read} isEmpty=${() => false}>${(course) => html`
      <${About} course=${course} changed=${read.reload} begun=${setJobId} />
      <${Chapters} courseId=${course.id} changed=${read.reload} />`}<//>`}
  </div>`;
}
