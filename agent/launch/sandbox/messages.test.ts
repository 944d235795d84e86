import { describe, expect, test } from 'vitest';
import { readInitRequest, readProgress, readStartRequest, readWarmRequest } from './messages.ts';

const held = { fd: 3, dev: '1', ino: '2' };
const start = {
  uid: 999,
  gid: 999,
  path: '/usr/bin/a',
  argv: ['/usr/bin/a'],
  env: ['A=1'],
  cwd: '/',
  program: held,
  scripts: [held],
  executable: [held],
  readable: ['/opt/a'],
};
const init = { uid: 999, gid: 999, hide: ['/x'], windowManager: '/a.xml' };
const warm = { agentPid: 1, initPid: 2, cgroup: '/sys', readable: [] };

describe('what the two small programs accept', () => {
  test('proper requests pass unchanged', () => {
    expect(readStartRequest(start)).toEqual(start);
    expect(readInitRequest(init)).toEqual(init);
    expect(readWarmRequest(warm)).toEqual(warm);
  });

  test.each([0, -1, 1.5, '0', null, undefined])('a request for the user %s is refused: never root, never nobody in particular', (uid) => {
    expect(() => readStartRequest({ ...start, uid })).toThrow(TypeError);
    expect(() => readInitRequest({ ...init, gid: uid })).toThrow(TypeError);
  });

  test('a request without one of its fields is refused', () => {
    for (const name of Object.keys(start)) expect(() => readStartRequest({ ...start, [name]: undefined }), name).toThrow(TypeError);
    for (const name of Object.keys(init)) expect(() => readInitRequest({ ...init, [name]: undefined }), name).toThrow(TypeError);
    for (const name of Object.keys(warm)) expect(() => readWarmRequest({ ...warm, [name]: undefined }), name).toThrow(TypeError);
    for (const value of [null, [], 'x', 7]) expect(() => readStartRequest(value)).toThrow(TypeError);
  });

  test('a relative path is refused', () => {
    expect(() => readStartRequest({ ...start, path: 'a' })).toThrow(/path/u);
    expect(() => readStartRequest({ ...start, cwd: 'tmp' })).toThrow(/cwd/u);
  });

  test('what is no progress is a failure', () => {
    expect(readProgress('{"state":"ready"}')).toEqual({ state: 'ready' });
    expect(readProgress('{"state":"failed","detail":"x"}')).toEqual({ state: 'failed', detail: 'x' });
    for (const line of ['', '{', '{}', 'null', '{"state":"done"}', '{"state":"failed"}']) expect(readProgress(line).state).toBe('failed');
  });
});
