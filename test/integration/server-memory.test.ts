/** The server takes its memory as a process that holds ten thousand connections should, however it was started. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ServerProcess, startServer } from '../support/server-process.ts';

let folder: string;
let server: ServerProcess | null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-memory-'));
  server = null;
});
afterEach(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const variablesOf = async (pid: number): Promise<string[]> => (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');

test('it becomes itself once more: same number, same streams, buffers of connections from the system', async () => {
  server = await startServer(folder);
  const { pid } = server.ready;
  expect(pid).toBe(server.child.pid);
  expect(await variablesOf(pid)).toEqual(expect.arrayContaining(['MALLOC_MMAP_THRESHOLD_=65536', 'MALLOC_TOP_PAD_=32768']));
  expect(await server.stop('SIGTERM')).toBe(0);
  server = null;
});

test('whoever starts it may choose for themselves, and the rest of what they set reaches it', async () => {
  server = await startServer(folder, { env: { MALLOC_MMAP_THRESHOLD_: '131072', OF_SOMEBODY_ELSE: 'kept' } });
  const variables = await variablesOf(server.ready.pid);
  expect(variables).toEqual(expect.arrayContaining(['MALLOC_MMAP_THRESHOLD_=131072', 'MALLOC_TOP_PAD_=32768', 'OF_SOMEBODY_ELSE=kept']));
});
