// How a session went, and what became of each part of it.

import { html, useEffect, useRef } from '../kit/html.js';
import { useConnection } from '../kit/data.js';
import { Badge, Button, Card, Figure, Figures } from '../kit/ui.js';
import { number, plural } from '../kit/format.js';
import { LEVELS } from './questions.js';
import { Marks } from './player.js';
import { resultOf, rules } from './run.js';

const BADGE = { kept: ['warn', 'on this device'], saved: ['good', 'saved'], refused: ['bad', 'refused'], conflict: ['warn', 'differs'] };

function State({ part }) {
  const [tone, text] = BADGE[part.state];
  return html`<${Badge} tone=${tone}>${text}<//>`;
}

function Part({ name, part, children }) {
  return html`<li class="row spread"><span class="grow">${name}${part.because && html`<br /><span class="wrong">${part.because}</span>`}
    ${part.state === 'conflict' && html`<br /><a href="#/conflicts">Another device says otherwise: decide under Conflicts.</a>`}</span>${children}<${State} part=${part} /></li>`;
}

function Answer({ one }) {
  return html`<${Part} part=${one} name=${html`<b>${one.text} = ${one.answer}</b>${!one.isCorrect && html` <span class="quiet">you wrote ${one.given}</span>`}`}>
    <span class="quiet">${one.seconds.toFixed(1)} s</span><span class=${one.isCorrect ? 'passed' : 'wrong'}>${one.isCorrect ? '✓' : '✕'}<span class="hidden">${one.isCorrect ? ' right' : ' wrong'}</span></span>
  <//>`;
}

function Saved({ run }) {
  const { offline } = useConnection();
  const parts = [run.session, run.stitch, ...run.answers];
  const waiting = parts.filter((one) => one.state === 'kept').length;
  if (waiting === 0) return html`<p class="quiet" role="status" data-waiting="0">All of it is saved.${run.total !== undefined && html` You have ${plural(run.total, 'token')} now, and a streak of ${plural(run.streak, 'day')}.`}</p>`;
  return html`<p class="quiet" role="status" data-waiting=${waiting}>${waiting === parts.length ? 'All of it waits' : `${waiting} of ${parts.length} parts wait`} on this device${offline.blocked ? ', and will be sent when the server can be reached. You can close the page.' : ' and is being sent.'}</p>`;
}

export function Result({ run, title, again, leave }) {
  const { right, points, seconds, tokens, passed } = resultOf(run);
  const go = useRef(null);
  useEffect(() => go.current?.focus(), []);
  const next = passed && run.level < LEVELS.at(-1) ? run.level + 1 : null;
  return html`<div class="stack">
    <${Figures}>
      <${Figure} label="Right" value="${right} of ${run.answers.length}" tone=${passed ? 'good' : ''} note=${passed ? 'level passed' : `${rules.pass} right pass the level`} />
      <${Figure} label="Points" value=${number(points)} />
      <${Figure} label="Time an answer" value="${seconds.toFixed(1)} s" />
      <${Figure} label="Tokens" value=${number(tokens)} />
    <//>
    <${Card} title=${title}>
      <${Marks} answers=${run.answers} />
      <div class="row after" ref=${(box) => { go.current = box?.querySelector('button') ?? null; }}>
        ${next && html`<${Button} tone="primary" onClick=${() => again(next)}>Next level<//>`}
        <${Button} tone=${next ? '' : 'primary'} onClick=${() => again(run.level)}>Once more<//>
        <${Button} onClick=${leave}>Something else<//>
      </div>
      <${Saved} run=${run} />
    <//>
    <${Card} title="What was saved">
      <ul class="list">
        <${Part} name="The session" part=${run.session} />
        <${Part} name=${passed ? 'The level as passed' : 'The level as tried'} part=${run.stitch} />
        ${run.answers.map((one) => html`<${Answer} key=${one.id} one=${one} />`)}
      </ul>
    <//>
  </div>`;
}
