/**
 * An agent reduced to its launcher, as a process of its own that a test can kill or run as another user. Prints one JSON document a
 * line: its mode, then what it started. Takes the seat as JSON in its first argument.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { createLauncher } from '../../agent/launch/compose.ts';
import type { LauncherOptions } from '../../agent/launch/port.ts';

const User = Type.Object({ name: Type.String(), uid: Type.Integer(), gid: Type.Integer() });
const Seat = Type.Object({
  state: Type.String(),
  users: Type.Union([Type.Null(), Type.Object({ app: User, ui: User })]),
  program: Type.Object({
    path: Type.String(),
    sha256: Type.String(),
    args: Type.Array(Type.String()),
    /** Null: where the launcher puts it. */
    cwd: Type.Optional(Type.Null()),
  }),
  children: Type.Array(Type.Object({ path: Type.String(), sha256: Type.String() })),
});

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const given: unknown = JSON.parse(process.argv[2] ?? '');
const { state, users, program: wanted, children } = Value.Parse(Seat, given);
const { cwd, ...program } = wanted;
const own: LauncherOptions = { runFolder: state, stateFolder: state, log: () => undefined };
const launcher = await createLauncher(users === null ? own : { ...own, appUsers: [users.app], uiUser: users.ui });
say({ mode: launcher.mode });
const sessionId = 'a'.repeat(32);
launcher.openSession({ sessionId });
const prepared = await launcher.prepare({ sessionId, appId: 'lone', env: {}, children, ...program, ...(cwd === null ? {} : { cwd: '/' }) });
say(prepared.ok ? { prepared: prepared.sha256 } : { refused: prepared.reason });
if (prepared.ok) say({ started: await launcher.start(prepared, (exit) => say({ exit })) });
// Until told to end: standard input closes with the test.
for await (const line of process.stdin) {
  if (String(line).startsWith('end')) {
    await sleep(0);
    say({ ended: await launcher.endSession(sessionId) });
    break;
  }
}
await launcher.close();
