// Whether all is in step, and how it has been.

import { html } from '../kit/html.js';
import { useRead } from '../kit/data.js';
import { Badge, Card, Figure, Figures, Loaded, When } from '../kit/ui.js';
import { Chart } from '../kit/chart.js';
import { moment, percent } from '../kit/format.js';

const REFRESH_MS = 5000;

const TONE = { healthy: 'good', degraded: 'warn', failing: 'bad', passing: 'good', ok: 'good' };

export function View() {
  const health = useRead('/api/sync/health', { everyMs: REFRESH_MS });
  const history = useRead('/api/admin/score-history', { everyMs: 60000 });
  return html`<div class="stack">
    <${Loaded} read=${health} isEmpty=${() => false}>${(data) => html`<${Figures}>
      <${Figure} label="State" value=${data.status} tone=${TONE[data.status]} />
      ${data.score !== undefined && data.score !== null && html`<${Figure} label="Learners in step" value=${percent(data.score * 100, 1)} note=${data.asOf && `as of ${moment(data.asOf)}`} />`}
    <//>`}<//>
    <${Card} title="Checks"><${Loaded} read=${health} empty="There are no checks." isEmpty=${(data) => data.checks.length === 0}>${(data) => html`
      <ul class="list">${data.checks.map((check) => html`<li class="row spread"><span>${check.name}<br /><span class="quiet">${check.summary}</span></span><${Badge} tone=${TONE[check.state] ?? ''}>${check.state}<//></li>`)}</ul>`}<//><//>
    <${Card} title="Score over time"><${Loaded} read=${history} empty="No pass has ended yet: the first comes within the hour." isEmpty=${(data) => data.scores.length < 2}>${(data) => {
      const rows = [...data.scores].reverse();
      const x = rows.map((row) => Date.parse(row.asOf) / 1000);
      return html`<${Chart} label="Learners in step, in percent" x=${x} range=${[0, 100]} series=${[{ label: 'In step', values: rows.map((row) => row.score * 100) }]} xText=${(at) => moment(at * 1000)} />`;
    }}<//><//>
  </div>`;
}
