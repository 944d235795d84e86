/**
 * A signed-in account at the console of a real server, over HTTPS and one connection that stays open, as a browser has it. It asks
 * no faster than the server lets an address ask.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { consolePaths } from '../../../contract/console-api.ts';
import { cli, type ServerProcess } from '../../support/server-process.ts';

/** The server takes 600 searches a minute of one address. */
const PACE_MS = 101;
const ACCOUNT = { name: 'bench', password: 'correct horse battery' } as const;

export interface ConsoleClient {
  /** The answer to a GET and the milliseconds from the request to its last byte. */
  get(path: string): Promise<{ readonly body: string; readonly ms: number }>;
  close(): void;
}

/** @param database as the server was started with */
export async function openConsoleClient(server: ServerProcess, database: string): Promise<ConsoleClient> {
  await cli(['account', 'add', ACCOUNT.name, '--state', server.state, '--database', database], `${ACCOUNT.password}\n`);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(server.ready.ca) });
  const ask = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    new Promise<{ readonly body: string; readonly cookie: string }>((resolve, reject) => {
      const outgoing = request(new URL(path, server.ready.console), { method, agent, headers }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('error', reject).on('end', () => {
          if (incoming.statusCode === 200) resolve({ body: text, cookie: incoming.headers['set-cookie']?.[0]?.split(';')[0] ?? '' });
          else reject(new Error(`${path} was answered ${incoming.statusCode}: ${text}`));
        });
      });
      outgoing.on('error', reject).end(body);
    });
  const { cookie } = await ask('POST', consolePaths.signIn, { 'content-type': 'application/json' }, JSON.stringify(ACCOUNT));
  let next = performance.now();
  return {
    get: async (path) => {
      await new Promise((resolve) => {
        setTimeout(resolve, Math.max(0, next - performance.now()));
      });
      const started = performance.now();
      next = started + PACE_MS;
      const { body } = await ask('GET', path, { cookie });
      return { body, ms: performance.now() - started };
    },
    close: () => agent.destroy(),
  };
}
