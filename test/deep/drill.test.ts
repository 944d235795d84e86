/**
 * The bypass drill on a real seat: it passes there and the seat signs for it; with one layer taken away the certificate fails and
 * names the escape; and where it can not run it says what is missing.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Value } from 'typebox/value';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { certificateOf } from '../../agent/drill/certificate.ts';
import { type DrillSeat, openDrillSeat, sessionAttempts } from '../../agent/drill/compose.ts';
import { playAll } from '../../agent/drill/play.ts';
import { insideSession } from '../../agent/drill/session.ts';
import { drillBytes } from '../../agent/drill/vouch.ts';
import { seatCgroupName } from '../../agent/launch/compose.ts';
import { cgroupMount } from '../../agent/os/cgroup.ts';
import { makeThrowAwayUsers, type ThrowAwayUsers } from '../../agent/os/users.ts';
import { SignedDrill } from '../../contract/drill.ts';
import { parseVerifierKey } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { sessionsCgroup } from '../support/sandboxed-seat.ts';
import { SeatProcess } from '../support/seat-process.ts';

const program = resolve(import.meta.dirname, '../../cli/main.ts');
const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
let folder = '';
let users: ThrowAwayUsers<'ui' | 'app'> | undefined;
let seat: SeatProcess | undefined;

beforeAll(async () => {
  if (!isLinuxRoot) return;
  folder = mkdtempSync(join(tmpdir(), 'wl-drill-'));
  users = await makeThrowAwayUsers({ journal: join(folder, 'users.json'), prefix: 'wldrilltest', roles: ['ui', 'app'] });
});
afterAll(async () => {
  await users?.remove();
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  seat = undefined;
});
afterEach(async () => {
  await seat?.remove();
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function drill(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [program, 'drill', ...args], { maxBuffer: 10_000_000 }, (failure, stdout, stderr) => {
      done({ code: failure === null ? 0 : Number(failure.code), stdout, stderr });
    });
  });
}

async function openSeatProcess(): Promise<{ readonly running: SeatProcess; readonly ui: { readonly uid: number; readonly gid: number } }> {
  if (users === undefined) throw new Error('Without root there are no users: this test must be skipped.');
  const { ui, app } = users.users;
  const running = await SeatProcess.create(['--ui-user', ui.name, '--app-user', app.name]);
  seat = running;
  chmodSync(running.folder, 0o711);
  await running.start();
  return { running, ui };
}

/** What a drill made and must not leave. */
const leftOvers = (): readonly string[] =>
  [...readdirSync('/run'), ...readdirSync('/opt')].filter((name) => name.startsWith('wardlock-drill-'));

const drillUsers = (): readonly string[] =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('wldrill-'));

