// What several systems tell differently, beside what each way out of it would make of it.

import { html, useState } from '../kit/html.js';
import { useRead } from '../kit/data.js';
import { Badge, Card, Loaded, MembersOnly, When } from '../kit/ui.js';
import { Decision } from './decision.js';
import { STATUS, Said } from './telling.js';

const SYSTEMS = {
  video_player: 'The video player',
  todo_manager: 'Your todo list',
  calendar_service: 'Your calendar',
  ai_journey: 'Your learning guide',
  learning_path_generator: 'Your learning path',
  chat_system: 'The chat',
};

const QUARRELS = {
  completion_status_conflict: 'They do not agree on how it ended.',
  data_inconsistency: 'They do not agree on the details.',
  timestamp_mismatch: 'They do not agree on when it was.',
  duplicate_event: 'It may have been told twice.',
};

const WAYS = {
  use_latest: ['The latest word', 'What was told last counts.'],
  use_most_complete: ['What got furthest', 'What tells of the most counts.'],
  merge_data: ['All put together', 'What got furthest counts, with the most that all of them tell.'],
  manual_review: ['Your own word', 'You say how it was.'],
};
// A preview stays as it is as long as its conflict, whose card is made anew with its revision.
const PREVIEW_MS = 3600000;
const ORDER = ['use_latest', 'use_most_complete', 'merge_data', 'manual_review'];

function Option({ option, choose }) {
  const { resolution, isSuggested, takesBackCompletion } = option;
  const [title, text] = WAYS[resolution.resolutionType];
  const isOwn = resolution.resolutionType === 'manual_review';
  return html`<li class="way ${isSuggested ? 'suggested' : ''}">
    <header><h4>${title}</h4>${isSuggested && html`<${Badge} tone="good">suggested<//>`}</header>
    <p class="quiet">${text}</p>
    ${isOwn ? html`<p class="quiet">You begin with this:</p>` : ''}
    <${Said} data=${resolution.resolvedData} happenedAt=${resolution.happenedAt} />
    ${takesBackCompletion && !isOwn && html`<p class="takes-back">It is no longer done then. What was ticked because of it opens again.</p>`}
    <button type="button" class=${isSuggested ? 'primary' : ''} onClick=${() => choose(option)}>${isOwn ? 'Say how it was' : 'This is right'}<span class="hidden">: ${title}</span></button>
  </li>`;
}

function Conflict({ conflict, title, reload }) {
  const preview = useRead('/api/progress-sync/conflicts/{id}/preview', { path: { id: conflict.id }, everyMs: PREVIEW_MS });
  const [chosen, choose] = useState(null);
  const events = conflict.conflictingEvents;
  return html`<${Card} title=${title} aside=${html`<${Badge}>${conflict.activityType}<//> <${When} at=${conflict.createdAt} />`} class="conflict">
    <p>${QUARRELS[conflict.conflictType]} ${conflict.suggestedResolution.resolutionType === 'manual_review' && 'Only you know.'}</p>
    <h3 class="group">What was told</h3>
    <ul class="tellers">${events.map((event) => html`<li key=${event.id}><b>${SYSTEMS[event.sourceSystem] ?? event.sourceSystem}</b>
      ${event.outcome === 'applied' && html`<span class="quiet"> counts until you decide</span>`}
      <${Said} data=${event.eventData} happenedAt=${event.happenedAt} /></li>`)}</ul>
    <h3 class="group">What shall count?</h3>
    <${Loaded} read=${preview} isEmpty=${() => false}>${({ resolutions }) => html`
      <ul class="ways">${ORDER.map((type) => resolutions.find((one) => one.resolution.resolutionType === type)).filter(Boolean)
        .map((option) => html`<${Option} key=${option.resolution.resolutionType} option=${option} choose=${choose} />`)}</ul>`}<//>
    ${chosen && html`<${Decision} conflict=${conflict} option=${chosen} title=${title} way=${WAYS[chosen.resolution.resolutionType][0]} close=${() => choose(null)} reload=${reload} />`}
  <//>`;
}

function Decided({ read, titleOf }) {
  return html`<${Card} title="Decided">
    <${Loaded} read=${read} isEmpty=${(data) => data.conflicts.length === 0} empty="Nothing had to be decided yet.">${({ conflicts }) => html`
      <ul class="list">${conflicts.map((one) => html`<li key=${one.id} class="row spread">
        <span><b>${titleOf(one)}</b><br /><span class="quiet">${one.resolvedBy === 'settlement' ? 'Settled by itself' : 'Decided'}: ${WAYS[one.resolution?.resolutionType]?.[0] ?? ''}</span></span>
        <span><${Badge} tone=${STATUS[one.resolution?.resolvedData?.completionStatus]?.[0] ?? ''}>${STATUS[one.resolution?.resolvedData?.completionStatus]?.[1] ?? ''}<//> <${When} at=${one.resolvedAt} /></span>
      </li>`)}</ul>`}<//>
  <//>`;
}

/** "quiz-which-is-more" as people would write it, where no step of a learning path names it. */
const readable = (id) => {
  const words = id.replace(/[-_]+/g, ' ').trim();
  return words === '' ? id : words[0].toUpperCase() + words.slice(1);
};

function Inbox() {
  const waiting = useRead('/api/progress-sync/conflicts', { query: { limit: 50 } });
  const decided = useRead('/api/progress-sync/conflicts', { query: { status: 'resolved', limit: 10 } });
  const paths = useRead('/api/learning-paths');
  const steps = (paths.data?.learningPaths ?? []).flatMap((path) => path.steps);
  const titleOf = (one) => steps.find((step) => step.activityType === one.activityType && step.activityId === one.activityId)?.title || readable(one.activityId);
  const reload = () => Promise.all([waiting.reload(), decided.reload()]);
  return html`<div class="stack">
    <p class="quiet">Sometimes two systems tell one thing differently. What counted before goes on counting until you decide.</p>
    <${Loaded} read=${waiting} isEmpty=${(data) => data.conflicts.length === 0} empty=${html`<${Card}><p>Nothing waits for you. All systems agree.</p><//>`}>${({ conflicts }) => conflicts.map((one) => html`<${Conflict} key=${`${one.id}/${one.revision}`} conflict=${one} title=${titleOf(one)} reload=${reload} />`)}<//>
    <${Decided} read=${decided} titleOf=${titleOf} />
  </div>`;
}

export function View() {
  return html`<${MembersOnly} why="Who has an account decides here what counts when two systems disagree.">${() => html`<${Inbox} />`}<//>`;
}
