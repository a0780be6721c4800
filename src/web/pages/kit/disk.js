// What pages note on the device. It stands in IndexedDB, and is on disk when it is said to be: what is put into localStorage
// gets there only seconds later, and a browser that is killed forgets it.

const VERSION = 1;
const STORE = 'entries';

/** A database of entries that are told apart by their `id`. */
export class Disk {
  #name;
  #store;
  #opening = null;

  constructor(name, store = STORE) {
    this.#name = name;
    this.#store = store;
  }

  #open() {
    this.#opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.#name, VERSION);
      request.onupgradeneeded = () => request.result.createObjectStore(this.#store, { keyPath: 'id' });
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const forget = () => {
          this.#opening = null;
        };
        request.result.onversionchange = () => {
          request.result.close();
          forget();
        };
        request.result.onclose = forget; // the browser may close it at any time
        resolve(request.result);
      };
    }).catch((error) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #begin(mode) {
    return (await this.#open()).transaction(this.#store, mode, { durability: 'strict' });
  }

  /** What one request of `ask(store)` resulted in, once it is on disk. */
  async #transact(mode, ask) {
    const transaction = await this.#begin(mode).catch((error) => {
      if (error.name !== 'InvalidStateError') throw error;
      this.#opening = null; // it was being closed just then
      return this.#begin(mode);
    });
    const request = ask(transaction.objectStore(this.#store));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  put(entry) {
    return this.#transact('readwrite', (store) => store.put(entry));
  }
  remove(id) {
    return this.#transact('readwrite', (store) => store.delete(id));
  }
  get(id) {
    return this.#transact('readonly', (store) => store.get(id));
  }
  all() {
    return this.#transact('readonly', (store) => store.getAll());
  }
}
