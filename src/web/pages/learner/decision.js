// The last question before a conflict is decided, which happens once; of one's own word, the form for it.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep } from '../kit/data.js';
import { Button, Dialog, Failure, Field, useToast } from '../kit/ui.js';
import { STATUS, Said } from './telling.js';

/** A moment as an input of type datetime-local takes it: in the reader's own time. */
function local(at) {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function useDecision({ conflict, resolutionType, title, close, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  return useAction(async (userData) => {
    const reply = await client.post('/api/progress-sync/conflicts/{id}/resolve', { resolutionType, ...(userData && { userData }) }, { path: { id: conflict.id } });
    const earned = reply.achievements.map((one) => ` Earned by it: ${one.title}.`).join('');
    say(`Decided: “${title}” is ${STATUS[reply.conflict.resolution.resolvedData.completionStatus]?.[1] ?? 'settled'}.${earned}`, 'good');
    close();
    await reload();
  });
}

function Own({ resolution, action, close }) {
  const start = { status: resolution.resolvedData.completionStatus, time: String(resolution.resolvedData.timeSpent ?? ''), at: local(resolution.happenedAt) };
  const [wish, setWish] = useState(start);
  const change = (name) => (event) => setWish({ ...wish, [name]: event.target.value });
  const send = (event) => {
    event.preventDefault();
    action.run({
      completionStatus: wish.status,
      ...(wish.time !== start.time && { timeSpent: wish.time === '' ? null : Number(wish.time) }),
      ...(wish.at !== start.at && { completedAt: new Date(wish.at).toISOString() }),
    });
  };
  const wrong = (name) => action.error?.fields?.[`userData.${name}`] ?? action.error?.fields?.[name];
  const told = ['completionStatus', 'timeSpent', 'completedAt'].some(wrong);
  return html`<form onSubmit=${send}>
    <${Field} label="How did it end?" options=${Object.entries(STATUS).map(([value, [, label]]) => ({ value, label }))} value=${wish.status} error=${wrong('completionStatus')} onChange=${change('status')} />
    <${Field} label="Minutes it took" type="number" min="0" step="any" value=${wish.time} error=${wrong('timeSpent')} onInput=${change('time')} />
    <${Field} label="When was it over?" type="datetime-local" required value=${wish.at} error=${wrong('completedAt')} onInput=${change('at')} />
    ${action.error && !told && html`<${Failure} error=${action.error} />`}
    <p class="quiet">This is decided once. If it did not end as completed, what was ticked because of it may open again.</p>
    <div class="row"><${Button} type="submit" tone="primary" action=${action}>Decide<//><button type="button" onClick=${close}>Not yet</button></div>
  </form>`;
}

export function Decision({ conflict, option, title, way, close, reload }) {
  const { resolution, takesBackCompletion } = option;
  const action = useDecision({ conflict, resolutionType: resolution.resolutionType, title, close, reload });
  if (resolution.resolutionType === 'manual_review')
    return html`<${Dialog} title=${`${title}: how was it?`} open close=${close}><${Own} resolution=${resolution} action=${action} close=${close} /><//>`;
  return html`<${Dialog} title=${title} open close=${close}>
    <p>${way}. This counts from now on, and is decided once:</p>
    <${Said} data=${resolution.resolvedData} happenedAt=${resolution.happenedAt} />
    ${takesBackCompletion && html`<p class="takes-back">It is no longer done then. What was ticked because of it opens again.</p>`}
    ${action.error && html`<${Failure} error=${action.error} />`}
    <div class="row"><${Button} tone=${takesBackCompletion ? 'danger' : 'primary'} action=${action} onClick=${() => action.run()}>Decide<//><button type="button" onClick=${close}>Not yet</button></div>
  <//>`;
}
