/**
 * Judges one message of the renderer before anything else sees it: name, form, size. It must let nothing through that
 * the contract does not name, down to a single additional field.
 */
import type { TSchema } from 'typebox';
import type { Params, RequestName } from '../../contract/boundary.ts';
import { type BridgeBoundary, bridgeBoundary } from '../../contract/bridge.ts';
import type { ErrorCode } from '../../core/errors/index.ts';
import { fits, requestSchema } from '../../ipc/messages.ts';

/** Characters of a message as JSON. The longest honest one is an enrolment with its server's address. */
export const BRIDGE_MESSAGE_LIMIT = 2_048;

export type BridgeRequest = {
  readonly [N in RequestName<BridgeBoundary>]: { readonly name: N; readonly params: Params<BridgeBoundary, N> };
}[RequestName<BridgeBoundary>];

export type Judged =
  | { readonly ok: true; readonly request: BridgeRequest }
  | { readonly ok: false; readonly code: ErrorCode; readonly what: string };

export function judgeMessage(message: readonly unknown[]): Judged {
  const [name, params] = message;
  if (message.length !== 2 || typeof name !== 'string') return { ok: false, code: 'IPC_MESSAGE_MALFORMED', what: 'form' };
  if (!isRequestName(name)) return { ok: false, code: 'IPC_METHOD_UNKNOWN', what: `unknown ${name}` };
  if (sizeOf(params) > BRIDGE_MESSAGE_LIMIT) return { ok: false, code: 'IPC_FRAME_TOO_LARGE', what: name };
  const schema = requestSchema<BridgeBoundary, typeof name>(bridgeBoundary, name).params;
  if (!hasOnlyKnownFields(schema, params) || !fits(schema, params)) return { ok: false, code: 'IPC_MESSAGE_MALFORMED', what: name };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- name and schema come from the same row of the literal
  return { ok: true, request: { name, params } as BridgeRequest };
}

function isRequestName(name: string): name is RequestName<BridgeBoundary> {
  return Object.hasOwn(bridgeBoundary.requests, name);
}

function sizeOf(value: unknown): number {
  try {
    return JSON.stringify(value)?.length ?? 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function hasOnlyKnownFields(schema: TSchema, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const properties = 'properties' in schema && typeof schema.properties === 'object' && schema.properties !== null ? schema.properties : {};
  return Object.keys(value).every((key) => Object.hasOwn(properties, key));
}
