/**
 * What a boundary is: one literal whose values are schemas. Types, callers, handlers and run-time checks are all
 * derived from that literal, so none of them can drift from the others. It must never hold behaviour.
 */
import type { Static, TSchema } from 'typebox';

/** A call that gets exactly one answer: a result that fits `result`, or a coded error. */
export interface RequestSchema {
  readonly params: TSchema;
  readonly result: TSchema;
}

/** One boundary. `requests` go from the client to the server of the socket, `events` the other way. */
export interface Boundary {
  readonly name: string;
  readonly protocol: number;
  /** Largest request of this boundary in bytes of JSON, where the usual frame limit is too small for what it carries. */
  readonly requestLimit?: number;
  readonly requests: Readonly<Record<string, RequestSchema>>;
  readonly events: Readonly<Record<string, TSchema>>;
}

export type RequestName<B extends Boundary> = keyof B['requests'] & string;
export type EventName<B extends Boundary> = keyof B['events'] & string;
export type Params<B extends Boundary, N extends RequestName<B>> = Static<B['requests'][N]['params']>;
export type Result<B extends Boundary, N extends RequestName<B>> = Static<B['requests'][N]['result']>;
export type EventBody<B extends Boundary, N extends EventName<B>> = Static<B['events'][N]>;

/** Keeps the literal's own types while checking its form. */
export function boundary<const B extends Boundary>(literal: B): B {
  return literal;
}
