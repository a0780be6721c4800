export type ErrorKind = 'problem' | 'network' | 'timeout' | 'aborted' | 'malformed';

export class LockstepError extends Error {
  readonly kind: ErrorKind;
  readonly requestId: string | null;
  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown; requestId?: string });
}

/** A problem document (RFC 9457): the server said no. */
export class ProblemError extends LockstepError {
  readonly kind: 'problem';
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly instance: string;
  readonly errors: ReadonlyArray<{ field: string; message: string }>;
  /** The first message of each field. */
  readonly fields: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | null;
  /** The reply as it came: of an endpoint that tells of a failure by its status, its own. */
  readonly body: unknown;
  /** Said by Lockstep itself, and not by something that stands before it. */
  readonly isOwn: boolean;
}
