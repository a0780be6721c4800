import type { Client } from './client.js';

/** One part of a revision. */
export type Change =
  | {
      type: 'progress_update';
      userId?: number;
      /** What the history says of it. */
      data: { kind: string; at: string; changes: ReadonlyArray<{ what: string; key?: string; by?: number; because?: string }> };
    }
  | { type: 'achievement_earned'; userId?: number; data: { id: string; title: string; at: string } }
  | { type: 'conflict_detected'; userId?: number; data: { id: number; conflictType: string; at: string } };
export type SyncMessage =
  /** A revision, whole; each once and in order. */
  | { type: 'changes'; revision: number; changes: Change[] }
  /** Read anew: at the start, and where what happened cannot be told. */
  | { type: 'resync'; revision: number };

export interface SyncState {
  connection: 'idle' | 'connecting' | 'live' | 'polling' | 'paused' | 'offline' | 'signed-out';
  /** This tab has the connection, for all tabs of the learner. */
  leader: boolean;
  /** All that the server knew a moment ago has been told. */
  fresh: boolean;
  revision: number | null;
  epoch: number | null;
  heardAt: number | null;
}

export interface SyncOptions {
  client: Client;
  /** false: never by WebSocket. */
  live?: boolean;
  /** How long after the last subscriber left. */
  lingerMs?: number;
  /** How long after the tab was hidden. */
  hiddenMs?: number;
  name?: string;
  WebSocket?: unknown;
  locks?: unknown;
  BroadcastChannel?: unknown;
  document?: unknown;
  events?: unknown;
  isOnline?: () => boolean;
  random?: () => number;
}

export class Sync {
  constructor(options: SyncOptions);
  readonly state: SyncState;
  subscribe(listener: (message: SyncMessage) => void): () => void;
  subscribeQuietly(listener: (message: SyncMessage) => void): () => void;
  onState(listener: (state: SyncState) => void): () => void;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export function createSync(options: SyncOptions): Sync;
