// The figures of the whole platform, as they were last counted.

import { html } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Button, Card, Figure, Figures, Loaded, useToast } from '../kit/ui.js';
import { Chart } from '../kit/chart.js';
import { ago, day, number, percent } from '../kit/format.js';

const REFRESH_MS = 10000;

const perDayOf = (days) => ({ x: days.map((one) => Date.parse(`${one.day}T00:00:00Z`) / 1000), values: days.map((one) => one.count) });

export function Numbers({ chart = false }) {
  const { client } = useLockstep();
  const say = useToast();
  const read = useRead('/api/admin/analytics', { everyMs: REFRESH_MS });
  const anew = useAction(async () => {
    try {
      const reply = await client.get('/api/admin/analytics', { query: { refresh: true } });
      say(reply.message ?? 'The figures are being counted.', 'good');
    } catch (error) {
      say(error.detail || error.message, 'bad');
    }
  });
  return html`<${Loaded} read=${read} isEmpty=${() => false}>${({ figures: { students, enrollments, practice, requests }, asOf }) => html`
    <${Figures}>
      <${Figure} label="Students" value=${number(students.total)} note="${number(students.newLast30Days)} new in 30 days" />
      <${Figure} label="Active today" value=${number(students.activeToday)} note="${number(students.activeLast7Days)} in 7 days" />
      <${Figure} label="Enrollments" value=${number(enrollments.total)} note="${number(enrollments.completed)} completed" />
      <${Figure} label="Average progress" value=${percent(enrollments.averageProgress)} />
      <${Figure} label="Answers" value=${number(practice.questionsAnswered)} note="${percent(practice.accuracy)} correct" />
      <${Figure} label="Requests" value=${number(requests.pending)} tone=${requests.pending > 0 ? 'warn' : ''} note=${requests.oldestPendingAt ? `oldest: ${ago(requests.oldestPendingAt)}` : 'nobody waits'} />
    <//>
    ${chart && enrollments.perDay.length > 1 && html`<${Card} title="Enrollments by day"><${Chart} label="New enrollments a day" bars x=${perDayOf(enrollments.perDay).x} series=${[{ label: 'Enrollments', values: perDayOf(enrollments.perDay).values }]} range=${(plot, low, high) => [0, Math.max(4, Math.ceil(high * 1.1))]} xText=${(at) => day(new Date(at * 1000).toISOString().slice(0, 10))} /><//>`}
    <p class="quiet row">${asOf ? `Counted ${ago(asOf)}.` : 'Not counted yet.'} <${Button} action=${anew} onClick=${anew.run}>Count anew<//></p>`}<//>`;
}
