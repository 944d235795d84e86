/**
 * A seat on a kernel that refuses network namespaces: forbids them to itself and its children by a filter for system calls (seccomp(2)), makes the
 * launcher, runs one program in a session, and prints the launcher's mode and the program's exit code. Used by tests only, as root.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { createLauncher } from '../../agent/launch/compose.ts';
import type { AppUser } from '../../agent/launch/port.ts';
import { named, runApp } from './sandboxed-seat.ts';

const UNSHARE = process.arch === 'arm64' ? 97 : 272;
const CLONE_NEWNET = 0x40000000;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const ALLOW = 0x7fff0000;
const ERRNO_ENOSPC = 0x00050000 | 28;
/** Offsets in struct seccomp_data: the call's number, and the lower half of its first argument. */
const NUMBER = 0;
const FIRST_ARGUMENT = 16;
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;
const INSTRUCTION_BYTES = 8;

function forbidNetworks(): void {
  const program = [
    [LOAD, 0, 0, NUMBER],
    [JUMP_IF_EQUAL, 0, 3, UNSHARE],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [JUMP_IF_ANY_BIT, 0, 1, CLONE_NEWNET],
    [RETURN, 0, 0, ERRNO_ENOSPC],
    [RETURN, 0, 0, ALLOW],
  ] as const;
  const instructions = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  program.forEach(([code, yes, no, value], index) => {
    const at = index * INSTRUCTION_BYTES;
    instructions.writeUInt16LE(code, at);
    instructions.writeUInt8(yes, at + 2);
    instructions.writeUInt8(no, at + 3);
    instructions.writeUInt32LE(value, at + 4);
  });
  koffi.struct('SocketFilterProgram', { length: 'uint16_t', filter: 'const uint8_t *' });
  const prctl = koffi.load('libc.so.6').func('int prctl(int option, unsigned long mode, const SocketFilterProgram *program)');
  const result: unknown = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, { length: program.length, filter: instructions });
  if (result !== 0) throw new Error(`The filter was refused (errno ${koffi.errno()}).`);
}

const { ui, app }: { readonly ui: AppUser; readonly app: AppUser } = JSON.parse(process.argv[2] ?? '');
forbidNetworks();
const state = mkdtempSync(join(tmpdir(), 'wl-seat-'));
const launcher = await createLauncher({ appUsers: [app], uiUser: ui, stateFolder: state, runFolder: state, log: () => undefined });
const { name, missing } = launcher.mode;
const sessionId = 'e'.repeat(32);
launcher.openSession({ sessionId });
const spec = { sessionId, appId: 'test', ...named('/bin/dash'), args: ['-c', 'exit 7'], env: {}, children: [] };
const ended = await runApp(launcher, spec);
await launcher.close();
rmSync(state, { recursive: true, force: true });
process.stdout.write(JSON.stringify({ name, missing, exitCode: 'ok' in ended ? null : ended.exitCode }));
