// A practice player as a frontend might write it: ten sums, a session at their end, and what waits to be sent.

import { createLockstep, newId } from '/lockstep/client/index.js';

const QUESTIONS = 10;
const at = (id) => document.getElementById(id);
const lockstep = createLockstep({ token: () => localStorage.getItem('token') });
const { client, offline } = lockstep;
const session = { id: newId(), asked: 0, correct: 0 };
let sum;

function ask() {
  sum = [1 + Math.floor(Math.random() * 50), 1 + Math.floor(Math.random() * 50)];
  at('count').textContent = `${session.asked} of ${QUESTIONS}`;
  at('question').textContent = `${sum[0]} + ${sum[1]}`;
  at('answer').value = '';
}

at('player').onsubmit = async (event) => {
  event.preventDefault();
  const given = at('answer').value;
  const isCorrect = Number(given) === sum[0] + sum[1];
  await offline.answer({ exerciseId: sum.join('+'), module: 'mathematics', userAnswer: given, isCorrect, tokens: isCorrect ? 1 : 0 });
  session.asked++;
  session.correct += isCorrect ? 1 : 0;
  if (session.asked === QUESTIONS) {
    const { id, asked, correct } = session;
    await offline.sessionEnded({
      sessionId: id, threadId: 'sums', stitchId: 'sums-1', totalQuestions: asked, correctAnswers: correct, totalPoints: 3 * correct,
    });
    await offline.contentChanged({ progress: { threadId: 'sums', stitchId: 'sums-1', isCompleted: true } });
  }
  ask();
};

at('sign-in').onsubmit = async (event) => {
  event.preventDefault();
  localStorage.setItem('token', at('token').value);
  await lockstep.signedIn();
  at('identity').textContent = (await client.whoami()).owner;
};

function show({ pending, blocked, syncing }) {
  at('banner').textContent = pending === 0 && !syncing ? 'nothing waits' : `${pending} wait: ${blocked}`;
}
offline.on('change', show);
await lockstep.start();
show(offline.state);
at('identity').textContent = (await client.whoami()).owner;
ask();
