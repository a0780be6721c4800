// A practice session from its first question to its result. It is noted on the device at every step, so that a
// reload or a crash loses nothing of it; what it brings goes through the queue, each part under an id of its own.

import { GUEST } from '../../client/guest.js';
import { newId } from '../../client/index.js';
import { useCallback, useEffect, useRef, useState } from '../kit/html.js';
import { useConnection, useLockstep } from '../kit/data.js';
import { forget, hold, inTurn, note, takeUp } from './notes.js';
import { isRight, QUESTIONS, questionsOf } from './questions.js';

const POINTS = 3;
const FAST_S = 3;
const LONGEST_S = 60; // who was away for longer was not thinking about the question
const PASS = 0.8;
const SKIP_PASSED = 10; // how many other stitches come before this one again
const SKIP_FAILED = 5;

export const rules = { points: POINTS, fastSeconds: FAST_S, pass: PASS * QUESTIONS };

const answerId = (run, at) => `${run.id}-${at + 1}`;
const stitchId = (run) => `${run.topic}-${run.level}`;

export function resultOf(run) {
  const right = run.answers.filter((one) => one.isCorrect).length;
  const fast = run.answers.filter((one) => one.isCorrect && one.seconds < FAST_S).length;
  const seconds = run.answers.reduce((sum, one) => sum + one.seconds, 0);
  return {
    right,
    points: right * POINTS + fast,
    seconds: run.answers.length === 0 ? 0 : seconds / run.answers.length,
    tokens: run.answers.reduce((sum, one) => sum + one.tokens, 0),
    passed: right >= PASS * QUESTIONS,
  };
}

const answerBody = (run, one, at) => ({
  answerId: answerId(run, at), exerciseId: `${run.module}-${one.id}`, module: run.module, userAnswer: one.given, isCorrect: one.judged, tokens: one.worth,
});

function sessionBody(run) {
  const { right, points, seconds } = resultOf(run);
  return {
    sessionId: run.id, threadId: run.topic, stitchId: stitchId(run), totalQuestions: run.answers.length, correctAnswers: right, totalPoints: points,
    blinkSpeed: Number(seconds.toFixed(2)),
    results: run.answers.map((one) => ({ question: one.id, given: one.given, correct: one.isCorrect, seconds: Number(one.seconds.toFixed(2)) })),
  };
}

function stitchBody(run) {
  const { passed } = resultOf(run);
  return {
    mutationId: `${run.id}-stitch`, threadId: run.topic, stitchId: stitchId(run), orderNumber: run.level, distractorLevel: `L${run.level}`,
    skipNumber: passed ? SKIP_PASSED : SKIP_FAILED, isCompleted: passed,
  };
}

/** What the server said of a part, as it is noted. */
function outcomeOf({ status, reply, problem }) {
  if (status === 'rejected') return { state: 'refused', because: problem?.detail ?? reply?.reason ?? null };
  return { state: status === 'conflict' ? 'conflict' : 'saved', because: null };
}

function heard(run, result) {
  const outcome = outcomeOf(result);
  if (result.kind === 'session' && result.id === run.id) return { ...run, session: outcome };
  if (result.kind === 'progress' && result.id === `${run.id}-stitch`) return { ...run, stitch: outcome };
  const at = result.kind === 'answer' ? run.answers.findIndex((_, place) => answerId(run, place) === result.id) : -1;
  if (at === -1) return run;
  // Where the exercise is known there, the server's verdict is the one that counts.
  const verdict = result.reply ? { isCorrect: result.reply.isCorrect, tokens: result.reply.tokensEarned } : {};
  const total = result.reply ? { total: result.reply.tokens, streak: result.reply.streak.current } : {};
  return { ...run, ...total, answers: run.answers.map((one, place) => (place === at ? { ...one, ...outcome, ...verdict } : one)) };
}

/**
 * {run, looking, resumed, start(choice), answer(given, seconds), end(), leave()}: the session that this tab plays, or null;
 * while it is `looking` for one that was left, nobody knows yet. An `ended` one is in the queue once it is `handed`.
 */
