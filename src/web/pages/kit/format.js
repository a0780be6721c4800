// Numbers and times as the reader's browser writes them.

const numbers = new Intl.NumberFormat();
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const clocks = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Infinity],
];

export const number = (value) => numbers.format(value ?? 0);
export const percent = (value, digits = 0) => `${(value ?? 0).toFixed(digits)} %`;
export const day = (value) => days.format(new Date(value.length === 10 ? `${value}T12:00:00` : value));
export const moment = (value) => moments.format(new Date(value));
export const clock = (value) => clocks.format(new Date(value));

/** "3 minutes ago", "in 2 days". */
export function ago(value, now = Date.now()) {
  let distance = (new Date(value).getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) < size) return relative.format(Math.round(distance), unit);
    distance /= size;
  }
  return moment(value);
}

/** Minutes as "1 h 20 min". */
export function minutes(value) {
  const whole = Math.round(value ?? 0);
  return whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
}

/** Hundredths of a currency. */
export const money = (cents, currency) => new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(cents / 100);

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** What a learner is called, by whatever is known of them. */
export const nameOf = ({ displayName, username, id }) => displayName || username || `Learner ${id}`;
