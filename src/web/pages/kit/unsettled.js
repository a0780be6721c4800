// What could not be taken of what the learner did, and what became of what was done as a guest.

import { html, useEffect, useState } from './html.js';
import { useAction, useLockstep } from './data.js';
import { Button, Dialog, Failure, When, useToast } from './ui.js';
import { number, plural } from './format.js';

const SHOWN = 20; // at once: there may be any number of them

const WHAT = {
  answer: ({ exerciseId, userAnswer }) => html`Your answer${userAnswer ? html` <b>${userAnswer}</b>` : ''} to ${exerciseId}`,
  session: ({ threadId, stitchId }) => html`Your session <b>${stitchId}</b> of ${threadId}`,
  progress: ({ threadId, stitchId }) => html`How far you are with <b>${stitchId}</b> of ${threadId}`,
  event: ({ type }) => html`What you did: <b>${String(type).replaceAll('_', ' ')}</b>`,
};

/** Why it was not taken, in the server's words. */
function reasonsOf({ status, reply, problem }) {
  if (status === 'conflict') return ['Another device says otherwise.'];
  const said = problem ?? reply ?? {};
  const fields = (said.errors ?? []).map((one) => [one.field, one.message].filter(Boolean).join(' '));
  return fields.length > 0 ? fields : [said.detail ?? said.reason ?? 'The server did not say why.'];
}

function useUnsettled() {
  const { offline } = useLockstep();
  const [entries, setEntries] = useState([]);
  useEffect(() => {
    let gone = false;
    const read = () => {
      if (offline.state.owner === null) return; // nobody knows yet whose they would be
      offline.unsettled().then((found) => !gone && setEntries(found), (error) => console.error(error));
    };
    read();
    const leave = ['change', 'rejected', 'conflict'].map((name) => offline.on(name, read));
    return () => {
      gone = true;
      for (const quit of leave) quit();
    };
  }, [offline]);
  return entries;
}

function Entry({ entry, close, dismiss }) {
  return html`<li class="row">
    <div class="grow"><p>${WHAT[entry.kind](entry.body)} <span class="quiet"><${When} at=${new Date(entry.at).toISOString()} /></span></p>
      ${reasonsOf(entry).map((reason) => html`<p class=${entry.status === 'conflict' ? 'quiet' : 'wrong'}>${reason}</p>`)}
      ${entry.status === 'conflict' && html`<a href="#/conflicts" onClick=${close}>Decide under Conflicts</a>`}
    </div>
    <${Button} action=${dismiss} onClick=${() => dismiss.run([entry])}>Dismiss<//>
  </li>`;
}

/** A line while there is something that was not taken, with the list behind it. */
export function Unsettled() {
  const { offline } = useLockstep();
  const say = useToast();
  const entries = useUnsettled();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const dismiss = useAction(async (some) => {
    for (const entry of some) await offline.dismiss(entry);
    say(`${plural(some.length, 'thing')} dismissed.`);
    if (some.length === entries.length) close();
  });
  return html`
    ${entries.length > 0 && html`<p class="banner bad" role="status" data-unsettled=${entries.length}>
      ${plural(entries.length, 'thing')} that you did could not be saved as ${entries.length === 1 ? 'it is' : 'they are'}. <button type="button" class="link" onClick=${() => setOpen(true)}>See why</button>
    </p>`}
    <${Dialog} title="What could not be saved" open=${open} close=${close}>
      <p class="quiet">None of this counts. What you dismiss is forgotten on this device.</p>
      ${dismiss.error && html`<${Failure} error=${dismiss.error} />`}
      <ul class="list">${entries.slice(0, SHOWN).map((entry) => html`<${Entry} key=${`${entry.ref.durable}-${entry.ref.seq}`} entry=${entry} close=${close} dismiss=${dismiss} />`)}</ul>
      ${entries.length > SHOWN && html`<p class="quiet">and ${number(entries.length - SHOWN)} more</p>`}
      ${entries.length > 1 && html`<p class="more"><${Button} tone="danger" action=${dismiss} onClick=${() => dismiss.run(entries)}>Dismiss all ${number(entries.length)}<//></p>`}
    <//>`;
}

// --- Guests -------------------------------------------------------------------------------------------------

/** Keeps what became of a guest's things until there is somebody to tell: the frame may not be drawn yet. */
export class Claims {
  #untold = [];
  #tell = null;

  watch(offline) {
    offline.on('claim', (outcome) => this.add(outcome));
  }

  /** outcome: {claimed, problem?}, or {waits: true}: noted, and sent later. */
  add(outcome) {
    this.#untold.push(outcome);
    this.#tell?.();
  }

  get silent() {
    return this.#untold.length === 0;
  }

  tellTo(listener) {
    this.#tell = () => {
      for (const outcome of this.#untold.splice(0)) listener(outcome);
    };
    this.#tell();
    return () => {
      this.#tell = null;
    };
  }
}

function claimText({ claimed, waits, problem }) {
  if (waits) return 'What you did as a guest is yours, and will be sent as such.';
  if (claimed) return 'What you did as a guest is yours now.';
  if (problem.status === 404) return 'What you did as a guest is not there any more: guests are kept for a while only.';
  if (problem.status === 409) return 'What you did as a guest belongs to another account already.';
  return `What you did as a guest could not be taken over: ${problem.detail}`;
}

export function ClaimNews({ claims }) {
  const say = useToast();
  useEffect(() => claims.tellTo((outcome) => say(claimText(outcome), outcome.problem ? 'bad' : 'good')), [claims]);
  return null;
}
