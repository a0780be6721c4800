import type { Client, ClientOptions } from './client.js';
import type { FlushOutcome, Offline, OfflineOptions } from './offline.js';
import type { Sync, SyncOptions } from './sync.js';

export { Client, createClient } from './client.js';
export type { BodyOf, CallOptions, ClientOptions, Identity, PathsOf, Reply, ReplyOf, Schemas, TokenProvider } from './client.js';
export { LockstepError, ProblemError } from './errors.js';
export type { ErrorKind } from './errors.js';
export { Offline, createOffline } from './offline.js';
export type { Entry, FlushOutcome, Handle, Kind, OfflineOptions, OfflineState, Result, Unsettled } from './offline.js';
export { Sync, createSync } from './sync.js';
export type { Change, SyncMessage, SyncOptions, SyncState } from './sync.js';

export function newId(): string;

export interface Lockstep {
  client: Client;
  sync: Sync;
  offline: Offline;
  start(): Promise<void>;
  /** After the token provider began to return another learner's token, or none. */
  signedIn(): Promise<FlushOutcome>;
  close(): Promise<void>;
}
export function createLockstep(
  options?: ClientOptions & { sync?: Partial<Omit<SyncOptions, 'client'>>; offline?: Partial<Omit<OfflineOptions, 'client'>> },
): Lockstep;
