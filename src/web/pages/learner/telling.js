// What a system tells of an activity, as people read it.

import { html } from '../kit/html.js';
import { Badge } from '../kit/ui.js';
import { minutes, moment, percent } from '../kit/format.js';

export const STATUS = {
  completed: ['good', 'completed'],
  failed: ['bad', 'failed'],
  skipped: ['warn', 'skipped'],
  in_progress: ['', 'in progress'],
  started: ['', 'begun'],
};

/** What is said, as pairs of label and text: only what was said at all. */
function factsOf(data, happenedAt) {
  const { videoProgress: video, todoProgress: todo, skillProgress: skill, pathProgress: path } = data ?? {};
  const known = (value) => value !== undefined && value !== null && value !== '';
  return [
    ['When', moment(happenedAt)],
    ['Time', known(data?.timeSpent) && minutes(data.timeSpent)],
    ['Watched', known(video?.percentageWatched) && percent(video.percentageWatched)],
    ['Rating', known(todo?.userRating) && String(todo.userRating)],
    ['Notes', known(todo?.notes) && todo.notes],
    ['Level', known(skill?.newLevel) && skill.newLevel],
    ['Sure', known(skill?.confidence) && percent(skill.confidence * 100)],
    ['Step', known(path?.stepIndex) && String(path.stepIndex + 1)],
  ].filter(([, text]) => text);
}

export function Said({ data, happenedAt }) {
  const [tone, text] = STATUS[data?.completionStatus] ?? ['', data?.completionStatus ?? ''];
  return html`<div class="said">
    <${Badge} tone=${tone}>${text}<//>
    <dl class="facts">${factsOf(data, happenedAt).map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>
  </div>`;
}
