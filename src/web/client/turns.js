// When the queue is sent: one turn at a time among all tabs, once more where something came in between, and after a
// growing pause where the server was away.

import { Pace } from './pace.js';

export class Turns {
  #running = null;
  #again = false;
  #outcome = { blocked: null, retryAfterMs: null };
  #pace;

  /**
   *   signal            ends it
   *   exclusive         as Tabs has it
   *   isOnline()        what the browser says
   *   send()            sends what waits: {settled, blocked, retryAfterMs}
   *   onSynced()        everything was sent
   *   onOver()          the turn is, whatever came of it
   *   onState(patch)    syncing, blocked, retryAt
   *   onTrouble(error)  what nobody foresaw
   *   soon(reason)      has a turn begin, with nobody waiting for it
   * and the pauses: retryBaseMs, retryCapMs, random.
   */
  constructor({ retryBaseMs, retryCapMs, random, ...given }) {
    Object.assign(this, given);
    this.#pace = new Pace({
      baseMs: retryBaseMs,
      capMs: retryCapMs,
      random,
      onDue: () => this.soon('retry'),
      onPause: (until) => this.onState({ retryAt: until }),
    });
  }

  /** {settled, blocked}. While a turn goes on there is another behind it. */
  async take(reason) {
    if (this.#running !== null) {
      this.#again = true;
      return this.#running;
    }
    this.#pace.stop();
    if (reason !== 'manual' && !this.isOnline()) {
      this.onState({ blocked: 'offline' });
      return { settled: 0, blocked: 'offline' };
    }
    if (!this.#pace.begin()) return { settled: 0, blocked: 'away' };
    this.#running = this.#exclusively();
    try {
      return await this.#running;
    } finally {
      this.#running = null;
      this.#settleDown();
    }
  }

  /** Looks in passing whether something waits. */
  glance(ms) {
    if (this.#running === null) this.#pace.glance(ms);
  }

  async end() {
    this.#pace.stop();
    await this.#running?.catch(() => {});
  }

  async #exclusively() {
    try {
      return await this.exclusive('flush', () => this.#run());
    } catch (error) {
      if (!this.signal.aborted) throw error;
      return { settled: 0, blocked: 'aborted' };
    }
  }

  async #run() {
    this.onState({ syncing: true });
    this.#outcome = { blocked: 'away', retryAfterMs: null };
    let settled = 0;
    try {
      do {
        this.#again = false;
        this.#outcome = await this.send();
        settled += this.#outcome.settled;
      } while (this.#again && this.#outcome.blocked === null);
      if (this.#outcome.blocked === null) await this.onSynced();
    } catch (error) {
      if (!this.signal.aborted) this.onTrouble(error);
    }
    await this.onOver();
    return { settled, blocked: this.#outcome.blocked };
  }

  // After the turn has ended, or else a short pause would be over before another can begin.
  #settleDown() {
    const { blocked, retryAfterMs } = this.#outcome;
    if (this.signal.aborted) return;
    // The network may have gone while the last thing was on its way.
    this.onState({ syncing: false, blocked: blocked ?? (this.isOnline() ? null : 'offline') });
    if (blocked === 'away') {
      this.#pace.failed(retryAfterMs);
      return;
    }
    this.#pace.succeeded();
    if (blocked === null && this.#again) this.soon('queued');
  }
}
