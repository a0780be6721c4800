import type { Client, Schemas } from './client.js';
import type { ProblemError } from './errors.js';

export interface Bodies {
  answer: Schemas['AnswerBody'];
  session: Schemas['SessionBody'];
  progress: Schemas['StitchItem'] & { baseRevision?: number };
  event: Schemas['ProgressEventBody'];
}
export type Kind = keyof Bodies;
export type Entry = { [K in Kind]: { kind: K; body: Bodies[K] } }[Kind];

export interface Result {
  kind: Kind;
  id: string;
  body: Record<string, unknown>;
  status: 'applied' | 'duplicate' | 'conflict' | 'rejected' | 'pending';
  /** What the server said of it. */
  reply: any;
  /** Why it was refused, where it was refused as a request. */
  problem?: { status: number; type: string; detail: string; errors: { field: string; message: string }[]; requestId: string | null };
}
/** A conflict or a reject, until it is dismissed. */
export interface Unsettled extends Result {
  at: number;
  ref: { durable: boolean; seq: number };
}
export interface Handle {
  id: string;
  /** On disk; false: only as long as this page, for there is no disk or no room. */
  durable: boolean;
  /** Never rejects; stays pending when the page is closed before. */
  settled: Promise<Result>;
}

export interface OfflineState {
  /** What the learner who is signed in has waiting. */
  pending: number;
  syncing: boolean;
  /** Why nothing goes: null, or 'offline', 'away' (the server), 'signed-out', 'forbidden' (part of it, to this learner). */
  blocked: null | 'offline' | 'away' | 'signed-out' | 'forbidden' | 'aborted';
  retryAt: Date | null;
  lastSyncTime: Date | null;
  durable: boolean;
  owner: string | null;
}
export interface FlushOutcome {
  pending: number;
  settled: number;
  blocked: OfflineState['blocked'];
}

export interface OfflineOptions {
  client: Client;
  databaseName?: string;
  /** Whether who has not signed in is a guest of the server's, made when needed. Default: true. */
  anonymous?: boolean;
  /** Loads content by its key, for contentChanged and content. */
  preload?: (key: string) => Promise<unknown>;
  /** Called when the database is open; asks the browser not to clear it away, for example. */
  persist?: () => void;
  retryBaseMs?: number;
  retryCapMs?: number;
  indexedDB?: IDBFactory;
  localStorage?: Storage;
  locks?: unknown;
  BroadcastChannel?: unknown;
  events?: unknown;
  isOnline?: () => boolean;
  random?: () => number;
}

interface Events {
  change: OfflineState;
  result: Result;
  conflict: Result;
  rejected: Result;
  claim: { claimed: boolean; reply: Schemas['ClaimReply'] | null; problem: ProblemError | null };
  storage: Error;
  legacy: { type: string; data: unknown; timestamp?: number };
}

export class Offline {
  constructor(options: OfflineOptions);
  readonly state: OfflineState;
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void;
  start(): Promise<void>;
  close(): Promise<void>;
  answer(body: Bodies['answer']): Promise<Handle>;
  session(body: Bodies['session']): Promise<Handle>;
  progress(body: Bodies['progress']): Promise<Handle>;
  event(body: Bodies['event']): Promise<Handle>;
  add<K extends Kind>(kind: K, body: Bodies[K]): Promise<Handle>;
  addAll(entries: Entry[]): Promise<Handle[]>;
  identified(): Promise<string>;
  signedIn(): Promise<FlushOutcome>;
  sessionEnded(body?: Bodies['session']): Promise<Handle | null>;
  contentChanged(change?: { progress?: Bodies['progress']; next?: string }): Promise<Handle | null>;
  content(key: string): Promise<any>;
  flush(reason?: string): Promise<FlushOutcome>;
  unsettled(): Promise<Unsettled[]>;
  dismiss(entry: Unsettled): Promise<void>;
  knows(revision: number): void;
}

export function createOffline(options: OfflineOptions): Offline;
