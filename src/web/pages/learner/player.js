// One question after the other. The keyboard is enough: type, Enter; Escape ends it.

import { html, useEffect, useMemo, useRef, useState } from '../kit/html.js';
import { Button, Card, newName } from '../kit/ui.js';
import { QUESTIONS, questionsOf } from './questions.js';

/** One mark for each question. */
export function Marks({ answers }) {
  return html`<div class="marks" aria-hidden="true">${Array.from({ length: QUESTIONS }, (_, at) => {
    const one = answers[at];
    return html`<span class=${one ? (one.isCorrect ? 'right' : 'off') : at === answers.length ? 'now' : ''}>${one ? (one.isCorrect ? '✓' : '✕') : ''}</span>`;
  })}</div>`;
}

function Feedback({ last, next }) {
  return html`<p class="feedback ${last ? (last.isCorrect ? 'right' : 'off') : ''}" role="status">
    ${last && html`<span key=${last.id}>${last.isCorrect ? 'Right: ' : `Not ${last.given}: `} <b>${last.text} = ${last.answer}</b></span>`}
    <span class="hidden"> ${last ? 'Next' : 'First'}: ${next.spoken}</span>
  </p>`;
}

/** What of it the server has already. */
function Kept({ answers }) {
  const waiting = answers.filter((one) => one.state === 'kept').length;
  if (answers.length === 0) return html`<p class="quiet">Every answer is kept on this device at once.</p>`;
  return html`<p class="quiet" data-waiting=${waiting}>${waiting === 0 ? 'All answers are saved.' : `${answers.length - waiting} of ${answers.length} saved, ${waiting} kept on this device.`}</p>`;
}

export function Player({ run, title, answer, end }) {
  const questions = useMemo(() => questionsOf(run), [run.id]);
  const at = run.answers.length;
  const question = questions[at];
  const [given, setGiven] = useState('');
  const [error, setError] = useState(null);
  const input = useRef(null);
  const shownAt = useRef(0);
  const name = useRef(null);
  name.current ??= newName('answer');

  useEffect(() => {
    shownAt.current = performance.now();
    input.current?.focus();
  }, [at]);
  const submit = (event) => {
    event.preventDefault();
    if (given.trim() === '' || Number.isNaN(Number(given.replace(',', '.')))) return setError('Please write a number.');
    answer(given, (performance.now() - shownAt.current) / 1000);
    setError(null);
    return setGiven('');
  };
  const typed = (event) => {
    setGiven(event.target.value);
    setError(null);
  };
  return html`<${Card} title=${title} class="player" aside=${html`<span class="quiet">Question ${at + 1} of ${QUESTIONS}</span>`}>
    <${Marks} answers=${run.answers} />
    <form onSubmit=${submit} onKeyDown=${(event) => event.key === 'Escape' && end()}>
      <label class="question" for=${name.current}>${question.text}<span class="hidden"> is</span></label>
      <div class="entry">
        <input id=${name.current} ref=${input} inputmode="decimal" autocomplete="off" value=${given} onInput=${typed}
          aria-invalid=${error ? 'true' : undefined} aria-describedby=${error ? `${name.current}-error` : undefined} />
        <${Button} type="submit" tone="primary">Answer<//>
      </div>
      ${error && html`<p class="wrong" role="alert" id="${name.current}-error">${error}</p>`}
    </form>
    <${Feedback} last=${run.answers.at(-1)} next=${question} />
    <div class="row spread"><${Kept} answers=${run.answers} /><button type="button" class="plain" onClick=${end}>End here <kbd>Esc</kbd></button></div>
  <//>`;
}
