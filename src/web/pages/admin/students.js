// Who learns here, and what they are enrolled in.

import { html, useState } from '../kit/html.js';
import { useList } from '../kit/data.js';
import { Bar, Button, Card, Field, Loaded, Table, When } from '../kit/ui.js';
import { Tabs } from '../kit/tabs.js';
import { nameOf, number, percent } from '../kit/format.js';
import { Numbers } from './numbers.js';
import { StudentDetail } from './student.js';
import { Enrollments } from './enrollments.js';

const REFRESH_MS = 5000;

/** By number at once, whoever it is; by name among those that are listed. */
function Search({ text, setText }) {
  const isNumber = /^\d+$/.test(text.trim());
  const open = (event) => {
    event.preventDefault();
    if (isNumber) location.hash = `#/students/${text.trim()}`;
  };
  return html`<form class="filters" role="search" onSubmit=${open}>
    <${Field} label="Name among those shown, or number" type="search" value=${text} onInput=${(event) => setText(event.target.value)} />
    <${Button} type="submit" disabled=${!isNumber}>Open<//>
  </form>`;
}

function List() {
  const [text, setText] = useState('');
  const list = useList('/api/students', (reply) => reply.students, { everyMs: REFRESH_MS });
  const sought = text.trim().toLowerCase();
  const fits = (student) => `${student.id} ${student.displayName ?? ''} ${student.username ?? ''}`.toLowerCase().includes(sought);
  const shown = { ...list, rows: list.rows?.filter(fits) };
  return html`<${Card} title="Students" aside=${html`<${Search} text=${text} setText=${setText} />`}>
    <${Loaded} read=${shown} empty=${sought ? 'None of those that are shown has that name.' : 'Nobody learns here yet.'}>${(rows) => html`<${Table} caption="Students, by number" rows=${rows} keyOf=${(row) => row.id} columns=${[
      { label: 'Student', of: (row) => html`<a href="#/students/${row.id}">${nameOf(row)}</a> <span class="quiet">${row.id}</span>` },
      { label: 'Tokens', numeric: true, of: (row) => number(row.tokens) },
      { label: 'Courses', numeric: true, of: (row) => (row.enrolledCourses > 0 ? `${row.completedCourses} of ${row.enrolledCourses} completed` : html`<span class="quiet">none</span>`) },
      { label: 'Average', of: (row) => (row.enrolledCourses > 0 ? html`<div class="progress slim"><${Bar} value=${row.averageProgress} label="Average progress of ${nameOf(row)}" /><span class="quiet">${percent(row.averageProgress)}</span></div>` : html`<span class="quiet">–</span>`) },
      { label: 'Waiting', numeric: true, of: (row) => (row.pendingRequests > 0 ? html`<a href="#/requests">${row.pendingRequests}</a>` : '–') },
      { label: 'Since', of: (row) => html`<${When} at=${row.createdAt} />` },
    ]} />`}<//>
  <//>`;
}

export function View({ rest: [part = ''] }) {
  if (/^\d+$/.test(part)) return html`<${StudentDetail} key=${part} id=${part} />`;
  return html`<div class="stack">
    <${Tabs} label="Students" of="students" at=${part} tabs=${[{ path: '', label: 'Students' }, { path: 'enrollments', label: 'Import and export' }]} />
    ${part === 'enrollments' ? html`<${Enrollments} />` : html`<${Numbers} /><${List} />`}
  </div>`;
}
