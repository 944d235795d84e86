/** A person comes to a locked seat of a whole clinic, by badge and PIN as the screens ask for them. */
import { expect, type Page } from '@playwright/test';
import type { Clinic } from '../../../demo/clinic.ts';
import { screens } from '../../../demo/screens.ts';
import { ANNA, enterPin, tap } from '../../../demo/shift.ts';

/** Anna has a session when it resolves: with her tiles, or back at the application that she left. */
export async function signIn(page: Page, clinic: Clinic): Promise<void> {
  const seen = screens(page);
  await seen.until('lock');
  await tap(clinic, ANNA.badge);
  await seen.until('pin');
  await enterPin(seen, ANNA.pin);
  await expect(page.locator('html')).toHaveAttribute('data-screen', /^(launcher|app)$/u);
}
