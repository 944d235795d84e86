/**
 * The three envelopes inside a frame (request, answer, event) and the schema check that both sides run. It owns the
 * check's cache; it must never let a value through that does not fit.
 */
import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Boundary, EventName, RequestName } from '../contract/boundary.ts';
import { type ErrorBody, isErrorCode, WardlockError } from '../core/errors/index.ts';

const closed = { additionalProperties: false } as const;
const CallId = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Name = Type.String({ minLength: 1, maxLength: 60 });
const WireError = Type.Object({ code: Type.String({ maxLength: 60 }), message: Type.String({ maxLength: 2000 }) }, closed);

export const RequestFrame = Type.Object({ id: CallId, method: Name, params: Type.Unknown() }, closed);
/** `id` is null when the error answers no request that could be read. */
export const ErrorFrame = Type.Object({ id: Type.Union([Type.Null(), CallId]), error: WireError }, closed);
export const ResultFrame = Type.Object({ id: CallId, result: Type.Unknown() }, closed);
export const EventFrame = Type.Object({ event: Name, body: Type.Unknown() }, closed);
/** What the first request of every boundary carries at least. */
export const Hello = Type.Object({ protocol: Type.Integer({ minimum: 0 }), build: Type.String({ minLength: 1, maxLength: 120 }) });

interface Checker {
  Check(value: unknown): boolean;
  Errors(value: unknown): ReadonlyArray<{ readonly instancePath: string; readonly message: string }>;
}

const checkers = new WeakMap<TSchema, Checker>();

function checkerOf(schema: TSchema): Checker {
  const known = checkers.get(schema);
  if (known !== undefined) return known;
  const made: Checker = Compile(schema);
  checkers.set(schema, made);
  return made;
}

/** Whether a value fits; compiled once per schema. */
export function fits<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  return checkerOf(schema).Check(value);
}

/**
 * The value, known to fit.
 * @throws IPC_MESSAGE_MALFORMED naming the first place that does not fit, never the value itself
 */
export function parse<S extends TSchema>(schema: S, value: unknown): Static<S> {
  if (fits(schema, value)) return value;
  const first = checkerOf(schema).Errors(value)[0];
  const where = first === undefined ? '' : ` At ${first.instancePath === '' ? 'the top' : first.instancePath}: ${first.message}.`;
  throw new WardlockError('IPC_MESSAGE_MALFORMED', `A message did not fit its schema and was refused.${where}`);
}

/** What goes over the wire for a failure. Anything but a coded error says nothing about its inside. */
export function errorBodyOf(failure: unknown): ErrorBody {
  return failure instanceof WardlockError ? failure.toBody() : new WardlockError('IPC_HANDLER_FAILED').toBody();
}

/** The coded error that a wire error stands for; an unknown code is itself a malformed message. */
export function errorOfBody(body: Static<typeof WireError>): WardlockError {
  return isErrorCode(body.code)
    ? new WardlockError(body.code, body.message)
    : new WardlockError('IPC_MESSAGE_MALFORMED', 'The other side answered with an error code that this version does not know.');
}

/** The schema of an event, with its own type kept. */
export function eventSchema<B extends Boundary, N extends EventName<B>>(boundary: B, name: N): B['events'][N] {
  const events: B['events'] = boundary.events;
  return events[name];
}

/** The schemas of a request, with their own types kept. */
export function requestSchema<B extends Boundary, N extends RequestName<B>>(boundary: B, name: N): B['requests'][N] {
  const requests: B['requests'] = boundary.requests;
  return requests[name];
}
