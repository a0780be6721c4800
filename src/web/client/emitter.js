// Listeners by name. One that throws harms neither the others nor who tells them.

export class Emitter {
  #listeners = new Map();

  /** Returns the function that ends it. */
  on(name, listener) {
    const entry = { listener };
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(entry);
    return () => this.#listeners.get(name).delete(entry);
  }

  count(name) {
    return this.#listeners.get(name)?.size ?? 0;
  }

  emit(name, value) {
    for (const entry of [...(this.#listeners.get(name) ?? [])]) {
      try {
        entry.listener(value);
      } catch (error) {
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
}
