// When to try again: after pauses that grow, and never before the server wants it.

import { backoff } from './wait.js';

export class Pace {
  #failures = 0;
  #notBefore = 0;
  #timer = null;

  /** `onDue()` is called when a pause is over; `onPause(until)` tells its end, a Date, or null. */
  constructor({ baseMs, capMs, random, onDue, onPause }) {
    Object.assign(this, { baseMs, capMs, random, onDue, onPause });
  }

  get isWaiting() {
    return this.#timer !== null;
  }

  /** An attempt begins. False: the server asked for a pause that is not over; then it is waited for. */
  begin() {
    this.stop();
    const early = this.#notBefore - Date.now();
    if (early > 0) this.wait(early);
    return early <= 0;
  }

  succeeded() {
    this.#failures = 0;
  }

  failed(retryAfterMs) {
    this.#notBefore = retryAfterMs === null ? 0 : Date.now() + retryAfterMs;
    this.wait((retryAfterMs ?? 0) + backoff(++this.#failures, this.baseMs, this.capMs, this.random));
  }

  wait(ms) {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.onDue();
    }, ms);
    this.onPause(new Date(Date.now() + ms));
  }

  /** Looks in passing: nobody is told of it. */
  glance(ms) {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.onDue();
    }, ms);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.onPause(null);
  }
}
