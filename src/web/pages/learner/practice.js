// A small player: ten questions of one kind, a result, and what became of it.

import { html, useEffect, useState } from '../kit/html.js';
import { useRead } from '../kit/data.js';
import { Badge, Button, Field, Loaded, useToast } from '../kit/ui.js';
import { LEVELS, QUESTIONS, TOPICS, topicOf } from './questions.js';
import { Player } from './player.js';
import { Result } from './result.js';
import { rules, useRun } from './run.js';

const SETUP_ROWS = 8;
const CHOICE_KEY = 'lockstep.practice-choice';
const MATHEMATICS = { value: 'mathematics', label: 'Mathematics' };
const LEVEL_NAMES = { 1: 'Easy', 2: 'Medium', 3: 'Hard' };

function lastChoice() {
  const { topic, level, module } = JSON.parse(localStorage.getItem(CHOICE_KEY) ?? '{}');
  return { topic: topicOf(topic).key, level: LEVELS.includes(level) ? level : 1, module: module?.value ? module : MATHEMATICS };
}

/** What the site has, and whatever else the learner has practised before; what was chosen last, where that is not known. */
function modulesOf(site, progress, last) {
  const found = new Map((site?.modules ?? []).map((one) => [one.module, one.label]));
  for (const one of progress?.progress ?? []) if (one.category !== 'overall' && !found.has(one.category)) found.set(one.category, one.label);
  if (found.size === 0 || !site || !progress) found.set(last.value, found.get(last.value) ?? last.label);
  return [...found].map(([value, label]) => ({ value, label }));
}

function Topic({ topic, chosen, done, choose }) {
  const levels = LEVELS.filter((level) => done.has(`${topic.key}-${level}`));
  return html`<label class="option">
    <input type="radio" name="topic" value=${topic.key} checked=${chosen} onChange=${choose} />
    <span class="sample" aria-hidden="true">${topic.sample}</span>
    <span>${topic.label}</span>
    ${levels.length > 0 && html`<${Badge} tone="good">${levels.length} of ${LEVELS.length} passed<//>`}
  </label>`;
}

function Setup({ start }) {
  const progress = useRead('/api/progress');
  const site = useRead('/api/modules');
  const stitches = useRead('/api/progress/stitches');
  const [choice, setChoice] = useState(lastChoice);
  const choose = (part) => setChoice((before) => ({ ...before, ...part }));
  const done = new Set((stitches.data?.stitches ?? []).filter((one) => one.isCompleted).map((one) => one.stitchId));
  const modules = modulesOf(site.data, progress.data, choice.module);
  const module = modules.find((one) => one.value === choice.module.value) ?? modules[0];
  const begin = (event) => {
    event.preventDefault();
    localStorage.setItem(CHOICE_KEY, JSON.stringify({ ...choice, module }));
    start({ ...choice, module: module.value });
  };
  return html`<form class="card setup" onSubmit=${begin}>
    <fieldset><legend>What would you like to practise?</legend>
      <div class="options">${TOPICS.map((topic) => html`<${Topic} key=${topic.key} topic=${topic} done=${done} chosen=${topic.key === choice.topic} choose=${() => choose({ topic: topic.key })} />`)}</div>
    </fieldset>
    <fieldset><legend>How hard?</legend>
      <div class="row">${LEVELS.map((level) => html`<label class="option small" key=${level}>
        <input type="radio" name="level" value=${level} checked=${level === choice.level} onChange=${() => choose({ level })} />
        ${LEVEL_NAMES[level]}${done.has(`${choice.topic}-${level}`) && html` <span class="passed">✓<span class="hidden"> passed</span></span>`}
      </label>`)}</div>
    </fieldset>
    ${modules.length > 1 && html`<${Field} label="Counts for" options=${modules} value=${module.value} onChange=${(event) => choose({ module: modules.find((one) => one.value === event.target.value) })} />`}
    <${Button} type="submit" tone="primary">Start<//>
    <p class="quiet">${QUESTIONS} questions. A right answer brings ${rules.points} points, and one more within ${rules.fastSeconds} seconds. With ${rules.pass} right the level is passed. It works offline, too: what you do is kept on this device and sent later.</p>
  </form>`;
}

export function View() {
  const say = useToast();
  const { run, looking, resumed, start, answer, end, leave } = useRun((error) => say(`This could not be kept: ${error.message}`, 'bad'));
  useEffect(() => {
    if (resumed) say('You stopped in the middle. Here it goes on.');
  }, [resumed]);
  if (run === null && looking) return html`<${Loaded} read=${{}} rows=${SETUP_ROWS} />`;
  if (run === null) return html`<${Setup} start=${start} />`;
  const title = `${topicOf(run.topic).label}, ${LEVEL_NAMES[run.level].toLowerCase()}`;
  if (!run.ended) return html`<${Player} key=${run.id} run=${run} title=${title} answer=${answer} end=${end} />`;
  const again = (level) => start({ topic: run.topic, level, module: run.module });
  return html`<${Result} key=${run.id} run=${run} title=${title} again=${again} leave=${leave} />`;
}
