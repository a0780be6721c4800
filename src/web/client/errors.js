// What can go wrong with a request, told apart by `kind`, so that nobody has to read messages.

/** kind: 'problem' (the server said no), 'network', 'timeout', 'aborted', 'malformed' (no sense in the reply). */
export class LockstepError extends Error {
  constructor(kind, message, options = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LockstepError';
    this.kind = kind;
    this.requestId = options.requestId ?? null;
  }
}

/**
 * A problem document (RFC 9457). `errors` is the list as it came, `fields` the first message of each field, `body` what
 * was said: of an endpoint that tells of a failure by its status, its own reply.
 */
export class ProblemError extends LockstepError {
  constructor(status, document, { requestId, retryAfterMs } = {}) {
    super('problem', document?.detail || document?.message || document?.title || `The server answered ${status}.`, {
      requestId: document?.requestId || requestId,
    });
    this.name = 'ProblemError';
    this.status = status;
    this.type = document?.type ?? 'about:blank';
    this.title = document?.title ?? '';
    this.detail = document?.detail ?? '';
    this.instance = document?.instance ?? '';
    this.errors = Array.isArray(document?.errors) ? document.errors : [];
    this.fields = Object.create(null);
    for (const { field, message } of this.errors) this.fields[field] ??= message;
    this.body = document;
    this.retryAfterMs = retryAfterMs ?? null;
  }

  /** Said by Lockstep itself, and not by something that stands before it. */
  get isOwn() {
    return this.type.startsWith('urn:lockstep:problem:');
  }
}
