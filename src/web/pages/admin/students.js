// Who learns here, and what they are enrolled in.

import { html, useEffect, useState } from '../kit/html.js';
import { useList } from '../kit/data.js';
import { Bar, Button, Card, Field, Loaded, Table, When } from '../kit/ui.js';
import { Tabs } from '../kit/tabs.js';
import { nameOf, number, percent } from '../kit/format.js';
import { Numbers } from './numbers.js';
import { StudentDetail } from './student.js';
import { Enrollments } from './enrollments.js';

const REFRESH_MS = 5000;
const SETTLE_MS = 200;

/** What is typed, once nobody has typed for a moment. */
function useSettled(text) {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

/** A number can be opened whoever it is, also where it is no student's. */
function Search({ text, setText }) {
  const isNumber = /^\d+$/.test(text.trim());
  const open = (event) => {
    event.preventDefault();
    if (isNumber) location.hash = `#/students/${text.trim()}`;
  };
  return html`<form class="filters" role="search" onSubmit=${open}>
    <${Field} label="Beginning of a name, e-mail address or number" type="search" maxlength="190" value=${text} onInput=${(event) => setText(event.target.value)} />
    <${Button} type="submit" disabled=${!isNumber}>Open<//>
  </form>`;
}

function List() {
  const [text, setText] = useState('');
  const search = useSettled(text.trim());
  const list = useList('/api/students', (reply) => reply.students, { query: search === '' ? undefined : { search }, everyMs: REFRESH_MS });
  return html`<${Card} title="Students" aside=${html`<${Search} text=${text} setText=${setText} />`}>
    <${Loaded} read=${list} empty=${search ? 'Nobody’s name, e-mail address or number begins so.' : 'Nobody learns here yet.'}>${(rows) => html`<${Table} caption="Students and their courses" rows=${rows} keyOf=${(row) => row.id} columns=${[
      { label: 'Student', of: (row) => html`<a href="#/students/${row.id}">${nameOf(row)}</a> <span class="quiet">${row.id}${row.displayName && row.username ? `, ${row.username}` : ''}</span>` },
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
