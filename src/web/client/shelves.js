// Where things are kept: on disk, or in memory while there is no disk or no room on it.

import { MemoryStore } from './memory_store.js';
import { DiskStore, isFull } from './store.js';

const SPILL_ITEMS = 1000;

export class Shelves {
  #disk;
  #memory = new MemoryStore();
  #onDurable;
  #onTrouble;

  /** onDurable(whether what is put in survives the page), onTrouble(why the disk cannot be used). */
  constructor({ databaseName, indexedDB, onDurable, onTrouble }) {
    this.#disk = indexedDB ? new DiskStore(databaseName, indexedDB) : null;
    this.#onDurable = onDurable;
    this.#onTrouble = onTrouble;
  }

  /** True: there is a disk. */
  async open() {
    try {
      await this.#disk?.open();
    } catch (error) {
      this.#disk = null;
      this.#onTrouble(error);
    }
    if (this.#disk === null) this.#onDurable(false);
    return this.#disk !== null;
  }

  async close() {
    await this.#disk?.close();
  }

  /** The store of notes and of content. */
  get meta() {
    return this.#disk ?? this.#memory;
  }

  get all() {
    return this.#disk === null ? [this.#memory] : [this.#disk, this.#memory];
  }

  async count(owner) {
    const counts = await Promise.all(this.all.map((store) => store.count(owner)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** What was settled otherwise than wished, with a `ref` for `dismiss`. */
  async settled(owner) {
    const lists = await Promise.all(this.all.map(async (store) => {
      const entries = await store.settled(owner);
      return entries.map((entry) => ({ ...entry, ref: { durable: store.durable, seq: entry.seq } }));
    }));
    return lists.flat();
  }

  async dismiss({ durable, seq }) {
    await (durable ? this.#disk : this.#memory).dismiss(seq);
  }

  /** Puts items of one owner in: {added, durable}; see DiskStore.add. */
  async put(items) {
    if (this.#disk !== null) {
      try {
        await this.spill(items[0]?.owner ?? null);
        return { added: await this.#toDisk(items), durable: true };
      } catch (error) {
        this.#onTrouble(error);
        this.#onDurable(false);
      }
    }
    return { added: await this.#memory.add(items), durable: false };
  }

  /** What found no room on the disk goes there as soon as there is some, before what comes after it. */
  async spill(owner) {
    if (this.#disk === null || owner === null) return;
    for (;;) {
      const items = await this.#memory.head(owner, SPILL_ITEMS);
      if (items.length === 0) break;
      await this.#toDisk(items.map(({ seq, ...item }) => item));
      for (const item of items) await this.#memory.settle(item.seq, null, null);
    }
    this.#onDurable(true);
  }

  // What was loaded in advance makes room for what cannot be loaded again.
  async #toDisk(items) {
    try {
      return await this.#disk.add(items);
    } catch (error) {
      if (!isFull(error)) throw error;
      await this.#disk.clearContent();
      return this.#disk.add(items);
    }
  }
}
