// Arithmetic, made on the spot. A session's questions follow from its seed: after a reload they are the same.
// The ids read like those of a site's own exercises (7-times-8), so that where the server knows one it grades it.

export const LEVELS = [1, 2, 3];
export const QUESTIONS = 10;
const TRIES = 200;

const question = (id, text, spoken, answer) => ({ id, text, spoken, answer: String(answer) });
const times = (a, b) => question(`${a}-times-${b}`, `${a} × ${b}`, `${a} times ${b}`, a * b);
const plus = (a, b) => question(`${a}-plus-${b}`, `${a} + ${b}`, `${a} plus ${b}`, a + b);
const minus = (a, b) => question(`${a}-minus-${b}`, `${a} − ${b}`, `${a} minus ${b}`, a - b);
const half = (a) => question(`half-of-${a}`, `½ of ${a}`, `half of ${a}`, a / 2);
const root = (a) => question(`root-of-${a * a}`, `√${a * a}`, `the root of ${a * a}`, a);
const share = (p, of) => question(`${p}-percent-of-${of}`, `${p} % of ${of}`, `${p} percent of ${of}`, (p * of) / 100);

const oneOf = (list, from) => list[from(0, list.length - 1)];

export const TOPICS = [
  { key: 'times-tables', label: 'Times tables', sample: '7 × 8', make: {
    1: (from) => times(from(2, 5), from(2, 10)),
    2: (from) => times(from(6, 9), from(3, 10)),
    3: (from) => times(from(11, 19), from(3, 9)),
  } },
  { key: 'sums', label: 'Plus and minus', sample: '34 + 27', make: {
    1: (from) => plus(from(3, 25), from(3, 25)),
    2: (from) => (from(0, 1) ? plus(from(18, 60), from(18, 60)) : minus(from(50, 99), from(12, 49))),
    3: (from) => (from(0, 1) ? plus(from(120, 600), from(45, 390)) : minus(from(400, 990), from(35, 390))),
  } },
  { key: 'halves-and-roots', label: 'Halves and roots', sample: '√144', make: {
    1: (from) => half(2 * from(5, 50)),
    2: (from) => (from(0, 1) ? half(2 * from(51, 150)) : root(from(3, 12))),
    3: (from) => (from(0, 1) ? half(2 * from(151, 500)) : root(from(11, 25))),
  } },
  { key: 'percent', label: 'Percent', sample: '15 % of 60', make: {
    1: (from) => share(oneOf([10, 20, 50], from), 10 * from(2, 12)),
    2: (from) => share(oneOf([5, 15, 25, 75], from), 20 * from(1, 10)),
    3: (from) => share(5 * from(1, 19), 20 * from(2, 25)),
  } },
];

export const topicOf = (key) => TOPICS.find((topic) => topic.key === key) ?? TOPICS[0];

/** Numbers out of a seed: from(low, high), both included (mulberry32). */
function numbersOf(seed) {
  let state = seed;
  return (low, high) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return low + Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (high - low + 1));
  };
}

/** The questions of a session, no two the same. */
export function questionsOf({ topic, level, seed }) {
  const from = numbersOf(seed);
  const byId = new Map();
  for (let tries = 0; byId.size < QUESTIONS && tries < TRIES; tries++) {
    const one = topicOf(topic).make[level](from);
    byId.set(one.id, one);
  }
  return [...byId.values()];
}

/** Whether what was typed is the number; white space and a leading plus do not matter. */
export const isRight = (given, answer) => given.trim() !== '' && Number(given.replace(',', '.')) === Number(answer);
