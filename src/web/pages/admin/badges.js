// States of rules and of their runs, in words and colours.

import { html } from '../kit/html.js';
import { Badge } from '../kit/ui.js';
import { plural } from '../kit/format.js';

const STATE = {
  holds: ['good', 'holds'],
  breached: ['bad', 'in breach'],
  paused: ['warn', 'paused'],
  left_aside: ['warn', 'left aside'],
  unknown: ['', 'not asked yet'],
};
const SEVERITY = { critical: 'bad', warning: 'warn', info: '' };
const RUN = {
  planning: ['', 'being planned'],
  planned: ['warn', 'waits to be applied'],
  running: ['', 'running'],
  done: ['good', 'done'],
  stopped: ['warn', 'stopped by a limit'],
  failed: ['bad', 'failed'],
  cancelled: ['', 'cancelled'],
};

/** Courses and the like are no learner's. */
export const breachesOf = (rule) => (rule.learners > 0 ? `${plural(rule.breaches, 'row')} of ${plural(rule.learners, 'learner')}` : plural(rule.breaches, 'row'));

export const StateBadge = ({ state }) => html`<${Badge} tone=${(STATE[state] ?? [''])[0]}>${(STATE[state] ?? ['', state])[1]}<//>`;
export const SeverityBadge = ({ severity }) => html`<${Badge} tone=${SEVERITY[severity]}>${severity}<//>`;

export function RunBadge({ run }) {
  if (run.rolledBackBy) return html`<${Badge} tone="warn">rolled back<//>`;
  const [tone, text] = RUN[run.state] ?? ['', run.state];
  return html`<${Badge} tone=${tone}>${text}<//>`;
}
