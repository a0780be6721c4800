// What a learner has earned and what is underway, what others show of theirs, and the notices of all that.

import { html } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Bar, Button, Card, Loaded, MembersOnly, Switch, When, useToast } from '../kit/ui.js';
import { number, percent } from '../kit/format.js';

const NOTICES = 20;
const SIGNS = { completion: '✓', streak: '↻', speed: '⚡', consistency: '◷', milestone: '⚑' };

const NOTICE = {
  achievement_earned: (data) => [`You earned “${data.title}”.`, data.description],
  milestone_reached: (data) => [`You reached “${data.title}”.`, data.description],
  conflict_detected: () => ['Two systems disagree about what you did.', html`<a href="#/conflicts">Decide what counts</a>`],
};

function Notice({ notice, reload }) {
  const { client } = useLockstep();
  const read = useAction(async () => {
    await client.post('/api/progress-sync/notifications/{id}/read', undefined, { path: { id: notice.id } });
    await reload();
  });
  const [text, more] = (NOTICE[notice.kind] ?? (() => [notice.kind, null]))(notice.data);
  return html`<li class="row spread">
    <span>${text} <span class="quiet"><${When} at=${notice.createdAt} /></span>${more && html`<br /><span class="quiet">${more}</span>`}
      ${read.error && html`<br /><span class="wrong" role="alert">${read.error.detail || read.error.message}</span>`}</span>
    <${Button} action=${read} onClick=${() => read.run()}>Read<span class="hidden">: ${text}</span><//>
  </li>`;
}

function Notices() {
  const { client } = useLockstep();
  const say = useToast();
  const list = useRead('/api/progress-sync/notifications', { query: { limit: NOTICES } });
  const all = useAction(async () => {
    try {
      for (const one of list.data.notifications) await client.post('/api/progress-sync/notifications/{id}/read', undefined, { path: { id: one.id } });
      say('All of these are read.');
    } catch (error) {
      say(`Not all are read. ${error.detail || error.message}`, 'bad');
    }
    await list.reload();
  });
  const unread = list.data?.unread ?? 0;
  return html`<${Card} title="News" aside=${unread > 1 && html`<${Badge} tone="good">${number(unread)} new<//> <${Button} tone="plain" action=${all} onClick=${() => all.run()}>All read<//>`}>
    <${Loaded} read=${list} isEmpty=${(data) => data.notifications.length === 0} empty="Nothing new. What you earn is told here, and on every page at once.">${({ notifications }) => html`
      <ul class="list">${notifications.map((one) => html`<${Notice} key=${one.id} notice=${one} reload=${list.reload} />`)}</ul>`}<//>
  <//>`;
}

function Earned({ one, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  const show = useAction(async () => {
    try {
      await client.patch('/api/progress-sync/achievements/{id}', { isPublic: !one.isPublic }, { path: { id: one.id } });
      say(one.isPublic ? `Nobody else sees “${one.title}” any more.` : `Others see “${one.title}” now, with your name.`);
    } catch (error) {
      say(`“${one.title}” stays as it was. ${error.detail || error.message}`, 'bad');
    }
    await reload();
  });
  return html`<li class="medal">
    <span class="sign" aria-hidden="true">${SIGNS[one.type] ?? '★'}</span>
    <div><b>${one.title}</b><p class="quiet">${one.description}</p><span class="quiet"><${When} at=${one.earnedAt} /></span></div>
    <${Switch} label=${html`Others see it<span class="hidden">: ${one.title}</span>`} on=${one.isPublic} disabled=${show.busy} toggle=${() => show.run()} />
  </li>`;
}

function Medals({ read }) {
  return html`<${Card} title="Earned">
    <${Loaded} read=${read} isEmpty=${(data) => data.achievements.length === 0} empty="Nothing earned yet. The first activity that you complete brings the first.">${({ achievements }) => html`
      <ul class="medals">${achievements.map((one) => html`<${Earned} key=${one.id} one=${one} reload=${read.reload} />`)}</ul>`}<//>
  <//>`;
}

function Milestones() {
  const summary = useRead('/api/progress-sync/summary');
  const near = (one) => (one.reachedAt ? -1 : 1 - one.progress / one.target);
  return html`<${Card} title="Milestones">
    <${Loaded} read=${summary} isEmpty=${(data) => data.milestones.length === 0} empty="They appear with the first activity.">${({ milestones }) => [...milestones].sort((a, b) => near(a) - near(b)).map((one) => html`
      <div class="meter" key=${one.id}>
        <div class="row spread"><b>${one.title}</b>${one.reachedAt ? html`<span class="quiet">reached <${When} at=${one.reachedAt} /></span>` : html`<span>${percent((100 * one.progress) / one.target)}</span>`}</div>
        <${Bar} value=${(100 * one.progress) / one.target} label=${one.title} tone=${one.reachedAt ? 'good' : ''} />
      </div>`)}<//>
  <//>`;
}

const OTHERS = 10;

function Others({ read }) {
  return html`<${Card} title="What others show">
    <${Loaded} read=${read} isEmpty=${(data) => data.publicAchievements.length === 0} empty="Nobody shows anything yet.">${({ publicAchievements }) => html`
      <ul class="list">${publicAchievements.slice(0, OTHERS).map((one) => html`<li class="row spread"><span><b>${one.displayName ?? 'Somebody'}</b><br /><span class="quiet">${one.title}</span></span><${When} at=${one.earnedAt} /></li>`)}</ul>`}<//>
  <//>`;
}

function Achievements() {
  const read = useRead('/api/progress-sync/achievements', { query: { includePublic: true } });
  return html`<div class="stack">
    <${Notices} />
    <${Medals} read=${read} />
    <div class="grid"><${Milestones} /><${Others} read=${read} /></div>
  </div>`;
}

export function View() {
  return html`<${MembersOnly} why="What you earn is kept with an account.">${() => html`<${Achievements} />`}<//>`;
}