export function useRun(onError) {
  const { offline } = useLockstep();
  const { owner } = useConnection().offline;
  const [run, setRun] = useState(null);
  const [looking, setLooking] = useState(true);
  const [resumed, setResumed] = useState(false);
  const now = useRef(null);
  const noted = useRef(Promise.resolve());
  const held = useRef(null); // the promise of what lets go of it
  const queue = useRef(Promise.resolve());
  const failed = useRef(onError);
  failed.current = onError;

  const move = useCallback((next) => {
    now.current = next;
    if (next !== null && !next.handed) noted.current = note(next);
    setRun(next);
  }, []);
  const letGo = useCallback(async () => {
    const holding = held.current;
    held.current = null;
    await (await holding)?.();
  }, []);
  const leave = useCallback(() => {
    letGo();
    move(null);
  }, [letGo, move]);

  /** One after the other, so that answers stand in the queue in the order in which they were given. */
  const behind = useCallback((task) => {
    queue.current = queue.current.then(task).catch((error) => failed.current(error));
  }, []);
  const put = useCallback((given, at) => behind(async () => {
    await noted.current; // what stands in the queue is never asked again
    await offline.answer(answerBody(given, given.answers[at], at));
  }), [offline, behind]);
  const finish = useCallback((ended) => behind(async () => {
    await offline.progress(ended.bodies.stitch);
    await offline.sessionEnded(ended.bodies.session);
    forget(ended);
    if (now.current?.id === ended.id) move({ ...now.current, handed: true });
  }), [offline, behind, move]);

  /** All of it that has not been heard of is put in again: what waits or was sent meanwhile is known to the queue. */
  const adopt = useCallback((found) => {
    move(found);
    found.answers.forEach((one, at) => one.state === 'kept' && put(found, at));
    if (found.ended) finish(found);
    else setResumed(true);
  }, [move, put, finish]);

  useEffect(() => {
    if (owner === null) return undefined;
    let gone = false;
    inTurn(async () => {
      if (gone || now.current !== null) return;
      const taken = await takeUp(owner);
      if (taken === null) return;
      if (gone || now.current !== null) return taken.free();
      held.current = Promise.resolve(taken.free);
      adopt({ ...taken.found, owner });
    }).catch((error) => console.warn('What was left cannot be looked up:', error)).then(() => gone || setLooking(false));
    return () => {
      gone = true;
    };
  }, [owner, adopt]);
  useEffect(() => offline.on('result', (result) => {
    if (now.current === null) return;
    const next = heard(now.current, result);
    if (next !== now.current) move(next);
  }), [offline, move]);
  useEffect(() => () => void inTurn(async () => {
    await queue.current;
    now.current = null; // what comes now is the next one's
    await letGo();
  }), []);

  const start = useCallback(({ topic, level, module }) => {
    letGo();
    const id = newId();
    const seed = crypto.getRandomValues(new Uint32Array(1))[0];
    setResumed(false);
    held.current = hold(id);
    move({ id, owner: offline.state.owner ?? GUEST, topic, level, module, seed, startedAt: Date.now(), answers: [], ended: false, handed: false });
  }, [offline, letGo, move]);
  const close = useCallback((given) => {
    const bodies = { session: sessionBody(given), stitch: stitchBody(given) };
    const ended = { ...given, ended: true, bodies, session: { state: 'kept' }, stitch: { state: 'kept' } };
    move(ended);
    return finish(ended);
  }, [move, finish]);
  const end = useCallback(() => {
    const { current } = now;
    if (current.answers.length > 0) return close(current);
    forget(current);
    return leave();
  }, [leave, close]);
  const answer = useCallback((given, seconds) => {
    const { current } = now;
    const asked = questionsOf(current)[current.answers.length];
    const judged = isRight(given, asked.answer);
    const worth = judged ? current.level : 0;
    const one = { id: asked.id, text: asked.text, answer: asked.answer, given: given.trim(), judged, worth, isCorrect: judged, tokens: worth, seconds: Math.min(seconds, LONGEST_S), state: 'kept' };
    const answers = [...current.answers, one];
    const next = { ...current, answers };
    const isLast = answers.length === QUESTIONS;
    if (!isLast) move(next);
    put(next, answers.length - 1);
    if (isLast) close(next); // noted as ended in one go: there is no question after it
  }, [move, put, close]);

  return { run, looking, resumed, start, answer, end, leave };
}
