// Who waits for the result of what. By kind and id: the owner may be another when it is settled.

export class Results {
  #waiting = new Map();

  of({ kind, id }) {
    return new Promise((resolve) => {
      const key = `${kind} ${id}`;
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]);
    });
  }

  hand(result) {
    const key = `${result.kind} ${result.id}`;
    for (const resolve of this.#waiting.get(key) ?? []) resolve(result);
    this.#waiting.delete(key);
  }
}
