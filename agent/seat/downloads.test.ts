/** What a web application saves: judged, recorded, kept, in that order, and told in a sentence. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import type { Message } from '../../contract/seat-view.ts';
import { MAX_FILE_BYTES, MAX_SESSION_FILES } from '../../core/downloads/limits.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { OpenSession } from '../../core/session/types.ts';
import type { WebApp } from '../../policies/apps.ts';
import type { Kept } from '../launch/port.ts';
import type { TakenFile } from '../state/incoming.ts';
import { SessionDownloads } from './downloads.ts';
import { midday, session } from './test-apps.ts';
import { testDocument } from './test-document.ts';

const web: WebApp = { id: 'records', name: 'Records', kind: 'web', icon: 'w', url: 'https://a.example/', origins: ['https://a.example'] };
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const NAME = '../Smith^Anna.pdf';

let done: string[] = [];
let events: AuditEvent[] = [];
let said: Message[] = [];
let open: OpenSession | null = session;
let held: OpenSession | null = session;
let bytes = 10;
let left = 0;
let kept: Kept = { ok: true };
let append: () => void = () => {};
let running = true;
let policy = testDocument;

beforeEach(() => {
  [done, events, said, open, held, bytes, left, kept, append, running] = [
    [],
    [],
    [],
    session,
    session,
    10,
    0,
    { ok: true },
    () => {},
    true,
  ];
  policy = { ...testDocument, apps: [...testDocument.apps, { ...web, downloads: 'allow' }] };
});

function downloads(): SessionDownloads {
  const note = (event: AuditEvent): void => void events.push(event);
  const taken = (): TakenFile => ({
    bytes,
    handle: { fd: 7, close: async () => void done.push('closed') } as unknown as TakenFile['handle'],
  });
  return new SessionDownloads({
    launcher: {
      keepFile: async (_session, file) => {
        done.push(`keep ${file.name} of ${file.bytes} by ${file.fd}`);
        return kept;
      },
    },
    recorder: {
      append: async (event) => {
        append();
        done.push(event.type);
        note(event);
        return 'store';
      },
    },
    border: { note },
    log: silent,
    incoming: {
      open: () => void done.push('open'),
      take: async (file) => (file === 'gone' ? null : taken()),
      empty: () => {
        done.push('empty');
        return left;
      },
      close: () => {},
    },
    apps: {
      stateOf: () => (running ? 'running' : undefined),
      recordable: (id) => id,
      say: (message) => void said.push(message),
      sayUnrecorded: () => void done.push('said unrecorded'),
    },
    snapshot: () => ({ document: policy, version: 4, sha256: '0'.repeat(64), expiresWallMs: 1 }),
    where: () => midday,
    openSession: () => open,
    heldSession: () => held,
  });
}

const download = { appId: 'records', file: 'a'.repeat(32), name: NAME };
const reasons = (): readonly unknown[] => events.flatMap((event) => (event.type === 'download.refused' ? [event.body.reason] : []));

describe('a download', () => {
  test('is recorded before it is kept, under a safe name, and told without one', async () => {
    expect(await downloads().save(download)).toBe(true);
    expect(done).toEqual(['download.saved', 'keep Smith^Anna.pdf of 10 by 7', 'closed']);
    expect(events).toEqual([{ type: 'download.saved', body: { session: session.id, app: 'records', bytes: 10 } }]);
    expect(said).toEqual([{ key: 'download.saved', params: { number: 1, app: 'Records' } }]);
    expect(JSON.stringify([events, said])).not.toContain('Smith');
  });

  test('that can’t be recorded is not kept', async () => {
    append = () => {
      throw new WardlockError('AUDIT_STORE_FULL');
    };
    expect(await downloads().save(download)).toBe(false);
    expect(done).toEqual(['said unrecorded', 'closed']);
    append = () => {
      throw new WardlockError('AUDIT_EVENT_COUNTED');
    };
    expect(await downloads().save(download)).toBe(false);
    expect(reasons()).toEqual(['flood']);
  });

  test('is not kept by a seat that locked while it was recorded, and that is told when the person is back, to nobody else', async () => {
    append = () => {
      open = null;
    };
    const of = downloads();
    expect(await of.save(download)).toBe(false);
    expect(done).toEqual(['download.saved', 'closed']);
    expect([reasons(), said]).toEqual([['locked'], []]);
    of.opened('b'.repeat(32));
    of.opened(session.id);
    expect(said).toEqual([]);
    await of.save(download);
    open = session;
    of.opened(session.id);
    expect(said).toEqual([{ key: 'download.stopped', params: { app: 'Records' } }]);
  });

  test.each<[string, () => void, string, string]>([
    [
      'too large',
      () => {
        bytes = MAX_FILE_BYTES + 1;
      },
      'too-large',
      'download.tooLarge',
    ],
    [
      'of an application that does not run',
      () => {
        running = false;
      },
      'not-allowed',
      'download.notAllowed',
    ],
    [
      'of one that may not',
      () => {
        policy = { ...policy, apps: [...testDocument.apps, web] };
      },
      'not-allowed',
      'download.notAllowed',
    ],
    [
      'that no application could open',
      () => {
        policy = { ...policy, apps: [{ ...web, downloads: 'allow' }] };
      },
      'no-application',
      'download.noApplication',
    ],
    [
      'without a home',
      () => {
        kept = { ok: false, reason: 'no-home', detail: '' };
      },
      'no-place',
      'download.noPlace',
    ],
    [
      'without room',
      () => {
        kept = { ok: false, reason: 'no-room', detail: '' };
      },
      'session-full',
      'download.full',
    ],
  ])('%s is not kept, told and recorded', async (_what, bend, reason, key) => {
    bend();
    expect(await downloads().save(download)).toBe(false);
    expect(reasons()).toEqual(reason === 'not-allowed' ? [] : [reason]);
    expect(said.map((message) => message.key)).toEqual([key]);
  });

  test('that the screens never left is a failed one', async () => {
    expect(await downloads().save({ ...download, file: 'gone' })).toBe(false);
    expect(reasons()).toEqual(['failed']);
  });

  test('counts against its session, and against no other', async () => {
    const of = downloads();
    for (let file = 0; file < MAX_SESSION_FILES; file += 1) await of.save(download);
    expect(await of.save(download)).toBe(false);
    expect(reasons()).toEqual(['session-full']);
    of.ended();
    expect(await of.save(download)).toBe(true);
  });
});

test('what was on its way when the screens were lost is gone and recorded, and its person, nobody else, hears of it on coming back', () => {
  const of = downloads();
  open = null;
  of.screensLost();
  expect([done, events]).toEqual([['empty'], []]);
  left = 2;
  of.screensLost();
  expect(events).toEqual([{ type: 'download.refused', body: { session: session.id, app: '', reason: 'screens-lost', count: 2 } }]);
  expect(said).toEqual([]);
  open = session;
  of.opened(session.id);
  expect(said).toEqual([{ key: 'download.stopped', params: {} }]);
});

test('the screens have a place for downloads only where a policy lets a page make one', () => {
  downloads().prepare();
  expect(done).toEqual(['open']);
  policy = testDocument;
  done = [];
  downloads().prepare();
  expect(done).toEqual([]);
});
