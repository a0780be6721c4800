// What pages note on the device. It is on disk when it is said to be: what is put into localStorage gets there only seconds
// later, and a browser that is killed forgets it.

import { ask, Database } from '../../client/database.js';

const VERSION = 1;

/** A database of one store, whose entries are told apart by their `id`. */
export class Disk extends Database {
  #store;

  constructor(name, store) {
    const upgrade = (database) => database.createObjectStore(store, { keyPath: 'id' });
    super({ name, version: VERSION, upgrade, indexedDB: globalThis.indexedDB });
    this.#store = store;
  }

  #ask(mode, request) {
    return this.transaction([this.#store], mode, (stores) => ask(request(stores[this.#store])));
  }

  put(entry) {
    return this.#ask('readwrite', (store) => store.put(entry));
  }
  remove(id) {
    return this.#ask('readwrite', (store) => store.delete(id));
  }
  get(id) {
    return this.#ask('readonly', (store) => store.get(id));
  }
  all() {
    return this.#ask('readonly', (store) => store.getAll());
  }
}
