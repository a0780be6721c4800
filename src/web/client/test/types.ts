// What the declarations promise to whoever writes TypeScript: this file is checked, never run.

import { createLockstep, ProblemError, type Schemas } from '../index.js';
import { useFresh, useOfflineSync, useSync } from '../react.js';

const lockstep = createLockstep({ token: async ({ refresh }) => (refresh ? 'new' : 'old') });

export async function calls(): Promise<void> {
  const progress: Schemas['Progress'] = await lockstep.client.get('/api/progress');
  const total: number = progress.globalStats.totalTokens;
  const list = await lockstep.client.get('/api/progress/attempts', { query: { limit: 5 } });
  const event = await lockstep.client.get('/api/progress-sync/events/{id}', { path: { id: 'e1' } });
  const answered = await lockstep.client.post('/api/answer', { exerciseId: 'e', module: 'm' });
  const earned: number = answered.tokensEarned;
  // @ts-expect-error there is no such path
  await lockstep.client.get('/api/nothing');
  // @ts-expect-error the path has a parameter
  await lockstep.client.get('/api/progress-sync/events/{id}');
  // @ts-expect-error a field is missing
  await lockstep.client.post('/api/answer', { module: 'm' });
  // @ts-expect-error it cannot be deleted
  await lockstep.client.delete('/api/progress');
  void [total, list, earned, event.outcome];
}

export async function queue(): Promise<void> {
  const handle = await lockstep.offline.answer({ exerciseId: 'e', module: 'm', isCorrect: true });
  const { status, problem } = await handle.settled;
  if (status === 'rejected' && problem?.errors[0]?.field === 'module') lockstep.offline.flush();
  lockstep.offline.on('conflict', ({ kind }) => kind === 'progress');
  // @ts-expect-error a session has a stitch
  await lockstep.offline.session({ threadId: 't' });
}

export function Component(): string {
  const { fresh } = useSync((message) => message.type === 'changes' && message.changes.length);
  const { data, error } = useFresh('/api/dashboard');
  const { pendingItems } = useOfflineSync();
  if (error instanceof ProblemError) return error.fields['stitchId'] ?? error.detail;
  return `${data?.dashboard.profile.totalPoints} ${fresh} ${pendingItems}`;
}
