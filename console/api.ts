/**
 * The console's one way to the server: same-origin requests whose answers are checked against the contract before a page
 * sees them. It keeps no secret: the session is a cookie that scripts can't read.
 */
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { AlarmList, CSRF_HEADER, consolePaths, Me, SeatList, SessionList, Story } from '../contract/console-api.ts';

const Refusal = Type.Object({ code: Type.String(), message: Type.String() });

/** A refusal in the server's own words. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Search {
  readonly person: string;
  readonly seat: string;
  readonly from: string;
  readonly to: string;
}

export const api = {
  me: () => get(consolePaths.me, Me),
  signIn: (name: string, password: string) => send(consolePaths.signIn, Me, { body: JSON.stringify({ name, password }) }),
  signOut: (csrf: string) => send(consolePaths.signOut, Type.Object({}), { headers: { [CSRF_HEADER]: csrf } }),
  seats: () => get(consolePaths.seats, SeatList),
  alarms: () => get(consolePaths.alarms, AlarmList),
  acknowledge: (csrf: string, alarm: string, times: number) =>
    send(consolePaths.acknowledge.replace(':alarm', encodeURIComponent(alarm)), Type.Object({}), {
      headers: { [CSRF_HEADER]: csrf },
      body: JSON.stringify({ times }),
    }),
  sessions: (search: Search, after: string | null) => {
    const query = new URLSearchParams(Object.entries(search).filter(([, value]) => value !== ''));
    if (after !== null) query.set('after', after);
    return get(`${consolePaths.sessions}?${query}`, SessionList);
  },
  story: (workstation: string, session: string) => get(`${consolePaths.sessions}/${workstation}/${session}`, Story),
};

/** Where the browser fetches the export of one seat and time from. */
export function exportAddress(seat: string, from: string, to: string): string {
  return `${consolePaths.exportLog}?${new URLSearchParams({ seat, from, to })}`;
}

function get<S extends TSchema>(path: string, schema: S): Promise<Static<S>> {
  return ask(path, schema, {});
}

function send<S extends TSchema>(
  path: string,
  schema: S,
  { body, headers }: { readonly body?: string; readonly headers?: Record<string, string> },
): Promise<Static<S>> {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  return ask(path, schema, { method: 'POST', headers: { ...type, ...headers }, ...(body === undefined ? {} : { body }) });
}

async function ask<S extends TSchema>(path: string, schema: S, init: RequestInit): Promise<Static<S>> {
  const answer = await fetch(path, { credentials: 'same-origin', ...init }).catch(() => {
    throw new Refused('SERVER_UNREACHABLE', 'The server does not answer. Check the connection and try again.');
  });
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok && Value.Check(schema, body)) return body;
  if (Value.Check(Refusal, body)) throw new Refused(body.code, body.message);
  throw new Refused('SERVER_ANSWER_MALFORMED', 'The answer is not one of this server. Load the page again.');
}
