/**
 * A keyboard reader while a native application is in front: the tap counts there as everywhere. A whole seat, with real keys of the X server;
 * that the application gets nothing of it is test/deep/key-gate.test.ts.
 */
import { expect, test } from '@playwright/test';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { screens } from '../../../demo/screens.ts';
import { BEN, enterPin } from '../../../demo/shift.ts';
import { openTestClinic, type TestClinic } from '../support/clinic.ts';
import { tapByWedge } from '../support/keys.ts';
import { signIn } from '../support/sign-in.ts';

const NO_WARNING_SECONDS = 600;

let opened: TestClinic;
let kiosk: Kiosk;

test.beforeEach(async () => {
  opened = await openTestClinic(NO_WARNING_SECONDS);
  // As wide as a policy may make it: a busy machine may hold a key back for a moment.
  await opened.clinic.publish((policy) => ({
    ...policy,
    readers: { ...policy.readers, keyboard: { medianGapMs: 50, maxGapMs: 150, endGapMs: 500 } },
  }));
  kiosk = await openDrivenKiosk(opened.clinic);
  await expect.poll(async () => (await opened.status()).truth.policy.version).toBe(2);
  await signIn(kiosk.page, opened.clinic);
  const seen = screens(kiosk.page);
  await seen.press(/^Calculator/);
  await seen.until('app');
});
test.afterEach(async () => {
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
});

test('escape 43 in session: over a native application the next person takes over with their badge', async () => {
  await tapByWedge(opened.display, BEN.badge);
  const seen = screens(kiosk.page);
  await seen.until('pin');
  await enterPin(seen, BEN.pin);
  await seen.until('launcher');
  await seen.says('Ben Okafor');
});
