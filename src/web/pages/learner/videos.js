// Videos that todos, calendar and learning paths are about, to watch on. A platform's own player tells the same.

import { html, useEffect, useRef, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Bar, Button, Card, Loaded, useToast } from '../kit/ui.js';
import { percent } from '../kit/format.js';

const VIDEOS = 6;
const STEP_PERCENT = 10; // that a turn of the player tells of
const TURN_MS = 700;

/** Those that something open waits for come first. */
function videosOf(todos, entries, steps) {
  const wanted = [
    ...steps.filter((step) => step.activityType === 'video' && step.activityId),
    ...entries.filter((entry) => entry.videoId).map((entry) => ({ ...entry, activityId: entry.videoId })),
    ...todos.flatMap((todo) => todo.videoIds.map((videoId) => ({ ...todo, activityId: videoId }))),
  ];
  wanted.sort((a, b) => Number(a.completed) - Number(b.completed));
  return [...new Set(wanted.map((one) => one.activityId))].slice(0, VIDEOS);
}

/** Plays by itself, telling how far it is, until it is paused or at its end. */
function usePlayer({ id, title, percentage, titleOf, alongText, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  const [playing, setPlaying] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = useAction(async (percentageWatched) => {
    try {
      const reply = await client.put('/api/videos/{id}/progress', { percentageWatched }, { path: { id } });
      if (reply.progress.completed) say(`Watched to the end: “${title}”.${alongText(reply.alsoCompleted, titleOf)}`, 'good');
      await reload();
      return reply.progress;
    } catch (error) {
      say(`How far you watched was not kept. ${error.detail || error.message}`, 'bad');
      return null;
    }
  });
  const turn = async (at) => {
    const now = await tell.run(Math.min(100, at + STEP_PERCENT));
    if (now === null || now === undefined || now.completed) return setPlaying(false);
    timer.current = setTimeout(turn, TURN_MS, now.percentageWatched);
  };
  const pause = () => {
    clearTimeout(timer.current);
    setPlaying(false);
  };
  return {
    playing,
    busy: tell.busy,
    toggle: () => {
      if (playing) return pause();
      setPlaying(true);
      turn(percentage);
    },
    finish: () => {
      pause();
      tell.run(100);
    },
  };
}

function Video({ id, titleOf, alongText }) {
  const read = useRead('/api/videos/{id}/progress', { path: { id } });
  const title = titleOf('video_progress', id);
  const percentage = read.data?.percentageWatched ?? 0;
  const player = usePlayer({ id, title, percentage, titleOf, alongText, reload: read.reload });
  return html`<li class="video">
    <${Loaded} read=${read} rows=${1} isEmpty=${() => false}>${({ completed }) => html`
      <div class="row spread"><b>${title}</b>${completed ? html`<${Badge} tone="good">watched<//>` : html`<span class="quiet">${percent(percentage)}</span>`}</div>
      <${Bar} value=${percentage} label=${`How far “${title}” was watched`} tone=${completed ? 'good' : ''} />
      ${!completed && html`<div class="row">
        <button type="button" aria-label=${`${player.playing ? 'Pause' : 'Watch'}: ${title}`} onClick=${player.toggle}>${player.playing ? '❚❚ Pause' : '▶ Watch'}</button>
        <${Button} tone="plain" disabled=${player.playing || player.busy} aria-label=${`To the end: ${title}`} onClick=${player.finish}>To the end<//>
      </div>`}`}<//>
  </li>`;
}

export function Videos({ todos, schedule, steps, titleOf, alongText }) {
  const known = todos.data && schedule.data;
  const ids = known ? videosOf(todos.data.todos, schedule.data.entries, steps) : undefined;
  const read = { data: ids, error: todos.error ?? schedule.error, reload: () => { todos.reload(); schedule.reload(); } };
  return html`<${Card} title="Videos">
    <p class="quiet">What is watched to its end ticks what belongs to it.</p>
    <${Loaded} read=${read} empty="No todo and no plan is about a video.">${(list) => html`<ul class="videos">${list.map((id) => html`<${Video} key=${id} id=${id} titleOf=${titleOf} alongText=${alongText} />`)}</ul>`}<//>
  <//>`;
}
