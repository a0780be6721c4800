// An IndexedDB, used by all tabs at once. Whatever belongs together is one transaction.

export class StorageError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'StorageError';
  }
}

export class Database {
  #name;
  #version;
  #upgrade;
  #indexedDB;
  #opening = null;

  /** upgrade(database, oldVersion) makes the stores of `version`. */
  constructor({ name, version, upgrade, indexedDB }) {
    this.#name = name;
    this.#version = version;
    this.#upgrade = upgrade;
    this.#indexedDB = indexedDB;
  }

  open() {
    this.#opening ??= new Promise((resolve, reject) => {
      const request = this.#indexedDB.open(this.#name, this.#version);
      request.onupgradeneeded = ({ oldVersion }) => this.#upgrade(request.result, oldVersion);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const database = request.result;
        const forget = () => {
          this.#opening = null;
        };
        database.onversionchange = () => {
          database.close();
          forget();
        };
        database.onclose = forget; // the browser may close it at any time
        resolve(database);
      };
    }).catch((cause) => {
      this.#opening = null;
      throw new StorageError('The database of this browser cannot be opened.', { cause });
    });
    return this.#opening;
  }

  async close() {
    const opening = this.#opening;
    this.#opening = null;
    (await opening)?.close();
  }

  /** Resolves with what `work` returned, once it is on disk; `work` gets the stores and may await requests only. */
  async transaction(names, mode, work) {
    let transaction;
    try {
      transaction = (await this.open()).transaction(names, mode, { durability: 'strict' });
    } catch (error) {
      if (error.name !== 'InvalidStateError') throw error;
      this.#opening = null;
      transaction = (await this.open()).transaction(names, mode, { durability: 'strict' });
    }
    const finished = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new StorageError('The transaction was aborted.'));
    });
    finished.catch(() => {});
    const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
    let value;
    try {
      value = await work(stores);
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // it had ended by itself
      }
      throw error;
    }
    await finished;
    return value;
  }
}

/** What a request results in. */
export function ask(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
