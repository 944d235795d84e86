/** What one session may save. */
import { expect, test } from 'vitest';
import { MAX_FILE_BYTES, MAX_SESSION_BYTES, MAX_SESSION_FILES, overLimit } from './limits.ts';

test.each([
  [{ files: 0, bytes: 0 }, MAX_FILE_BYTES, undefined],
  [{ files: 0, bytes: 0 }, MAX_FILE_BYTES + 1, 'too-large'],
  [{ files: 1, bytes: MAX_SESSION_BYTES - 1 }, 1, undefined],
  [{ files: 1, bytes: MAX_SESSION_BYTES - 1 }, 2, 'session-full'],
  [{ files: MAX_SESSION_FILES - 1, bytes: 0 }, 0, undefined],
  [{ files: MAX_SESSION_FILES, bytes: 0 }, 0, 'session-full'],
])('after %o a file of %d bytes: %s', (saved, bytes, why) => {
  expect(overLimit(saved, bytes)).toBe(why);
});
