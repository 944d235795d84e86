/**
 * What the shift left behind, read as an auditor reads it: the stories from the server, an export that verifies offline,
 * the seat's own log. Each expectation is checked against the record, not against the screen.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../core/errors/index.ts';
import { type Auditor, type SessionStory, signIn } from './auditor.ts';
import type { Clinic } from './clinic.ts';
import type { Progress } from './progress.ts';
import { SEAT_NAME } from './seat.ts';
import { ANNA, BEN } from './shift.ts';
import { AUDITOR } from './site.ts';
import { storyText } from './story.ts';

/** From the last event at the seat to its story on the server. */
const ARRIVAL_LIMIT_MS = 45_000;
const LOOK_EVERY_MS = 250;
const UNANCHORED = 2;

/** What each story of the shift must hold, in this order; other events may stand between. */
const EXPECTED = [
  {
    who: ANNA.id,
    kind: 'person',
    events: ['session.started', 'app.launched', 'app.launched', 'app.refused', 'session.warned', 'session.locked', 'session.ended'],
  },
  { who: BEN.id, kind: 'person', events: ['session.started', 'session.locked', 'session.unlocked', 'session.ended'] },
  { who: null, kind: 'breakglass', events: ['breakglass.started', 'app.launched', 'breakglass.ended'] },
] as const;

const Identity = Type.Object({ logKey: Type.String() });

export async function proveShift(clinic: Clinic, since: Date, progress: Progress, say: (text: string) => void): Promise<void> {
  const auditor = await progress.step('an auditor signs in', () =>
    signIn(clinic.site.consoleUrl, clinic.site.ca, { name: AUDITOR, password: clinic.site.auditorPassword }),
  );
  const stories = await progress.step('the whole shift is on the server, and says what happened', () => shiftStories(auditor, since));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  say(`\n${stories.map((story) => storyText(story, zone)).join('\n\n')}\n\n`);

  const logKey = Value.Parse(Identity, JSON.parse(await clinic.cli.must(['identity', '--state', clinic.seat.stateDir, '--json']))).logKey;
  // Both: the seat's key vouches for its log, the server's for what it has received of it.
  const keys = ['--key', logKey, '--key', clinic.site.mirrorKey];
  const exported = join(clinic.places.site, 'export.wardlock');
  await progress.step('an export verifies offline', async () => {
    await rm(exported, { force: true });
    await clinic.cli.must([
      'audit',
      'export',
      '--server',
      clinic.site.consoleUrl,
      '--ca',
      clinic.site.ca,
      '--account',
      AUDITOR,
      '--password-file',
      join(clinic.places.site, 'auditor.password'),
      '--seat',
      SEAT_NAME,
      '--from',
      since.toISOString(),
      '--to',
      new Date().toISOString(),
      '--out',
      exported,
    ]);
    progress.note((await clinic.cli.must(['audit', 'verify', exported, ...keys])).trim());
  });
  const snapshot = join(clinic.places.site, 'seat-log.db');
  await progress.step("the seat's own log verifies", async () => {
    await rm(snapshot, { force: true });
    await clinic.cli.must(['audit', 'snapshot', snapshot, '--state', clinic.seat.stateDir]);
    progress.note((await clinic.cli.must(['audit', 'verify', snapshot, ...keys])).trim());
  });
  await progress.step('without a key from outside it proves nothing, and says so', async () => {
    const { code, stdout, stderr } = await clinic.cli.run(['audit', 'verify', snapshot]);
    if (code !== UNANCHORED)
      throw new WardlockError('START_STEP_FAILED', `audit verify without a key ended with ${code}: ${stdout}${stderr}`);
  });
  say(`\nVerify it yourself:\n  npm run -s cli -- audit verify ${snapshot} --key '${logKey}' --key '${clinic.site.mirrorKey}'\n`);
}

/** Waits until every session of the shift has a story with all that is expected, each event verified. */
async function shiftStories(auditor: Auditor, since: Date): Promise<readonly SessionStory[]> {
  const deadline = performance.now() + ARRIVAL_LIMIT_MS;
  for (;;) {
    const rows = [...(await auditor.sessions({ from: since.toISOString() }))].sort((a, b) => a.startedAt.localeCompare(b.startedAt));
    const stories = await Promise.all(rows.map((row) => auditor.story(row)));
    const missing = missingFrom(stories);
    if (missing === undefined) return stories;
    if (performance.now() > deadline) throw new WardlockError('START_STEP_FAILED', `The auditor misses ${missing}.`);
    await sleep(LOOK_EVERY_MS);
  }
}

function missingFrom(stories: readonly SessionStory[]): string | undefined {
  for (const expected of EXPECTED) {
    const name = expected.who ?? 'emergency access';
    const story = stories.find(({ session }) => session.person === expected.who && session.kind === expected.kind);
    if (story === undefined) return `the session of ${name}`;
    const unproven = story.events.find((event) => event.proof !== 'verified');
    if (unproven !== undefined) return `proof of event ${unproven.seq} (${unproven.type}) of ${name}`;
    if (story.gaps.length > 0) return `entries: ${story.gaps[0]?.says ?? ''}`;
    let from = 0;
    for (const type of expected.events) {
      const at = story.events.findIndex((event, index) => index >= from && event.type === type);
      if (at < 0) return `${type} in the session of ${name}`;
      from = at + 1;
    }
  }
  return undefined;
}
