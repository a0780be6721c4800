// Who asks for access to a course: approved or denied, one or many at once.

import { html, useState } from '../kit/html.js';
import { useAction, useList, useLockstep } from '../kit/data.js';
import { Badge, Button, Card, Dialog, Failure, Field, Loaded, Table, useToast, When } from '../kit/ui.js';
import { nameOf, plural } from '../kit/format.js';

const REFRESH_MS = 3000;
const AT_ONCE = 200; // the most that the interface lists at a time

const studentOf = (request) => nameOf({ ...request, id: request.studentId });

const DEEDS = {
  approve: { title: (count) => `Approve ${plural(count, 'request')}?`, label: 'Approve', tone: 'primary', what: 'Whoever asked is enrolled at once.' },
  deny: { title: (count) => `Deny ${plural(count, 'request')}?`, label: 'Deny', tone: 'danger', what: 'Nobody is enrolled. They may ask again.' },
};

/** The reason, and the decision. */
function DecisionForm({ action: name, requests, close, done }) {
  const { client } = useLockstep();
  const [reason, setReason] = useState('');
  const deed = DEEDS[name];
  const action = useAction(async () => {
    const body = { action: name, requestIds: requests.map((one) => one.id), ...(reason.trim() && { reason: reason.trim() }) };
    done(await client.post('/api/admin/requests/bulk', body));
  });
  const send = (event) => {
    event.preventDefault();
    action.run();
  };
  return html`<form onSubmit=${send}>
    <p>${deed.what}</p>
    <ul class="ticked">${requests.map((one) => html`<li key=${one.id}>${studentOf(one)} <span class="quiet">${one.courseTitle}</span></li>`)}</ul>
    <${Field} label="Reason" hint="For the student to read. May be empty." rows="3" value=${reason} error=${action.error?.fields?.reason} onInput=${(event) => setReason(event.target.value)} />
    <${Failure} error=${action.error} />
    <p class="actions">
      <button type="button" onClick=${close}>Leave it</button>
      <${Button} type="submit" tone=${deed.tone} action=${action}>${deed.label}<//>
    </p>
  </form>`;
}

/** What became of each, when not all went well. */
function Outcome({ outcome, requests }) {
  const byId = new Map(requests.map((one) => [one.id, one]));
  return html`<p>${outcome.message} ${plural(outcome.processed, 'was', 'were')} decided, ${plural(outcome.failed, 'was', 'were')} not.</p>
    <${Table} caption="What became of each request" rows=${outcome.results} keyOf=${(row) => row.id} columns=${[
      { label: 'Student', of: (row) => (byId.has(row.id) ? studentOf(byId.get(row.id)) : `Request ${row.id}`) },
      { label: 'Course', of: (row) => byId.get(row.id)?.courseTitle ?? '' },
      { label: 'Outcome', of: (row) => html`<${Badge} tone=${row.success ? 'good' : 'bad'}>${row.success ? 'done' : 'not done'}<//>` },
      { label: 'In words', of: (row) => row.message },
    ]} />`;
}

/** wish: {action, requests}, or null. */
function Decision({ wish, close, done }) {
  const say = useToast();
  const [outcome, setOutcome] = useState(null);
  const shut = () => {
    setOutcome(null);
    close();
  };
  const decided = (reply) => {
    done();
    const said = wish.action === 'approve' ? 'approved' : 'denied';
    if (!reply.success) return setOutcome(reply);
    say(`${plural(reply.processed, 'request')} ${said}.`, 'good');
    shut();
  };
  const title = wish && (outcome ? 'Not all could be decided' : DEEDS[wish.action].title(wish.requests.length));
  return html`<${Dialog} title=${title} open=${wish !== null} close=${shut} wide=${outcome !== null}>
    ${wish && (outcome ? html`<${Outcome} outcome=${outcome} requests=${wish.requests} />` : html`<${DecisionForm} action=${wish.action} requests=${wish.requests} close=${shut} done=${decided} />`)}
  <//>`;
}

/** Ticks beside the rows; what has gone from the list is no longer ticked. */
function useTicks(rows) {
  const [ticked, setTicked] = useState(new Set());
  const shown = (rows ?? []).filter((row) => ticked.has(row.id));
  return {
    shown,
    has: (row) => ticked.has(row.id),
    all: () => setTicked(new Set(shown.length === rows.length ? [] : rows.slice(0, AT_ONCE).map((row) => row.id))),
    turn: (row) => setTicked((before) => {
      const next = new Set(before);
      if (!next.delete(row.id)) next.add(row.id);
      return next;
    }),
    clear: () => setTicked(new Set()),
  };
}

function Asked({ rows, ticks, decide }) {
  const some = ticks.shown.length;
  return html`
    <div class="picked row">
      <label class="row"><input type="checkbox" checked=${some > 0 && some >= Math.min(rows.length, AT_ONCE)} ref=${(box) => box && (box.indeterminate = some > 0 && some < rows.length)} onChange=${ticks.all} />${some > 0 ? `${some} chosen` : 'Choose all that are shown'}</label>
      <${Button} tone="primary" disabled=${some === 0} onClick=${() => decide('approve', ticks.shown)}>Approve chosen<//>
      <${Button} tone="danger" disabled=${some === 0} onClick=${() => decide('deny', ticks.shown)}>Deny chosen<//>
    </div>
    <${Table} caption="Requests that wait, oldest first" rows=${rows} keyOf=${(row) => row.id} columns=${[
      { label: 'Choose', isDeed: true, of: (row) => html`<input type="checkbox" aria-label="Choose ${studentOf(row)}, ${row.courseTitle}" checked=${ticks.has(row)} onChange=${() => ticks.turn(row)} />` },
      { label: 'Student', of: (row) => html`<a href="#/students/${row.studentId}">${studentOf(row)}</a>` },
      { label: 'Course', of: (row) => row.courseTitle },
      { label: 'Why', of: (row) => row.reason ?? html`<span class="quiet">no reason given</span>` },
      { label: 'Asked', of: (row) => html`<${When} at=${row.requestedAt} />` },
      { label: 'Decide', isDeed: true, of: (row) => html`<span class="row tight">
        <button type="button" aria-label="Approve ${studentOf(row)}, ${row.courseTitle}" onClick=${() => decide('approve', [row])}>Approve</button>
        <button type="button" class="danger" aria-label="Deny ${studentOf(row)}, ${row.courseTitle}" onClick=${() => decide('deny', [row])}>Deny</button>
      </span>` },
    ]} />`;
}

export function View() {
  const list = useList('/api/requests', (reply) => reply.requests, { query: { limit: AT_ONCE }, everyMs: REFRESH_MS });
  const ticks = useTicks(list.rows);
  const [wish, setWish] = useState(null);
  const decided = () => {
    ticks.clear();
    list.reload();
  };
  return html`<${Card} title="Waiting to be decided" aside=${list.rows && html`<span class="quiet">${plural(list.rows.length, 'request')}${list.more ? ' and more' : ''}</span>`}>
    <${Loaded} read=${list} empty="Nobody waits. New requests appear here by themselves.">${(rows) => html`
      <${Asked} rows=${rows} ticks=${ticks} decide=${(action, requests) => setWish({ action, requests })} />`}<//>
    <${Decision} wish=${wish} close=${() => setWish(null)} done=${decided} />
  <//>`;
}
