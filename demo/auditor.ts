/**
 * The auditor of the clinic: signs in at the console's API with a local account and reads a session's story, exactly what
 * the page shows. Trusts only the site's CA.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { consolePaths, SeatList, SessionList, Story } from '../contract/console-api.ts';
import { WardlockError } from '../core/errors/index.ts';

const ANSWER_LIMIT_MS = 15_000;

export type SessionRow = Static<typeof SessionList>['sessions'][number];
export type SessionStory = Static<typeof Story>;
export type SeatRow = Static<typeof SeatList>['seats'][number];

export interface Auditor {
  seats(): Promise<readonly SeatRow[]>;
  sessions(query?: { readonly person?: string; readonly seat?: string; readonly from?: string }): Promise<readonly SessionRow[]>;
  story(session: SessionRow): Promise<SessionStory>;
}

/** @throws WardlockError START_STEP_FAILED where the server refuses or answers outside its own contract */
export async function signIn(
  console: string,
  caFile: string,
  account: { readonly name: string; readonly password: string },
): Promise<Auditor> {
  const ca = readFileSync(caFile);
  const call = (
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<{ status: number; cookie: string; text: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(path, console),
        {
          method,
          ca,
          timeout: ANSWER_LIMIT_MS,
          headers: {
            ...headers,
            ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
          },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          answer.once('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              cookie: (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; '),
              text,
            }),
          );
          answer.once('error', reject);
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error(`the server did not answer ${path} in time`)));
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  const signedIn = await call('POST', consolePaths.signIn, { origin: new URL(console).origin }, JSON.stringify(account));
  if (signedIn.status !== 200)
    throw new WardlockError('START_STEP_FAILED', `The auditor could not sign in (${signedIn.status}): ${signedIn.text}`);

  async function get<S extends TSchema>(schema: S, path: string): Promise<Static<S>> {
    const answer = await call('GET', path, { cookie: signedIn.cookie });
    if (answer.status !== 200)
      throw new WardlockError('START_STEP_FAILED', `The server answered ${answer.status} for ${path}: ${answer.text}`);
    return Value.Parse(schema, JSON.parse(answer.text));
  }
  return {
    seats: async () => (await get(SeatList, consolePaths.seats)).seats,
    sessions: async (query = {}) => (await get(SessionList, `${consolePaths.sessions}?${new URLSearchParams(query).toString()}`)).sessions,
    story: (session) => get(Story, consolePaths.story.replace(':workstation', session.workstationId).replace(':session', session.session)),
  };
}
