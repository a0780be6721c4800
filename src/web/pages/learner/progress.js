// How far a learner has come: totals, modules, paths, the last weeks, habits; and where each total comes from.

import { html } from '../kit/html.js';
import { useRead, useSession } from '../kit/data.js';
import { Badge, Bar, Card, Figure, Figures, Loaded, MembersOnly } from '../kit/ui.js';
import { clock, minutes, number, percent, plural } from '../kit/format.js';
import { Why } from './why.js';

const why = (total, value) => html`<a href="#/progress/${total}">Why ${number(value)}?</a>`;

/** A percentile as people say it: of a hundred learners, how many have less. */
const better = (share) => (share >= 100 ? 'more than anybody else' : `more than ${percent(Math.floor(share))} of all learners`);

function Totals({ read, guest }) {
  return html`<${Loaded} read=${read} isEmpty=${() => false}>${({ globalStats: all }) => html`<${Figures}>
    <${Figure} label="Tokens" value=${number(all.totalTokens)} note=${!guest && why('tokens', all.totalTokens)} />
    <${Figure} label="Questions" value=${number(all.totalQuestions)} note=${!guest && why('questions', all.totalQuestions)} />
    <${Figure} label="Correct" value=${number(all.totalCorrect)} note=${!guest && why('correct', all.totalCorrect)} />
    <${Figure} label="Accuracy" value=${percent(all.accuracy)} note=${!guest && all.percentilesAsOf && better(all.accuracyPercentile)} />
  <//>`}<//>`;
}

function Place({ share, label }) {
  return html`<div class="meter"><div class="row spread"><span>${label}</span><span class="quiet">${better(share)}</span></div>
    <${Bar} value=${share} label=${`${label}: ${better(share)}`} /></div>`;
}

function Percentiles({ read }) {
  return html`<${Card} title="Among all learners">
    <${Loaded} read=${read} isEmpty=${(data) => !data.globalStats.percentilesAsOf} empty="This is counted every night.">${({ globalStats: all }) => html`
      <${Place} label="Tokens" share=${all.tokenPercentile} /><${Place} label="Accuracy" share=${all.accuracyPercentile} />`}<//>
  <//>`;
}

function Modules({ read }) {
  const rows = (data) => data.progress.filter((one) => one.category !== 'overall');
  return html`<${Card} title="Modules">
    <${Loaded} read=${read} isEmpty=${(data) => rows(data).length === 0} empty="No questions answered yet. Start under Practice.">${(data) => rows(data).map((one) => html`
      <div class="meter" key=${one.category}>
        <div class="row spread"><b>${one.label}</b><span>${plural(one.score, 'token')}</span></div>
        <${Bar} value=${one.completion} label=${`${one.label}: how far to the goal`} tone=${one.completion >= 100 ? 'good' : ''} />
        <p class="quiet">${percent(one.completion)} of the goal · ${number(one.correctAnswers)} of ${number(one.questionsAnswered)} correct</p>
      </div>`)}<//>
  <//>`;
}

function Paths({ read }) {
  return html`<${Card} title="Learning paths">
    <${Loaded} read=${read} isEmpty=${(data) => data.learningPaths.length === 0} empty="You are on no learning path yet.">${({ learningPaths }) => learningPaths.map((one) => html`
      <div class="meter" key=${one.pathId}>
        <div class="row spread"><b>${one.title}</b><span>${number(one.completedSteps)} of ${plural(one.totalSteps, 'step')}</span></div>
        <${Bar} value=${one.percentageComplete} label=${`${one.title}: steps completed`} tone=${one.percentageComplete >= 100 ? 'good' : ''} />
      </div>`)}<//>
  <//>`;
}

const DIRECTION = { rising: ['good', 'more than before'], falling: ['warn', 'less than before'], steady: ['', 'as before'] };
const NAMES = { video: 'Videos', practice: 'Practice', project: 'Projects', quiz: 'Quizzes', milestone: 'Milestones' };

function Weeks({ read }) {
  return html`<${Card} title="The last 30 days" aside=${read.data?.activities > 0 && html`<${Badge} tone=${DIRECTION[read.data.trend.direction][0]}>${DIRECTION[read.data.trend.direction][1]}<//>`}>
    <${Loaded} read=${read} isEmpty=${(data) => data.activities === 0} empty="No activity in these days.">${(data) => html`
      <p>${minutes(data.timeSpent)} with ${plural(data.activities, 'activity', 'activities')}, ${number(data.completed)} of them completed.</p>
      <ul class="list">
        ${data.bestWeekday && html`<li class="row spread"><span>Best day of the week</span><b class="capital">${data.bestWeekday.weekday}</b></li>`}
        ${data.bestHour && html`<li class="row spread"><span>Best hour</span><b>${clock(new Date().setHours(data.bestHour.hour, 0))}</b></li>`}
        ${data.perActivity.map((one) => html`<li class="row spread" key=${one.activityType}><span>${NAMES[one.activityType]}</span><span>${minutes(one.timeSpent)}, ${number(one.completed)} of ${number(one.activities)} completed</span></li>`)}
      </ul>`}<//>
  <//>`;
}

const HABITS = {
  time_of_day: 'A time of day',
  weekday_rhythm: 'Days of the week',
  session_length: 'How long you sit',
  consistency: 'Keeping at it',
  strongest_and_weakest_module: 'What is easy and what is not',
};

function Habits({ read }) {
  return html`<${Card} title="Habits">
    <${Loaded} read=${read} isEmpty=${(data) => !data.patterns.some((one) => one.found)} empty="No habit shows yet. They are looked for in the last twelve weeks.">${({ patterns }) => html`
      <ul class="list">${patterns.filter((one) => one.found).map((one) => html`<li key=${one.pattern}><b>${HABITS[one.pattern]}</b><br /><span class="quiet">${one.summary}</span></li>`)}</ul>`}<//>
  <//>`;
}

function Overview() {
  const { guest } = useSession();
  const progress = useRead('/api/progress');
  const summary = useRead(guest ? null : '/api/progress-sync/summary');
  const insights = useRead(guest ? null : '/api/progress-sync/insights');
  const patterns = useRead(guest ? null : '/api/progress-sync/patterns');
  return html`<div class="stack">
    <${Totals} read=${progress} guest=${guest} />
    <div class="grid">
      <${Modules} read=${progress} />
      ${!guest && html`<div class="stack"><${Percentiles} read=${progress} /><${Paths} read=${summary} /></div>`}
      ${!guest && html`<div class="stack"><${Weeks} read=${insights} /><${Habits} read=${patterns} /></div>`}
    </div>
  </div>`;
}

export function View({ rest }) {
  if (!rest[0]) return html`<${Overview} />`;
  return html`<${MembersOnly} why="The history of every total is kept with an account.">${() => html`<${Why} total=${rest[0]} />`}<//>`;
}
