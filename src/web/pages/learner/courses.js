// Every course that is open, how one gets in, and how far one has come.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Bar, Button, Card, Dialog, Failure, Field, Loaded, MembersOnly, When, useToast } from '../kit/ui.js';
import { money, percent, plural } from '../kit/format.js';
import { Course } from './course.js';

const REASON_CHARACTERS = 2000;

/** What stands between the learner and the course: the newest request decides what is said of it. */
function standOf(course, requests) {
  const request = requests.find((one) => one.courseId === course.id);
  if (course.isEnrolled) return { kind: 'enrolled' };
  if (course.hasPendingRequest) return { kind: 'pending', request: requests.find((one) => one.courseId === course.id && one.status === 'pending') };
  if (course.hasApprovedRequest && request?.status === 'approved') return { kind: 'approved', request };
  if (course.isPublic && course.priceCents === 0) return { kind: 'open', request };
  return { kind: course.priceCents > 0 ? 'priced' : 'ask', request };
}

function RequestDialog({ course, close }) {
  const { client } = useLockstep();
  const say = useToast();
  const [reason, setReason] = useState('');
  const ask = useAction(async () => {
    await client.post('/api/student/requests', { courseId: course.id, ...(reason.trim() && { reason: reason.trim() }) });
    say(`You asked for “${course.title}”.`, 'good');
    close();
  });
  const send = (event) => {
    event.preventDefault();
    ask.run();
  };
  const fields = ask.error?.fields ?? {};
  return html`<${Dialog} title="Ask for access" open close=${close}>
    <form onSubmit=${send}>
      <p>An administrator reads this and decides about <b>${course.title}</b>. The answer appears here.</p>
      <${Field} label="Why would you like to take it?" hint="You may leave this empty." rows="4" maxlength=${REASON_CHARACTERS} value=${reason} error=${fields.reason} onInput=${(event) => setReason(event.target.value)} />
      ${ask.error && !fields.reason && html`<${Failure} error=${ask.error} />`}
      <div class="row"><${Button} type="submit" tone="primary" action=${ask}>Ask for access<//><button type="button" onClick=${close}>Not now</button></div>
    </form>
  <//>`;
}

function WithdrawDialog({ course, request, close }) {
  const { client } = useLockstep();
  const say = useToast();
  const withdraw = useAction(async () => {
    await client.delete('/api/student/requests/{id}', { path: { id: request.id } });
    say(`You took back your request for “${course.title}”.`);
    close();
  });
  return html`<${Dialog} title="Take the request back" open close=${close}>
    <p>Nobody will decide about it any more. You can ask again at any time.</p>
    ${withdraw.error && html`<${Failure} error=${withdraw.error} />`}
    <div class="row"><${Button} tone="danger" action=${withdraw} onClick=${() => withdraw.run()}>Take it back<//><button type="button" onClick=${close}>Keep it</button></div>
  <//>`;
}

function Enrol({ course }) {
  const { client } = useLockstep();
  const say = useToast();
  const enrol = useAction(async () => {
    await client.post('/api/student/enroll', { courseId: course.id });
    say(`You are in “${course.title}”.`, 'good');
  });
  return html`
    <p class="quiet">Free, and open to everyone.</p>
    ${enrol.error && html`<${Failure} error=${enrol.error} />`}
    <${Button} tone="primary" action=${enrol} aria-label="Enrol: ${course.title}" onClick=${() => enrol.run()}>Enrol<//>`;
}

const Refused = ({ request }) => request?.status === 'rejected' && html`<p class="note bad">Your request was turned down <${When} at=${request.decidedAt} />.${request.note ? html` <q>${request.note}</q>` : ' No reason was given.'}</p>`;

const BADGE = {
  pending: ['warn', 'waiting'],
  approved: ['good', 'approved'],
  open: ['', 'free'],
};

