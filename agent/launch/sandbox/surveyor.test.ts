/** The survey of the system is made once, ahead of the first session, and does not outlive its launcher. */
import { expect, test } from 'vitest';
import { SYSTEM_FILES } from './survey.ts';
import { Surveyor } from './surveyor.ts';

test('one that was begun is the one that the first session gets', async () => {
  const surveyor = new Surveyor();
  surveyor.begin();
  const [first, second] = await Promise.all([surveyor.ofSystem(), surveyor.ofSystem()]);
  expect(first).toEqual(second);
  expect(first).toEqual(expect.arrayContaining([...SYSTEM_FILES]));
  expect(first.length).toBeGreaterThan(SYSTEM_FILES.length);
  surveyor.close();
});

test('one that is under way ends with its launcher, and nobody gets half of it', async () => {
  const surveyor = new Surveyor();
  surveyor.begin();
  const wanted = surveyor.ofSystem();
  surveyor.close();
  await expect(wanted).rejects.toThrow();
});
