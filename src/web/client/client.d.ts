import type { components, paths } from './api.js';

export type Schemas = components['schemas'];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
/** The paths of the interface that take a method. */
export type PathsOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];
type Operation<M extends Method, P extends PathsOf<M>> = paths[P][M];

type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;
type Success = 200 | 201 | 202 | 207;
/** What an operation replies with when it succeeds. */
export type ReplyOf<M extends Method, P extends PathsOf<M>> =
  Operation<M, P> extends { responses: infer Replies } ? Json<Replies[keyof Replies & Success]> : never;
/** The body that an operation takes. */
export type BodyOf<M extends Method, P extends PathsOf<M>> =
  Operation<M, P> extends { requestBody?: infer Body } ? Json<NonNullable<Body>> : never;

type Parameters<M extends Method, P extends PathsOf<M>, In extends string> =
  Operation<M, P> extends { parameters: infer All } ? (In extends keyof All ? NonNullable<All[In]> : never) : never;
type Given<Name extends string, Value, Required extends boolean> = [Value] extends [never]
  ? { [N in Name]?: undefined }
  : Required extends true
    ? { [N in Name]: Value }
    : { [N in Name]?: Value };

export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  /** How often it is sent at most, where that is safe. */
  attempts?: number;
  /** Sent again under the same key it counts once; one is made where the operation takes one. null: none. */
  idempotencyKey?: string | null;
  /** The body has an id that makes it safe to be sent again. */
  repeatable?: boolean;
  headers?: Record<string, string>;
  keepalive?: boolean;
  /** Instead of the provider's. null: none. */
  token?: string | null;
}
export type OptionsOf<M extends Method, P extends PathsOf<M>> = CallOptions &
  Given<'path', Parameters<M, P, 'path'>, true> &
  Given<'query', Parameters<M, P, 'query'>, false>;
type Rest<M extends Method, P extends PathsOf<M>> = [Parameters<M, P, 'path'>] extends [never]
  ? [options?: OptionsOf<M, P>]
  : [options: OptionsOf<M, P>];

export interface Reply<Data> {
  status: number;
  data: Data;
  headers: Headers;
  etag: string | null;
  requestId: string;
  /** The server said that nothing changed; `data` is the very object of before. */
  notModified: boolean;
}

export interface Identity {
  /** Names the learner on this device. */
  owner: string;
  role: string | null;
  guest: boolean;
  expiresAt: number | null;
}

export type TokenProvider = (wish: { refresh: boolean }) => string | null | undefined | Promise<string | null | undefined>;

export interface ClientOptions {
  /** Where Lockstep answers; the page's own origin without it. */
  baseUrl?: string;
  /** A token, or who has it. Asked before every request; with `refresh`, when it has ended or was refused. Returns
   * null while nobody is signed in, and throws when it cannot say. */
  token?: string | null | TokenProvider;
  timeoutMs?: number;
  attempts?: number;
  fetch?: typeof fetch;
  onReply?: (reply: Reply<unknown>) => void;
  clock?: Clock;
}

/** The server's time. */
export class Clock {
  now(): number;
  readonly offset: number | null;
  readonly isSure: boolean;
}

export class Client {
  readonly baseUrl: string;
  readonly clock: Clock;
  constructor(options?: ClientOptions);
  get<P extends PathsOf<'get'>>(path: P, ...rest: Rest<'get', P>): Promise<ReplyOf<'get', P>>;
  post<P extends PathsOf<'post'>>(path: P, body?: BodyOf<'post', P>, ...rest: Rest<'post', P>): Promise<ReplyOf<'post', P>>;
  put<P extends PathsOf<'put'>>(path: P, body?: BodyOf<'put', P>, ...rest: Rest<'put', P>): Promise<ReplyOf<'put', P>>;
  patch<P extends PathsOf<'patch'>>(path: P, body?: BodyOf<'patch', P>, ...rest: Rest<'patch', P>): Promise<ReplyOf<'patch', P>>;
  delete<P extends PathsOf<'delete'>>(path: P, ...rest: Rest<'delete', P>): Promise<ReplyOf<'delete', P>>;
  /** The whole reply; also for a body with DELETE, and for what is not JSON. */
  send(
    method: string,
    path: string,
    options?: CallOptions & { path?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown },
  ): Promise<Reply<any>>;
  whoami(): Promise<Identity>;
  credentials(refused?: string | null): Promise<Identity & { token: string | null }>;
  refreshToken(): Promise<string | null>;
  useGuest(provider: (wish: { refresh: boolean }) => Promise<string | null>): void;
}

export function createClient(options?: ClientOptions): Client;
