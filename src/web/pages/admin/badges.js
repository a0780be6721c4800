// States of rules, in words and colours.

import { html } from '../kit/html.js';
import { Badge } from '../kit/ui.js';

const STATE = {
  holds: ['good', 'holds'],
  breached: ['bad', 'in breach'],
  paused: ['warn', 'paused'],
  left_aside: ['warn', 'left aside'],
  unknown: ['', 'not asked yet'],
};
const SEVERITY = { critical: 'bad', warning: 'warn', info: '' };

export const StateBadge = ({ state }) => html`<${Badge} tone=${(STATE[state] ?? [''])[0]}>${(STATE[state] ?? ['', state])[1]}<//>`;
export const SeverityBadge = ({ severity }) => html`<${Badge} tone=${SEVERITY[severity]}>${severity}<//>`;
