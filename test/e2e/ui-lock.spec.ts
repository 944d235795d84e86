/**
 * What the kiosk alone decides about locked and open: it predicts a lock and never an unlock, shows nothing of a session
 * without a living agent, and keeps a badge's keys from every field.
 */
import { expect, type Page, test } from '@playwright/test';
import { USUAL_RHYTHM } from '../../core/reader/wedge.ts';
import { typeAsPerson } from '../../demo/kiosk.ts';
import { burst, typeBlindly } from './support/keys.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { awaitedView, breakGlassView, lockedView, openView, pinView } from './support/views.ts';

const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

/** Titles of the windows that the window system shows. */
async function shownWindows(seat: Seat): Promise<readonly string[]> {
  return seat.kiosk.app.evaluate(({ BaseWindow }) =>
    BaseWindow.getAllWindows()
      .filter((window) => window.isVisible())
      .map((window) => window.getTitle()),
  );
}

test.describe('locked and open', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());
  test.beforeEach(async () => {
    seat.agent.hang(false);
    seat.agent.push(lockedView());
    await until(page, 'lock');
    seat.agent.asked.length = 0;
  });

  test('a PIN is typed on the keyboard and on the pad, and sent by Enter or OK', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    await typeAsPerson(page, '271828');
    await page.keyboard.press('Enter');
    await expect.poll(() => seat.agent.of('pin')).toEqual([{ pin: '271828' }]);
    for (const digit of '314159') await page.getByRole('button', { name: digit, exact: true }).click();
    await page.getByRole('button', { name: 'OK' }).click();
    await expect.poll(() => seat.agent.of('pin').length).toBe(2);
    expect(seat.agent.of('pin')[1]).toEqual({ pin: '314159' });
  });

  test('an emergency access without a name is told on every screen and sounds, until somebody has signed in', async () => {
    // Counts the tones: nothing here hears them.
    await page.evaluate(() => {
      const make = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function counted() {
        const { dataset } = document.documentElement;
        dataset['tones'] = String(Number(dataset['tones'] ?? 0) + 1);
        return make.call(this);
      };
    });
    const localAlarm = { since: '2026-11-23T06:00:00Z' };
    seat.agent.push({ ...breakGlassView(), localAlarm });
    await until(page, 'launcher');
    await expect(page.locator('.bar').getByRole('alert').getByText('No name given: alarm')).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('data-tones', '3');
    seat.agent.push({ ...lockedView(), localAlarm });
    await until(page, 'lock');
    await expect(page.getByRole('alert').getByText('Sign in to end this alarm.')).toBeVisible();
    seat.agent.push(openView());
    await until(page, 'launcher');
    await expect(page.getByRole('alert')).toHaveCount(0);
  });

  test('a PIN that is too short is not sent, and the screen says why', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    await typeAsPerson(page, '271');
    await page.keyboard.press('Enter');
    await expect(page.getByText('At least 6 digits.')).toBeVisible();
    expect(seat.agent.of('pin')).toEqual([]);
  });

  test('where nobody is let in the lock asks for no badge and offers no other way in but an emergency', async () => {
    const { truth } = lockedView();
    const signIn = { byName: true, suggests: true, byCode: true, newBadge: true };
    seat.agent.push({
      ...lockedView(),
      signIn,
      truth: { ...truth, staff: { state: 'tooOld', asOf: '2026-11-20T06:00:00Z' } },
      message: { key: 'staff.tooOld', params: { emergency: 'works' }, code: 'SESSION_STAFF_TOO_OLD' },
    });
    await expect(page.getByRole('heading')).toHaveText('Nobody can sign in here now.');
    await expect(page.getByText('Emergency access works.')).toBeVisible();
    await expect(page.locator('.badge-drawing, .button-entry, .button-new-badge')).toHaveCount(0);
    await expect(page.locator('.button-emergency')).toBeEnabled();
    seat.agent.push({ ...lockedView(), signIn });
    await expect(page.getByRole('heading')).toHaveText('Tap your badge.');
    await expect(page.locator('.badge-drawing, .button-entry, .button-new-badge')).toHaveCount(3);
  });

  test('a wait is counted down and is gone once it is over, also while the next PIN is checked', async () => {
    const said = page.locator('.pin-said');
    const key = page.getByRole('button', { name: '1', exact: true });
    const message = { key: 'pin.wait' as const, params: { seconds: 4, tries: 3 }, code: 'SESSION_PIN_WAIT' };
    seat.agent.push({ ...pinView({ triesLeft: 3, waitMs: 4_000 }), message });
    await until(page, 'pin');
    await expect(said).toContainText(/Wait [1-4] seconds?\./);
    await expect(key).toBeDisabled();
    await expect(key).toBeEnabled();
    await expect(said).toHaveText('3 tries left');
    await typeAsPerson(page, '271828');
    await page.keyboard.press('Enter');
    await expect.poll(() => seat.agent.of('pin')).toEqual([{ pin: '271828' }]);
    seat.agent.push({ ...pinView(), prompt: { kind: 'checking' } });
    await expect(said).toHaveText('Checking');
    seat.agent.push({ ...pinView({ triesLeft: 2 }), message: { key: 'pin.wrong', params: { tries: 2 } } });
    await expect(said).toContainText('Wrong PIN. 2 tries left.');
  });

  test('the wait after wrong codes is counted down whatever the screen, is read out once, and goes', async () => {
    const signIn = { byName: false, suggests: false, byCode: true, newBadge: false };
    seat.agent.push({ ...lockedView(), signIn, message: { key: 'code.wait', params: { seconds: 6 }, code: 'SESSION_PIN_WAIT' } });
    const seen = page.locator('.message');
    const readOut = page.locator('.message-place .unseen');
    await expect(seen).toContainText(/Wait [1-5] seconds?\./);
    await expect(readOut).toHaveText('Too many wrong codes. Wait 6 seconds.');
    // Not begun anew by another screen.
    await page.locator('.button-entry').click();
    await until(page, 'entry');
    await expect(seen).toContainText(/Wait [1-5] seconds?\./);
    await expect(page.locator('.message-place')).toHaveText('');
  });

  test('a PIN that is begun while the seat still ends the session before loses no digit', async () => {
    seat.agent.push(awaitedView());
    await until(page, 'pin');
    await typeAsPerson(page, '271');
    await expect(page.getByRole('status').getByText('3 digits entered')).toBeAttached();
    seat.agent.push(pinView());
    await expect(page.locator('.pad')).toBeVisible();
    await expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(3);
    await typeAsPerson(page, '828');
    await page.keyboard.press('Enter');
    await expect.poll(() => seat.agent.of('pin')).toEqual([{ pin: '271828' }]);
  });

  test('a whole PIN that is typed before the pad is there goes off once, with its Enter or without one', async () => {
    seat.agent.push(awaitedView());
    await until(page, 'pin');
    await typeAsPerson(page, '271828');
    await page.keyboard.press('Enter');
    await typeAsPerson(page, '9');
    seat.agent.push(pinView());
    await expect.poll(() => seat.agent.of('pin')).toEqual([{ pin: '271828' }]);
    seat.agent.push(lockedView());
    await until(page, 'lock');
    seat.agent.push(awaitedView());
    await until(page, 'pin');
    await typeAsPerson(page, '314159');
    seat.agent.push(pinView({ maxDigits: 6 }));
    await expect.poll(() => seat.agent.of('pin')).toEqual([{ pin: '271828' }, { pin: '314159' }]);
    await expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(0);
  });

  test('digits typed for a badge that needs no PIN open nothing and are gone', async () => {
    seat.agent.push(awaitedView());
    await until(page, 'pin');
    await typeAsPerson(page, '2718');
    seat.agent.push(lockedView());
    await until(page, 'lock');
    seat.agent.push(pinView());
    await until(page, 'pin');
    await expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(0);
    expect(seat.agent.of('pin')).toEqual([]);
  });

  test('the pad of another person is empty, and a badge that is read twice takes no digit away', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    await typeAsPerson(page, '271');
    const { serial } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
    seat.agent.push(pinView());
    await expect(page.locator('html')).not.toHaveAttribute('data-serial', serial ?? '');
    await expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(3);
    seat.agent.push(pinView({ person: { displayName: 'Ben Okafor', initials: 'BO' } }));
    await expect(page.getByText('Ben Okafor')).toBeVisible();
    await expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(0);
  });

  test('a PIN that a stalled kiosk reads late, and all at once, is no badge: it reaches the pad whole', async () => {
    seat.agent.push(pinView());
    await expect(page.locator('.pad')).toBeVisible();
    process.kill(seat.kiosk.pid, 'SIGSTOP');
    try {
      await typeBlindly(seat.display, '271828\n');
    } finally {
      process.kill(seat.kiosk.pid, 'SIGCONT');
    }
    await expect.poll(() => seat.agent.of('pin')).toEqual([{ pin: '271828' }]);
    expect(seat.agent.of('badge')).toEqual([]);
  });

  test('escape 43 locked: a wedge badge reaches the agent and never the PIN pad', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    await burst(seat.kiosk.app, '04A1B2C3D4');
    await expect.poll(() => seat.agent.of('badge')).toEqual([{ number: '04A1B2C3D4' }]);
    await burst(seat.kiosk.app, '0412345678');
    await expect.poll(() => seat.agent.of('badge').length).toBe(2);
    expect(await page.locator('.dot[data-filled="yes"]').count()).toBe(0);
    expect(seat.agent.of('pin')).toEqual([]);
  });

  test('escape 43 in session: a wedge badge reaches the agent and never the focused field', async () => {
    seat.agent.push(openView());
    await until(page, 'launcher');
    const search = page.getByRole('searchbox');
    await search.focus();
    await typeAsPerson(page, 'la');
    await burst(seat.kiosk.app, '04A1B2C3D4');
    await expect.poll(() => seat.agent.of('badge')).toEqual([{ number: '04A1B2C3D4' }]);
    expect(await search.inputValue()).toBe('la');
    await typeAsPerson(page, 'B');
    await expect(search).toHaveValue('laB');
  });

  test('keys that a person types are input of the seat’s own, those of a reader are none', async () => {
    let ownIdleMs = 0;
    seat.agent.on('activity', (told) => {
      ownIdleMs = told.ownIdleMs;
    });
    seat.agent.push(openView());
    await until(page, 'launcher');
    await page.getByRole('searchbox').focus();
    await expect.poll(() => ownIdleMs).toBeGreaterThan(3_000);
    await burst(seat.kiosk.app, '04A1B2C3D4');
    await expect.poll(() => seat.agent.of('badge')).toHaveLength(1);
    const before = ownIdleMs;
    await expect.poll(() => ownIdleMs).toBeGreaterThan(before);
    await typeBlindly(seat.display, 'ward');
    await expect.poll(() => ownIdleMs).toBeLessThan(3_000);
  });

  test('escape 43 locked: a burst of 4,096 characters is swallowed and reported', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    await burst(seat.kiosk.app, '7'.repeat(4096));
    await expect.poll(() => seat.agent.of('refused').map(({ what }) => what)).toContain('badge too long');
    await expect.poll(() => seat.agent.of('badgeTooLong')).toHaveLength(1);
    seat.agent.push({ ...pinView(), message: { key: 'reader.tooLong', params: {}, code: 'SESSION_READER_TOO_LONG' } });
    await expect(page.getByText('The reader sent more than a badge holds.')).toBeVisible();
    await page.keyboard.type('a');
    await expect(page.getByText('Only digits belong here.')).toBeVisible();
    expect(seat.agent.of('badge')).toEqual([]);
    expect(await page.locator('.dot[data-filled="yes"]').count()).toBe(0);
  });

  test('escape 43 locked: so is one that does not end as the policy says', async () => {
    seat.agent.push({ ...pinView(), wedge: { ...USUAL_RHYTHM, terminator: 'tab' } });
    await until(page, 'pin');
    await burst(seat.kiosk.app, '7'.repeat(4096));
    await expect.poll(() => seat.agent.of('badgeTooLong')).toHaveLength(1);
    expect(seat.agent.of('badge')).toEqual([]);
    expect(seat.agent.of('pin')).toEqual([]);
    expect(await page.locator('.dot[data-filled="yes"]').count()).toBe(0);
  });

  test('escape 60 locked: what somebody copied from a field of the lock is gone for whoever opens the seat', async () => {
    seat.agent.push({ ...lockedView(), signIn: { byName: false, suggests: false, byCode: true, newBadge: false } });
    await page.locator('.button-entry').click();
    await typeAsPerson(page, '30195827');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.press('ControlOrMeta+c');
    const copied = () => seat.kiosk.app.evaluate(async ({ clipboard }) => clipboard.readText());
    await expect.poll(copied).toBe('30195827');
    seat.agent.push(openView());
    await until(page, 'launcher');
    await expect.poll(copied).toBe('');
  });

  test('a lock is drawn before the agent answers, and app windows are hidden', async () => {
    seat.agent.push(openView());
    await until(page, 'launcher');
    await page.getByRole('button', { name: 'Calculator', exact: true }).first().click();
    await until(page, 'app');
    await expect.poll(() => shownWindows(seat)).toEqual(expect.arrayContaining(['Wardlock apps', 'Wardlock']));
    seat.agent.hang(true);
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    await until(page, 'lock');
    await expect(page.getByRole('heading', { name: 'Locking.' })).toBeVisible();
    expect(await shownWindows(seat)).toEqual(['Wardlock']);
  });

  test('an unlock is never drawn before the agent says so', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    await typeAsPerson(page, '271828');
    await page.keyboard.press('Enter');
    await expect.poll(() => seat.agent.of('pin').length).toBe(1);
    await page.waitForTimeout(300);
    await expect(page.locator('html')).toHaveAttribute('data-screen', 'pin');
  });

  test('a page that speaks too often is refused and reported, and the seat stays', async () => {
    const codes = await page.evaluate(async () => {
      const answers = await Promise.all(Array.from({ length: 200 }, () => window.wardlock.stay({})));
      return answers.map((answer) => (answer.ok ? 'ok' : answer.code));
    });
    expect(codes.filter((code) => code === 'IPC_TOO_MANY').length).toBeGreaterThan(100);
    expect(seat.agent.of('stay').length).toBeLessThan(60);
    await expect
      .poll(() =>
        seat.agent
          .of('refused')
          .map(({ what }) => what)
          .join(),
      )
      .toMatch(/too many x\d+/);
    await page.waitForTimeout(2_200);
  });

  test('fault: a hung agent is an opaque lock in plain words, and a living one is believed again', async () => {
    seat.agent.push(openView());
    await until(page, 'launcher');
    seat.agent.hang(true);
    await until(page, 'away');
    await expect(page.getByRole('alert')).toContainText('does not answer');
    expect(await page.locator('body').innerText()).not.toContain('Anna');
    expect(await shownWindows(seat)).toEqual(['Wardlock']);
    seat.agent.hang(false);
    await until(page, 'launcher');
  });

  test('fault: without an agent nothing of the last session is left on the screen', async () => {
    seat.agent.push(openView());
    await until(page, 'launcher');
    await seat.agent.close();
    await until(page, 'away');
    await expect(page.getByRole('alert')).toContainText('not running');
    expect(await page.locator('body').innerText()).not.toContain('Anna');
  });
});
