/**
 * What must never enter the record: names, titles, documents, typed text. A real agent is fed such data at each of its ports, in
 * every field that takes text and in fields that do not exist; then the whole record is decrypted, and every file is read.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Boundary } from '../../contract/boundary.ts';
import { cliBoundary } from '../../contract/cli.ts';
import { syncBoundary } from '../../contract/sync.ts';
import { uiBoundary } from '../../contract/ui.ts';
import { encodeFrame } from '../../ipc/frames.ts';
import { SeatProcess } from '../support/seat-process.ts';
import { until } from '../support/server-process.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
/** As people write it, and as it would have to look to pass for an id. */
const PATIENT = 'Smith^Anna *1961-04-02';
const AS_ID = 'SmithAnna19610402';
const MARKS = ['Smith', 'Anna', '1961-04-02', '19610402'] as const;
const TITLES = { windowTitle: PATIENT, document: PATIENT, clipboard: PATIENT, typed: PATIENT };
/** These would end the test's own way in, or are not a person's words. */
const LEFT_OUT = new Set(['hello', 'enrolled', 'policy', 'directory', 'enrol', 'enrolmentClaim', 'snapshot', 'surface']);

let seat: SeatProcess;
beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(() => seat.remove());

/** A value that fits the schema where that can be, with patient data in each text. */
function filled(schema: TSchema, text: string): unknown {
  const {
    type,
    properties,
    anyOf,
    const: literal,
  } = schema as { type?: string; properties?: Record<string, TSchema>; anyOf?: TSchema[]; const?: unknown };
  if (literal !== undefined) return literal;
  if (anyOf !== undefined) return filled(anyOf.at(-1) ?? schema, text);
  if (type === 'object') return Object.fromEntries(Object.entries(properties ?? {}).map(([name, field]) => [name, filled(field, text)]));
  if (type === 'integer' || type === 'number') return 1;
  if (type === 'boolean') return true;
  if (type === 'array') return [];
  return text;
}

/** Each request of a boundary, once with the text as it is, once as an id, once with fields that it does not have. */
function requestsOf({ requests }: Boundary): readonly { readonly method: string; readonly params: unknown }[] {
  return Object.entries(requests)
    .filter(([method]) => !LEFT_OUT.has(method))
    .flatMap(([method, { params }]) => {
      const asId = filled(params, AS_ID);
      return [filled(params, PATIENT), asId, { ...(typeof asId === 'object' ? asId : {}), ...TITLES }].map((value) => ({
        method,
        params: value,
      }));
    });
}

test('no patient data enters the record, at whatever port it is offered', async () => {
  // A name in the staff list, a policy and a list that are refused, and the path of a copy are ports as well.
  const syncer = await seat.furnish([{ ...ada, change: { displayName: PATIENT, givenName: 'Anna' } }]);
  const refused = { outcome: 'refused' };
  const envelope = Buffer.from(JSON.stringify({ payloadType: PATIENT, payload: AS_ID, signatures: [], ...TITLES })).toString('base64');
  expect(await syncer.request('policy', { envelope })).toMatchObject(refused);
  expect(await syncer.request('policy', { envelope: seat.site.policy(JSON.stringify({ name: PATIENT, ...TITLES })) })).toMatchObject(
    refused,
  );
  expect(await syncer.request('directory', { sealed: envelope })).toMatchObject(refused);
  syncer.close();
  const copy = join(seat.folder, AS_ID);
  await offer('cli', 'snapshot', { path: copy });
  expect(existsSync(copy)).toBe(true);
  let asked = 0;
  for (const [boundary, name] of [
    [uiBoundary, 'ui'],
    [cliBoundary, 'cli'],
    [syncBoundary, 'sync'],
  ] as const) {
    for (const { method, params } of requestsOf(boundary)) {
      asked += 1;
      await offer(name, method, params);
    }
  }
  expect(asked).toBeGreaterThan(60);
  // What the screens call themselves in their greeting, before the real ones connect.
  for (const build of [PATIENT, AS_ID, `wardlock-ui/${AS_ID}`]) await offer('ui', 'ping', {}, build);
  const screens = await seat.screens();
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: PATIENT })).toEqual({ taken: true });
  await screens.sees((view) => view.phase === 'open');
  await screens.client.request('launch', { appId: AS_ID });
  await screens.client.request('webRefused', { appId: AS_ID, origin: `https://records.example/patient/${AS_ID}?name=Smith` });
  await screens.client.request('webFailed', { appId: AS_ID, reason: 'certificate', count: 1 });
  await screens.client.request('download', { appId: AS_ID, file: '0'.repeat(32), name: `${PATIENT}.pdf` });
  await screens.client.request('downloadRefused', { appId: AS_ID, reason: 'too-large', count: 1 });
  screens.close();
  const reader = await until(() => seat.syncer().catch(() => null));
  const events = await seat.record(reader);
  expect(events.length).toBeGreaterThan(20);
  // The note of an emergency is the one free text of the taxonomy (docs/limitations.md): it is sealed like every event.
  const bodies = events.map(({ type, body }) => ({ type, ...body, ...('note' in body ? { note: '' } : {}) }));
  expect(bodies.filter((body) => MARKS.some((mark) => JSON.stringify(body).includes(mark)))).toEqual([]);
  const heard = [
    'ui.connected',
    'app.refused',
    'web.refused',
    'web.failed',
    'download.refused',
    'border.refused',
    'auth.refused',
    'sync.incident',
    'breakglass.started',
    'policy.refused',
    'directory.refused',
    'recording.read',
  ];
  expect([...new Set<string>(events.map(({ type }) => type))]).toEqual(expect.arrayContaining(heard));
  await seat.stop();
  const files = readdirSync(seat.state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(5);
  for (const { parentPath, name } of files) {
    const bytes = readFileSync(join(parentPath, name));
    for (const mark of MARKS) expect(bytes.includes(mark), `${name} holds ${mark}`).toBe(false);
  }
});

/** One request on a connection of its own, past the client's checks; the answer, or the refusal, does not matter here. */
async function offer(name: 'ui' | 'cli' | 'sync', method: string, params: unknown, build = 'test'): Promise<void> {
  const boundary = { ui: uiBoundary, cli: cliBoundary, sync: syncBoundary }[name];
  const socket = createConnection(seat.socket(name));
  socket.on('error', () => {});
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  });
  socket.write(encodeFrame({ id: 1, method: 'hello', params: { protocol: boundary.protocol, build } }));
  socket.write(encodeFrame({ id: 2, method, params }));
  await until(() => socket.destroyed || heard.includes('"id":2') || heard.includes('IPC_'));
  socket.destroy();
  if (heard.includes('IPC_TOO_MANY')) await offer(name, method, params, build);
}