/** What one may do about a course one is not in. */
function Way({ course, stand, ask, withdraw }) {
  const { kind, request } = stand;
  if (kind === 'pending') return html`
    <p class="quiet">${request && html`You asked <${When} at=${request.requestedAt} />.`}${request?.reason && html` <q>${request.reason}</q>`}</p>
    ${request && html`<button type="button" aria-label="Take it back: ${course.title}" onClick=${() => withdraw(course, request)}>Take it back</button>`}`;
  if (kind === 'approved') return html`<p class="note good">Your request was approved.${request.note && html` <q>${request.note}</q>`} The course opens in a moment.</p>`;
  if (kind === 'open') return html`<${Refused} request=${request} /><${Enrol} course=${course} />`;
  if (kind === 'priced') return html`<${Refused} request=${request} /><p class="quiet">You are in as soon as your payment has arrived. Pay where you signed up; nothing is charged here.</p>`;
  const what = request?.status === 'rejected' ? 'Ask again' : 'Ask for access';
  return html`<${Refused} request=${request} />
    <p class="quiet">An administrator decides who gets in.</p>
    <button type="button" class="primary" aria-label="${what}: ${course.title}" onClick=${() => ask(course)}>${what}</button>`;
}

function Offer({ course, requests, ask, withdraw }) {
  const stand = standOf(course, requests);
  const [tone, text] = BADGE[stand.kind] ?? ['', course.priceCents > 0 ? money(course.priceCents, course.currency) : 'on request'];
  return html`<${Card} title=${course.title} level=${3} aside=${html`<${Badge} tone=${tone}>${text}<//>`} class="offer">
    ${course.description && html`<p>${course.description}</p>`}
    <div class="way-in"><${Way} course=${course} stand=${stand} ask=${ask} withdraw=${withdraw} /></div>
  <//>`;
}

function Mine({ course }) {
  const done = course.enrollmentStatus === 'completed';
  return html`<${Card} title=${html`<a class="stretched" href="#/courses/${course.id}">${course.title}</a>`} level=${3} class="offer mine"
      aside=${done ? html`<${Badge} tone="good">completed<//>` : html`<b>${percent(course.progress)}</b>`}>
    ${course.description && html`<p>${course.description}</p>`}
    <div class="way-in">
      <${Bar} value=${course.progress} tone=${done ? 'good' : ''} label="Progress in ${course.title}" />
      <p class="quiet">${course.completedChapters} of ${plural(course.totalChapters, 'chapter')}${course.lastAccessedAt ? html`, last <${When} at=${course.lastAccessedAt} />` : html`, in since <${When} at=${course.enrolledAt} />`}</p>
    </div>
  <//>`;
}

function Catalogue() {
  const mine = useRead('/api/student/enrolled-courses');
  const all = useRead('/api/student/courses');
  const asked = useRead('/api/student/requests');
  const [dialog, setDialog] = useState(null);
  const close = () => setDialog(null);
  const others = { ...all, data: all.data?.courses.filter((course) => !course.isEnrolled) };
  const requests = asked.data?.requests ?? [];
  return html`<div class="stack">
    <section class="stack" aria-label="Your courses"><h2>Your courses</h2>
      <${Loaded} read=${mine} empty="You are in no course yet. Those that are open stand below." isEmpty=${(data) => data.courses.length === 0}>${(data) => html`
        <div class="tiles">${data.courses.map((course) => html`<${Mine} key=${course.id} course=${course} />`)}</div>`}<//>
    </section>
    <section class="stack" aria-label="More courses"><h2>More courses</h2>
      <${Loaded} read=${asked.error && !asked.data ? asked : others} empty="There are no others just now.">${(data) => html`
        <div class="tiles">${data.map((course) => html`<${Offer} key=${course.id} course=${course} requests=${requests}
          ask=${(one) => setDialog({ course: one })} withdraw=${(one, request) => setDialog({ course: one, request })} />`)}</div>`}<//>
    </section>
    ${dialog && (dialog.request ? html`<${WithdrawDialog} ...${dialog} close=${close} />` : html`<${RequestDialog} ...${dialog} close=${close} />`)}
  </div>`;
}

export function View({ rest }) {
  return html`<${MembersOnly} why="Courses belong to an account. Sign in to see them, to ask for access and to enrol.">${() =>
    rest[0] ? html`<${Course} id=${Number(rest[0])} />` : html`<${Catalogue} />`}<//>`;
}
