// What there is to do, today and in the coming days. What is completed elsewhere ticks itself here.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Button, Card, Failure, Field, Loaded, MembersOnly, useToast } from '../kit/ui.js';
import { clock, day } from '../kit/format.js';
import { Videos } from './videos.js';

const DAYS = 7; // shown ahead
const DAY_MS = 86400000;
const ROWS = 10000; // as many as a learner can have

/** The day of a moment by the reader's own clock: 0 is today, 1 tomorrow. */
function distance(at) {
  const start = (value) => new Date(value).setHours(0, 0, 0, 0);
  return Math.round((start(at) - start(Date.now())) / DAY_MS);
}

const weekdays = new Intl.DateTimeFormat(undefined, { weekday: 'long' });

function nameOfDay(at) {
  const days = distance(at);
  const near = { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' }[days];
  return near ?? (days > 1 && days < DAYS ? weekdays.format(new Date(at)) : day(at));
}
const heading = (text) => text[0].toUpperCase() + text.slice(1);

const WHAT = {
  todos: 'the todo',
  todo_videos: 'the todo',
  schedule_entries: 'the calendar entry',
  learning_path_steps: 'the step',
  learning_paths: 'the learning path',
  video_progress: 'the video',
};

/** What else was completed, as a sentence; `titleOf(table, id)` knows what it is called. */
function alongText(alsoCompleted, titleOf) {
  const told = alsoCompleted.filter((one) => WHAT[one.table] !== undefined && one.table !== 'todo_videos');
  if (told.length === 0) return '';
  return ` With it: ${told.map((one) => `${WHAT[one.table]} “${titleOf(one.table, one.id)}”`).join(', ')}.`;
}

/** Titles of what the page has read, by table and id; a video is called what its step or its todo is called. */
function useTitles(todos, entries, paths) {
  const steps = (paths ?? []).flatMap((path) => path.steps.map((step) => ({ ...step, id: `${path.id}/${step.stepId}` })));
  const lists = { todos, schedule_entries: entries, learning_paths: paths, learning_path_steps: steps };
  const titleOf = (table, id) => {
    if (table !== 'video_progress') return lists[table]?.find((one) => one.id === id)?.title || id;
    const step = steps.find((one) => one.activityType === 'video' && one.activityId === id);
    return step?.title || entries?.find((one) => one.videoId === id)?.title || todos?.find((one) => one.videoIds.length === 1 && one.videoIds[0] === id)?.title || id;
  };
  return { titleOf, steps };
}

/** Shows the tick at once, and takes it back where it was not to be. */
function Doable({ title, done, action, change, note }) {
  const [wish, setWish] = useState(null);
  const ticked = async (event) => {
    setWish(event.target.checked);
    await change(event.target.checked);
    setWish(null);
  };
  const shown = wish ?? done;
  return html`<li class="doable ${shown ? 'done' : ''}">
    <label><input type="checkbox" checked=${shown} aria-disabled=${action.busy ? 'true' : undefined} onClick=${(event) => action.busy && event.preventDefault()} onChange=${ticked} />
      <span class="what"><span class="title">${title}</span>${note && html`<span class="quiet">${note}</span>`}</span></label>
  </li>`;
}

/** Completes and opens again, by one PATCH of `path`; says what came of it. */
function useTick({ path, open, titleOf, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  return useAction(async (row, done) => {
    try {
      const reply = await client.patch(path, { status: done ? 'completed' : open }, { path: { id: row.id } });
      if (!done) say(`“${row.title}” is open again. What you had earned by it stays.`);
      else say(`Done: “${row.title}”.${alongText(reply.alsoCompleted, titleOf)}`, 'good');
    } catch (error) {
      say(`“${row.title}” stays as it was. ${error.detail || error.message}`, 'bad');
    }
    await reload();
  });
}

const GROUPS = ['Overdue', 'Today', 'Tomorrow', 'Later', 'Some day'];

function groupOf(todo) {
  if (todo.dueAt === null) return 'Some day';
  const days = distance(todo.dueAt);
  if (days < 0) return todo.completed ? 'Today' : 'Overdue';
  return ['Today', 'Tomorrow'][days] ?? 'Later';
}

function noteOf(todo) {
  if (todo.completed) return `done ${nameOfDay(todo.completedAt)} at ${clock(todo.completedAt)}`;
  const due = todo.dueAt && (distance(todo.dueAt) === 0 ? `by ${clock(todo.dueAt)}` : `by ${nameOfDay(todo.dueAt)}, ${clock(todo.dueAt)}`);
  const videos = todo.videoIds.length;
  const itself = videos > 0 && `ticks itself with its ${videos === 1 ? 'video' : `${videos} videos`}`;
  return [due, itself].filter(Boolean).join(' · ') || null;
}

function Todo({ todo, titleOf, reload }) {
  const action = useTick({ path: '/api/todos/{id}', open: 'pending', titleOf, reload });
  return html`<${Doable} title=${todo.title} done=${todo.completed} note=${noteOf(todo)} action=${action} change=${(done) => action.run(todo, done)} />`;
}

function NewTodo({ reload }) {
  const { client } = useLockstep();
  const say = useToast();
  const [title, setTitle] = useState('');
  const [due, setDue] = useState('');
  const add = useAction(async () => {
    const { todo } = await client.post('/api/todos', { title: title.trim(), dueAt: due === '' ? null : new Date(due).toISOString() });
    say(`Added: “${todo.title}”.`, 'good');
    setTitle('');
    setDue('');
    await reload();
  });
  const send = (event) => {
    event.preventDefault();
    add.run();
  };
  const wrong = (name) => add.error?.fields?.[name];
  return html`<form class="new-todo" onSubmit=${send}>
    <${Field} label="New todo" value=${title} maxlength="300" required error=${wrong('title')} onInput=${(event) => setTitle(event.target.value)} />
    <${Field} label="Due (not needed)" type="datetime-local" value=${due} error=${wrong('dueAt')} onInput=${(event) => setDue(event.target.value)} />
    <${Button} type="submit" tone="primary" action=${add} disabled=${add.busy || title.trim() === ''}>Add<//>
    ${add.error && !wrong('title') && !wrong('dueAt') && html`<${Failure} error=${add.error} />`}
  </form>`;
}

/** Completed ones stay in their place for the day; what was done before it is kept below. */
function Todos({ read, titleOf }) {
  const shown = (todo) => todo.status !== 'cancelled' && (!todo.completed || distance(todo.completedAt) === 0);
  return html`<${Card} title="To do">
    <${Loaded} read=${read} isEmpty=${(data) => !data.todos.some(shown)} empty="Nothing to do. Add something below.">${({ todos }) => GROUPS.map((group) => {
      const rows = todos.filter((todo) => shown(todo) && groupOf(todo) === group).sort((a, b) => (a.dueAt ?? '').localeCompare(b.dueAt ?? ''));
      return rows.length > 0 && html`<section key=${group}>
        <h3 class="group ${group === 'Overdue' ? 'late' : ''}">${group}</h3>
        <ul class="list">${rows.map((todo) => html`<${Todo} key=${todo.id} todo=${todo} titleOf=${titleOf} reload=${read.reload} />`)}</ul>
      </section>`;
    })}<//>
    <${Earlier} read=${read} titleOf=${titleOf} />
    <${NewTodo} reload=${read.reload} />
  <//>`;
}

const EARLIER_ROWS = 20;

function Earlier({ read, titleOf }) {
  const rows = (read.data?.todos ?? []).filter((todo) => todo.completed && distance(todo.completedAt) !== 0)
    .sort((a, b) => b.completedAt.localeCompare(a.completedAt)).slice(0, EARLIER_ROWS);
  return rows.length > 0 && html`<details class="earlier"><summary>Done before today</summary>
    <ul class="list">${rows.map((todo) => html`<${Todo} key=${todo.id} todo=${todo} titleOf=${titleOf} reload=${read.reload} />`)}</ul>
  </details>`;
}

function Entry({ entry, titleOf, reload }) {
  const action = useTick({ path: '/api/schedule/{id}', open: 'planned', titleOf, reload });
  const span = entry.endsAt ? `${clock(entry.startsAt)} – ${clock(entry.endsAt)}` : clock(entry.startsAt);
  const gone = { skipped: 'skipped', cancelled: 'cancelled' }[entry.status];
  if (gone) return html`<li class="row spread"><span class="quiet">${span} ${entry.title}</span><${Badge}>${gone}<//></li>`;
  return html`<${Doable} title=${entry.title} done=${entry.completed} note=${span} action=${action} change=${(done) => action.run(entry, done)} />`;
}

function Calendar({ read, titleOf }) {
  return html`<${Card} title="Calendar">
    <${Loaded} read=${read} isEmpty=${(data) => data.entries.length === 0} empty="Nothing is planned for these days.">${({ entries }) => {
      const days = [...new Set(entries.map((entry) => nameOfDay(entry.startsAt)))];
      return days.map((name) => html`<section key=${name}>
        <h3 class="group">${heading(name)}</h3>
        <ul class="list">${entries.filter((entry) => nameOfDay(entry.startsAt) === name).map((entry) => html`<${Entry} key=${entry.id} entry=${entry} titleOf=${titleOf} reload=${read.reload} />`)}</ul>
      </section>`);
    }}<//>
  <//>`;
}

function Days() {
  const [from] = useState(() => new Date().setHours(0, 0, 0, 0));
  const todos = useRead('/api/todos', { query: { limit: ROWS } });
  const schedule = useRead('/api/schedule', { query: { from: new Date(from).toISOString(), to: new Date(from + DAYS * DAY_MS).toISOString() } });
  const paths = useRead('/api/learning-paths', { query: { status: 'active' } });
  const { titleOf, steps } = useTitles(todos.data?.todos, schedule.data?.entries, paths.data?.learningPaths);
  return html`<div class="grid">
    <${Todos} read=${todos} titleOf=${titleOf} />
    <div class="stack"><${Calendar} read=${schedule} titleOf=${titleOf} /><${Videos} todos=${todos} schedule=${schedule} steps=${steps} titleOf=${titleOf} alongText=${alongText} /></div>
  </div>`;
}

export function View() {
  return html`<${MembersOnly} why="Todos and a calendar belong to an account.">${() => html`<${Days} />`}<//>`;
}
