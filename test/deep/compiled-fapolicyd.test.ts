/** Compiled rules and trust in the real fapolicyd. */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hashOf, JUDGED_UID, nativeApp, underFapolicyd } from '../support/fapolicyd.ts';
import { isLinuxRoot } from '../support/root.ts';

const run = promisify(execFile);
const LIMIT_MS = 120_000;

/** $5 a copy of an allowed program, $6 the dynamic loader. */
const ATTEMPTS = `t() { name=$1; shift; timeout 20 setpriv --reuid ${JUDGED_UID} --regid ${JUDGED_UID} --clear-groups "$@" >/dev/null 2>&1; echo "$name $?"; }
t allowed /usr/bin/true
t child /usr/bin/dash -c /usr/bin/date
t child-alone /usr/bin/date
t unlisted /usr/bin/id
t unlisted-by-app /usr/bin/dash -c /usr/bin/id
t copy $5
t loader $6 /usr/bin/id
/usr/bin/id >/dev/null; echo "root $?"
timeout 20 setpriv --reuid 61568 --regid 61568 --clear-groups /usr/bin/id >/dev/null; echo "others $?"`;

test('the real fapolicyd takes compiled rules and trust, and lets run what they allow', { timeout: LIMIT_MS }, async (context) => {
  context.skip(!isLinuxRoot, 'needs root on Linux: it makes mounts and judges programs');
  const shell = await nativeApp('shell', '/usr/bin/dash', [{ path: '/usr/bin/date', sha256: await hashOf('/usr/bin/date') }]);
  const { compiled, lines } = await underFapolicyd({
    apps: [await nativeApp('true', '/usr/bin/true'), shell],
    scripts: { before: '', during: ATTEMPTS },
    words: async (folder) => {
      const copy = join(folder, 'copy');
      await run('cp', ['/usr/bin/true', copy]);
      return [copy, await realpath('/lib64/ld-linux-x86-64.so.2')];
    },
  });
  expect(compiled).toContain('Left out:');
  expect(lines).toEqual([
    'Loaded 7 rules',
    'allowed 0',
    'child 0',
    'child-alone 126',
    'unlisted 126',
    'unlisted-by-app 126',
    'copy 126',
    'loader 127',
    'root 0',
    'others 0',
  ]);
});
