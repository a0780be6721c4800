import type { ReactElement, ReactNode } from 'react';
import type { OptionsOf, PathsOf, ReplyOf } from './client.js';
import type { Lockstep } from './index.js';
import type { Bodies } from './offline.js';
import type { SyncMessage, SyncState } from './sync.js';

export function LockstepProvider(props: { lockstep: Lockstep; children?: ReactNode }): ReactElement;
export function useLockstep(): Lockstep;
/** Subscribes while mounted. */
export function useSync(listener?: (message: SyncMessage) => void): SyncState;
/** What an endpoint says, kept fresh. */
export function useFresh<P extends PathsOf<'get'>>(
  path: P | null,
  options?: OptionsOf<'get', P>,
): { data: ReplyOf<'get', P> | undefined; error: Error | null; loading: boolean; reload: () => Promise<void> };

export interface SaveOutcome {
  success: boolean;
  /** Noted, and to be sent later. */
  offline?: true;
  error?: string;
  id?: string;
  [reply: string]: unknown;
}
/** Document 004's hook. */
export function useOfflineSync(): {
  isSyncing: boolean;
  lastSyncTime: Date | null;
  pendingItems: number;
  saveSessionData(sessionData: Bodies['session']): Promise<SaveOutcome>;
  saveProgressData(progressData: Bodies['progress']): Promise<SaveOutcome>;
  syncPendingItems(): Promise<{ success: boolean; message?: string; syncedItems?: number; pending?: number }>;
};
