// What the tabs of one site share: a channel to tell each other things, and locks that one of them holds.

export class Tabs {
  #channel = null;
  #signal;
  #locks;

  /** `signal` ends it: what waits for a lock is refused then. */
  constructor({ name, locks, BroadcastChannel, signal, onMessage }) {
    this.name = name;
    this.#locks = locks ?? null;
    this.#signal = signal;
    if (!BroadcastChannel) return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => onMessage(data);
    this.#channel.unref?.(); // of Node's: it keeps no process
    signal.addEventListener('abort', () => this.#channel.close(), { once: true });
  }

  tell(message) {
    if (!this.#signal.aborted) this.#channel?.postMessage(message);
  }

  /** Runs `work` while no other tab runs its own of that name. Without locks (a page that is no secure context)
   * it runs at once. */
  exclusive(name, work, signal = this.#signal) {
    return this.#locks === null ? work() : this.#locks.request(`${this.name} ${name}`, { signal }, work);
  }
}
