// A question before something is done that cannot simply be undone, and what its answer led to.

import { html } from './html.js';
import { Button, Dialog, Failure } from './ui.js';

/**
 * title: the question. children: what will happen. label: the button that does it. action: of useAction; `onYes` runs
 * it, and closes when it went well. What went wrong is said here.
 */
export function Confirm({ title, open, close, label, tone = 'danger', action, onYes, children, disabled, wide }) {
  return html`<${Dialog} title=${title} open=${open} close=${close} wide=${wide}>
    ${children}
    <${Failure} error=${action.error} />
    <p class="actions">
      <button type="button" onClick=${close}>Leave it</button>
      <${Button} tone=${tone} action=${action} disabled=${disabled || action.busy} onClick=${onYes}>${label}<//>
    </p>
  <//>`;
}
