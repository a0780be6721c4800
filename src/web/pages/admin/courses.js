// The courses: what there is to learn, and how many learn it.

import { html, useState } from '../kit/html.js';
import { useList, useRead } from '../kit/data.js';
import { Badge, Bar, Card, Dialog, Loaded, Table } from '../kit/ui.js';
import { money, number, percent } from '../kit/format.js';
import { Numbers } from './numbers.js';
import { CourseForm, TONE } from './course_form.js';
import { CourseDetail } from './course.js';

const REFRESH_MS = 5000;
const COUNTED_MS = 30000;

/** How far the students of a course are, as of the last count. */
function Average({ row }) {
  if (!row) return html`<span class="quiet">–</span>`;
  return html`<div class="progress slim"><${Bar} value=${row.averageProgress} label="Average progress in ${row.title}" /><span class="quiet">${percent(row.averageProgress)}</span></div>`;
}

function List({ make }) {
  const list = useList('/api/admin/courses', (reply) => reply.courses, { everyMs: REFRESH_MS });
  const counted = useRead('/api/admin/analytics', { query: { limit: 200 }, everyMs: COUNTED_MS });
  const byId = new Map((counted.data?.courses ?? []).map((row) => [row.courseId, row]));
  return html`<${Card} title="All courses" aside=${html`<button type="button" class="primary" onClick=${make}>New course</button>`}><${Loaded} read=${list} empty="There are no courses yet. Make the first one.">${(rows) => html`
    <${Table} caption="Courses" rows=${rows} keyOf=${(row) => row.id} columns=${[
      { label: 'Course', of: (row) => html`<a href="#/courses/${row.id}">${row.title}</a>` },
      { label: 'Status', of: (row) => html`<${Badge} tone=${TONE[row.status] ?? ''}>${row.status}<//>` },
      { label: 'Price', numeric: true, of: (row) => (row.priceCents > 0 ? money(row.priceCents, row.currency) : 'free') },
      { label: 'Chapters', numeric: true, of: (row) => number(row.chapters) },
      { label: 'Students', numeric: true, of: (row) => number(row.enrolledStudents) },
      { label: 'Average progress', of: (row) => html`<${Average} row=${byId.get(row.id)} />` },
    ]} />`}<//><//>`;
}

export function View({ rest: [part = ''] }) {
  const [isMaking, setMaking] = useState(false);
  if (/^\d+$/.test(part)) return html`<${CourseDetail} key=${part} id=${part} />`;
  const made = (course) => {
    setMaking(false);
    location.hash = `#/courses/${course.id}`;
  };
  return html`<div class="stack">
    <${Numbers} chart />
    <${List} make=${() => setMaking(true)} />
    <${Dialog} title="A new course" open=${isMaking} close=${() => setMaking(false)}>
      <${CourseForm} course=${null} done=${made} close=${() => setMaking(false)} />
    <//>
  </div>`;
}
