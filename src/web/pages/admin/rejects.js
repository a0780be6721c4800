// What devices brought back from being offline and the service could not take.

import { html, useState } from '../kit/html.js';
import { useAction, useList, useLockstep } from '../kit/data.js';
import { Badge, Card, Field, Loaded, useToast, When } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';

const REFRESH_MS = 5000;
const SHOWN = [{ value: 'open', label: 'Waiting' }, { value: 'all', label: 'All' }];

function Reject({ row, settle }) {
  return html`<li>
    <div class="row spread">
      <span><a href="#/students/${row.userId}">Learner ${row.userId}</a> <span class="quiet"><${When} at=${row.createdAt} /></span></span>
      ${row.resolvedAt
        ? html`<span><${Badge} tone="good">settled<//> <span class="quiet">by ${row.resolvedBy} <${When} at=${row.resolvedAt} /></span></span>`
        : html`<button type="button" aria-label="Settle reject ${row.id}" onClick=${() => settle(row)}>Settle</button>`}
    </div>
    <p>${row.reason}</p>
    <details><summary class="quiet">What was sent</summary><pre class="raw" tabindex="0">${typeof row.item === 'string' ? row.item : JSON.stringify(row.item, null, 2)}</pre></details>
  </li>`;
}

export function View() {
  const { client } = useLockstep();
  const say = useToast();
  const [state, setState] = useState('open');
  const [settling, setSettling] = useState(null);
  const list = useList('/api/admin/rejects', (reply) => reply.rejects, { query: { state }, everyMs: REFRESH_MS });
  const action = useAction(async () => {
    await client.post('/api/admin/rejects/{id}/resolve', undefined, { path: { id: settling.id } });
    say(`Reject ${settling.id} is settled.`, 'good');
    setSettling(null);
    list.reload();
  });
  return html`<${Card} title="Could not be taken" aside=${html`<div class="filters"><${Field} label="Show" options=${SHOWN} value=${state} onChange=${(event) => setState(event.target.value)} /></div>`}>
    <${Loaded} read=${list} empty=${state === 'open' ? 'Nothing waits. What a device sends and nobody can take appears here.' : 'There has been none.'}>${(rows) => html`
      <ul class="list">${rows.map((row) => html`<${Reject} key=${row.id} row=${row} settle=${setSettling} />`)}</ul>`}<//>
    <${Confirm} title="Settle reject ${settling?.id}?" open=${settling !== null} close=${() => setSettling(null)} label="Settle" tone="primary" action=${action} onYes=${action.run}>
      <p>It is no longer listed as waiting. What was sent is not taken by this: put it right first, where it matters.</p>
    <//>
  <//>`;
}
