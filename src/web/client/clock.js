// The server's time on a device whose own clock may be wrong, or be set right in the middle of it all.

const SAMPLE_AGE_MS = 600000; // after that a coarser sample is better than an old one
const CLOCK_SLACK_MS = 5000; // what two readings may differ by and still agree

/** Names the page: readings of the monotonic clock compare only within one. */
const page = `${Date.now()}-${Math.random()}`;

export class Clock {
  #sample = null;

  constructor({ wall = () => Date.now(), steady = () => performance.now() } = {}) {
    this.wall = wall;
    this.steady = steady;
  }

  /** A reply said `serverMs`, exact to `resolutionMs`; it was asked for at `askedAt` of the steady clock. */
  observe(serverMs, askedAt, resolutionMs = 1) {
    const steady = this.steady();
    const errorMs = (steady - askedAt + resolutionMs) / 2;
    const server = serverMs + resolutionMs / 2 + (steady - askedAt) / 2;
    const old = this.#sample;
    const moved = old !== null && Math.abs(server - this.wall() - old.offset) > CLOCK_SLACK_MS;
    if (old === null || moved || errorMs <= old.errorMs || steady - old.steady > SAMPLE_AGE_MS)
      this.#sample = { errorMs, steady, wall: this.wall(), offset: server - this.wall() };
  }

  /** The server was heard, and the device's clock has not been set since. */
  get isSure() {
    if (this.#sample === null) return false;
    const { steady, wall } = this.#sample;
    return Math.abs(this.wall() - wall - (this.steady() - steady)) < CLOCK_SLACK_MS;
  }

  /** What to add to the device's clock; null: never heard of the server's. */
  get offset() {
    return this.#sample === null ? null : this.#sample.offset;
  }

  /** The server's time, as well as it is known. */
  now() {
    return this.wall() + (this.offset ?? 0);
  }

  /** What momentOf needs to say later when this was. `heard`: the latest of the server's times ever heard. */
  stamp(heard = null) {
    return { wall: this.wall(), steady: this.steady(), page, offset: this.offset, heard };
  }

  /** When a stamp was made, in the server's time: with the error that the clock has now, or the one that it had
   * then, whichever is possible. Not before what had been heard of the server by then, and not after now. */
  momentOf(stamp) {
    const now = this.now();
    const ageAtLeast = stamp.page === page ? this.steady() - stamp.steady : 0;
    const latest = now - ageAtLeast;
    const earliest = Math.min(stamp.heard ?? -Infinity, latest);
    const offsets = [this.offset ?? 0, stamp.offset].filter((offset) => offset !== null && offset !== undefined);
    const possible = offsets
      .map((offset) => stamp.wall + offset)
      .find((moment) => moment >= earliest - CLOCK_SLACK_MS && moment <= latest + CLOCK_SLACK_MS);
    const moment = possible ?? stamp.wall + offsets[0];
    return Math.floor(Math.min(Math.max(moment, earliest), latest));
  }
}
