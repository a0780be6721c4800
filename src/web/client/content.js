// What an application wants to have at hand also offline: the next exercises, loaded while there is a network.

const ENTRIES = 50;

export class Content {
  #store;
  #preload;

  /** preload(key): loads it; null where the application has nothing of the kind. */
  constructor({ shelves, preload }) {
    this.#store = shelves;
    this.#preload = preload;
  }

  async get(key) {
    const entry = await this.#store.meta.readContent(key).catch(() => null);
    return entry === null ? this.load(key).catch(() => undefined) : entry.value;
  }

  async load(key) {
    if (this.#preload === null) return undefined;
    const value = await this.#preload(key);
    if (value !== undefined) await this.#store.meta.writeContent(key, value, Date.now(), ENTRIES).catch(() => {});
    return value;
  }
}
