// One course of the learner's, chapter by chapter.

import { html } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Bar, Button, Card, Loaded, When, useToast } from '../kit/ui.js';
import { percent, plural } from '../kit/format.js';

/** The first one that is not done is what comes next, though any may be done before. */
function Chapter({ chapter, isNext, finish }) {
  return html`<li class="row chapter ${chapter.isComplete ? 'done' : ''}">
    <span class="mark" aria-hidden="true">${chapter.isComplete ? '✓' : chapter.position}</span>
    <span class="grow">${chapter.title}
      ${chapter.isComplete && html`<br /><span class="quiet">completed <${When} at=${chapter.completedAt} /></span>`}
      ${isNext && html` <${Badge}>next<//>`}</span>
    ${!chapter.isComplete && html`<${Button} tone=${isNext ? 'primary' : ''} action=${finish} aria-label="Complete: ${chapter.title}" onClick=${() => finish.run(chapter)}>Complete<//>`}
  </li>`;
}

function Chapters({ course, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  const finish = useAction(async (chapter) => {
    try {
      const reply = await client.post('/api/student/chapters/complete', { chapterId: chapter.id });
      say(reply.status === 'completed' ? `You have completed “${course.title}”.` : reply.message, 'good');
    } catch (error) {
      say(`“${chapter.title}” was not completed: ${error.detail || error.message}`, 'bad');
    }
    await reload();
  });
  const next = course.chapters.find((chapter) => !chapter.isComplete);
  const done = course.enrollmentStatus === 'completed';
  return html`<${Card} class="offer" title=${course.title} aside=${done ? html`<${Badge} tone="good">completed<//>` : html`<b>${percent(course.progress)}</b>`}>
    ${course.description && html`<p>${course.description}</p>`}
    <${Bar} value=${course.progress} tone=${done ? 'good' : ''} label="Progress in ${course.title}" />
    <p class="quiet">${course.completedChapters} of ${plural(course.totalChapters, 'chapter')}${course.completedAt && html`, completed <${When} at=${course.completedAt} />`}</p>
    ${course.chapters.length === 0
      ? html`<p class="empty">This course has no chapters yet.</p>`
      : html`<ol class="list">${course.chapters.map((chapter) => html`<${Chapter} key=${chapter.id} chapter=${chapter} isNext=${chapter === next} finish=${finish} />`)}</ol>`}
  <//>`;
}

export function Course({ id }) {
  const details = useRead('/api/student/progress-details');
  const find = (data) => data.courses.find((course) => course.id === id);
  return html`<div class="stack">
    <p><a href="#/courses">← All courses</a></p>
    <${Loaded} read=${details} empty="You are not in this course, or it is closed." isEmpty=${(data) => !find(data)} rows=${5}>${(data) => html`<${Chapters} course=${find(data)} reload=${details.reload} />`}<//>
  </div>`;
}
