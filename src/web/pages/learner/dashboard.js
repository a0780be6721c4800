// What a learner sees first: streak, points, how the last weeks went, what was done last.

import { html } from '../kit/html.js';
import { useRead } from '../kit/data.js';
import { Badge, Card, Figure, Figures, Loaded, When } from '../kit/ui.js';
import { Chart } from '../kit/chart.js';
import { day, number, percent, plural } from '../kit/format.js';

const DAYS = 30;
const DAY_S = 86400;

const TREND = { improving: ['good', 'getting faster'], declining: ['warn', 'getting slower'], steady: ['', 'steady'] };

const midnight = (date) => Date.parse(`${date}T00:00:00Z`) / 1000;
const dateOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

/** Every day of the span, also those without practice: a gap should be seen as one. */
function everyDay(days) {
  const byDate = new Map(days.map((one) => [one.date, one]));
  const last = midnight(new Date().toISOString().slice(0, 10));
  const x = Array.from({ length: DAYS }, (_, at) => last - (DAYS - 1 - at) * DAY_S);
  return { x, values: x.map((at) => byDate.get(dateOf(at))?.questionsAnswered ?? 0) };
}

function Activity({ statistics }) {
  return html`<${Card} title="The last ${DAYS} days">
    <${Loaded} read=${statistics} empty="No practice in these weeks yet." isEmpty=${(data) => data.days.length === 0}>${(data) => {
      const { x, values } = everyDay(data.days);
      return html`<${Chart} label="Questions answered by day" x=${x} series=${[{ label: 'Questions', values }]} bars xText=${(at) => day(dateOf(at))} />`;
    }}<//>
  <//>`;
}

function Streak({ streak }) {
  const note = streak.current > 0 && !streak.practicedToday ? 'practise today to keep it' : `longest ${number(streak.longest)}`;
  return html`<${Figure} label="Streak" value=${plural(streak.current, 'day')} note=${note} tone=${streak.practicedToday ? 'good' : ''} />`;
}

function Sessions({ dashboard }) {
  return html`<${Card} title="Recent sessions">
    <${Loaded} read=${dashboard} empty="No session yet. Start one under Practice." isEmpty=${(data) => data.dashboard.recentSessions.length === 0}>${(data) => html`
      <ul class="list">${data.dashboard.recentSessions.map((one) => html`<li class="row spread">
        <span><b>${one.thread_id}</b> <span class="quiet">${one.stitch_id}</span><br /><span class="quiet"><${When} at=${one.completed_at} /></span></span>
        <span><${Badge} tone=${one.accuracy >= 80 ? 'good' : ''}>${percent(one.accuracy)}<//> ${number(one.total_points)} points</span>
      </li>`)}</ul>`}<//>
  <//>`;
}

function Threads({ dashboard }) {
  return html`<${Card} title="Threads">
    <${Loaded} read=${dashboard} empty="Nothing completed yet." isEmpty=${(data) => Object.keys(data.dashboard.progress.threadProgress).length === 0}>${(data) => html`
      <ul class="list">${Object.entries(data.dashboard.progress.threadProgress).map(([thread, done]) => html`<li class="row spread"><span>${thread}</span><span>${plural(done, 'stitch', 'stitches')}</span></li>`)}</ul>`}<//>
  <//>`;
}

export function View() {
  const dashboard = useRead('/api/dashboard');
  const statistics = useRead('/api/progress/statistics', { query: { days: DAYS } });
  return html`<div class="stack">
    <${Loaded} read=${dashboard} isEmpty=${() => false}>${({ dashboard: { profile, progress } }) => html`<${Figures}>
      ${statistics.data && html`<${Streak} streak=${statistics.data.streak} />`}
      <${Figure} label="Points" value=${number(profile.totalPoints)} note=${`level ${profile.evolutionLevel}`} />
      <${Figure} label="Stitches completed" value=${number(progress.totalStitchesCompleted)} note=${plural(profile.totalSessions, 'session')} />
      <${Figure} label="Time an answer" value=${`${profile.blinkSpeed.toFixed(1)} s`} note=${TREND[profile.blinkSpeedTrend][1]} tone=${TREND[profile.blinkSpeedTrend][0]} />
    <//>`}<//>
    <${Activity} statistics=${statistics} />
    <div class="grid"><${Sessions} dashboard=${dashboard} /><${Threads} dashboard=${dashboard} /></div>
  </div>`;
}