describe('the bypass drill', () => {
  rootTest(
    'holds on a real seat of a checkout, and what only a package has is named as left out; the certificate carries what the seat is and its signature',
    async () => {
      const { running, ui } = await openSeatProcess();
      await running.furnish([ada], {}, ui);
      const file = join(folder, 'certificate.json');
      const before = leftOvers();
      const ended = await drill('--state', running.state, '--out', file, '--json');
      expect(ended, ended.stderr).toMatchObject({ code: 3 });
      const signed = Value.Parse(SignedDrill, JSON.parse(readFileSync(file, 'utf8')));
      expect(Value.Parse(SignedDrill, JSON.parse(ended.stdout))).toEqual(signed);
      const { certificate, signature } = signed;
      expect(certificate.attempts.filter(({ outcome }) => outcome !== 'held')).toEqual([
        expect.objectContaining({ escape: 35, outcome: 'leftOut', detail: expect.stringContaining('package') }),
      ]);
      expect(certificate).toMatchObject({ verdict: 'incomplete', practice: false, policyVersion: 1, seat: { name: 'Bay 4' } });
      expect(certificate.layers.mode).toBe('enforced');
      expect(certificate.os.kernel).toContain(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
      const held = new Set(certificate.attempts.filter(({ outcome }) => outcome === 'held').map(({ escape }) => escape));
      for (const escape of [10, 27, 36, 37, 38, 39, 40, 41, 63, 65, 66]) expect(held, `escape ${escape}`).toContain(escape);
      for (const { todo } of certificate.byHand) expect(todo).toMatch(/^[A-Z].*\.$/u);
      if (signature === null) throw new Error('The seat did not sign.');
      const key = nodeCrypto.verifier(parseVerifierKey(nodeCrypto, signature.logKey).publicKey);
      const bytes = new Uint8Array(Buffer.from(signature.signature, 'base64'));
      expect(key.verify(drillBytes(certificate), bytes)).toBe(true);
      expect(key.verify(drillBytes({ ...certificate, policyVersion: 2 }), bytes)).toBe(false);
      expect(leftOvers()).toEqual(before);
    },
  );

  rootTest('fails and names the escape when one layer is gone: files of the person may be programs again', async () => {
    const state = mkdtempSync(join(folder, 'planted-'));
    const opened = await openDrillSeat(state);
    const without: DrillSeat = {
      ...opened,
      withSession: (use) =>
        opened.withSession(async (session) => {
          // The sandbox is ready once something could run in it.
          await session.shell(':');
          const root = insideSession(await sessionsCgroup(session.state), session.sessionId, '/');
          const pid = root.split('/')[2] ?? '';
          execFileSync('nsenter', ['--target', pid, '--mount', 'mount', '-o', 'remount,bind,exec', '/tmp']);
          return use(session);
        }),
    };
    const wanted = sessionAttempts(without).filter(({ escape }) => escape === 38 || escape === 66);
    const attempts = await playAll(wanted, () => undefined);
    await opened.close();
    const times = { startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:01:00Z' };
    const certificate = certificateOf({
      practice: true,
      seat: null,
      policyVersion: null,
      layers: opened.launcher.mode,
      ...times,
      attempts,
    });
    expect(certificate.verdict).toBe('failed');
    expect(certificate.attempts).toMatchObject([
      { escape: 38, outcome: 'through', detail: expect.stringContaining('LD_PRELOAD') },
      { escape: 66, outcome: 'held' },
    ]);
  });

  for (const how of ['a reader that goes away', 'SIGHUP', 'SIGINT'] as const) {
    rootTest(`that ends early, by ${how}, takes its users and folders with it`, async () => {
      const others = leftOvers();
      const state = mkdtempSync(join(folder, 'left-'));
      const child = spawn(process.execPath, [program, 'drill', '--practice', '--state', state], { stdio: ['ignore', 'ignore', 'pipe'] });
      await once(child.stderr, 'data');
      const made = drillUsers();
      expect(made).not.toEqual([]);
      if (how === 'a reader that goes away') child.stderr.destroy();
      else child.kill(how);
      await once(child, 'exit');
      expect(child.exitCode).toBe(1);
      expect(drillUsers().filter((each) => made.includes(each))).toEqual([]);
      expect(leftOvers()).toEqual(others);
      const own = join('/run', seatCgroupName(state).replace('wardlock-', 'wardlock-drill-'));
      expect(existsSync(join((await cgroupMount()) ?? '', seatCgroupName(own)))).toBe(false);
    });
  }

  rootTest('says what is missing and ends with 2: an agent, an enrolment, a seat that nobody uses', async () => {
    const nobody = await drill('--state', join(folder, 'none'));
    expect(nobody).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('No agent answers') });
    const { running, ui } = await openSeatProcess();
    expect(await drill('--state', running.state)).toMatchObject({ code: 2, stderr: expect.stringContaining('not enrolled') });
    const syncer = await running.enrol(ui);
    expect(await drill('--state', running.state)).toMatchObject({ code: 2, stderr: expect.stringContaining('no policy yet') });
    await syncer.request('policy', { envelope: running.site.policy(running.site.document(1)) });
    await syncer.request('directory', { sealed: await running.site.directory(1, [ada]) });
    const screens = await running.screens(ui);
    await screens.client.request('badge', { number: ada.badge });
    await screens.pin(ada.pin);
    await screens.sees(({ phase }) => phase === 'open');
    expect(await drill('--state', running.state)).toMatchObject({ code: 2, stderr: expect.stringContaining('signed in') });
  });

  rootTest('is practice without an agent: it says so, is not signed, and names what was left out for want of root', async () => {
    const nobody = execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).trim();
    const args = [
      '--reuid',
      nobody,
      '--clear-groups',
      process.execPath,
      program,
      'drill',
      '--practice',
      '--json',
      '--state',
      '/nonexistent',
    ];
    const asNobody = await new Promise<Ended>((done) => {
      execFile('setpriv', args, (failure, stdout, stderr) => done({ code: failure === null ? 0 : Number(failure.code), stdout, stderr }));
    });
    const { certificate, signature } = Value.Parse(SignedDrill, JSON.parse(asNobody.stdout));
    expect(signature).toBeNull();
    expect(certificate).toMatchObject({ practice: true, seat: null, policyVersion: null });
    for (const { escape, outcome, detail } of certificate.attempts.filter((one) => one.escape >= 36)) {
      expect({ escape, outcome }).toEqual({ escape, outcome: 'leftOut' });
      expect(detail).toContain('root');
    }
    expect(existsSync('/nonexistent')).toBe(false);
  });
});
