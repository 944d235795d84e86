/**
 * Compiled rules and trust in the real fapolicyd, in a mount namespace of its own: it judges this namespace and nothing else of
 * the machine.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { NativeApp } from '../../policies/schema.ts';
import { testPolicy } from '../support/policy.ts';
import { isLinuxRoot } from '../support/root.ts';
import { unpackDebian } from '../support/unpacked-debian.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../../cli/main.ts');
/** Nobody's number. */
const UID = '61567';
const LIMIT_MS = 120_000;

const CONFIGURATION = `permissive = 0
nice_val = 0
q_size = 640
uid = 0
gid = 0
db_max_size = 10
watch_fs = ext2,ext3,ext4,tmpfs,xfs,overlay,btrfs
trust = file
integrity = sha256
syslog_format = rule,dec,perm,auid,pid,exe,:,path,ftype,trust
allow_filesystem_mark = 0
`;

/** $1 the package, $2 its libraries, $3 what was compiled, $4 the configuration, $5 a copy of an allowed program. */
const SCRIPT = `set -e
W=$(mktemp -d); mount -t tmpfs none $W; trap 'umount -l $W; rmdir $W' EXIT
for d in etc usr var; do mkdir -p $W/up/$d $W/work/$d; done
mkdir -p $W/up/etc/fapolicyd/rules.d $W/up/etc/fapolicyd/trust.d $W/up/usr/share/fapolicyd $W/up/var/lib/fapolicyd
cp $1/usr/share/fapolicyd/*.mgc $W/up/usr/share/fapolicyd/
cp $3/wardlock.rules $W/up/etc/fapolicyd/rules.d/; cp $3/wardlock.trust $W/up/etc/fapolicyd/trust.d/; cp $4 $W/up/etc/fapolicyd/fapolicyd.conf
: > $W/up/etc/fapolicyd/fapolicyd.trust
for d in etc usr var; do mount -t overlay none -o lowerdir=/$d,upperdir=$W/up/$d,workdir=$W/work/$d /$d; done
mount -t tmpfs none /run; mkdir /run/fapolicyd
$1/usr/sbin/fagenrules >$W/gen 2>&1 || true
LD_LIBRARY_PATH=$2 $1/usr/sbin/fapolicyd --debug-deny >$W/log 2>&1 & P=$!
i=0; until grep -q 'Starting to listen' $W/log || [ $i -ge 300 ]; do sleep 0.1; i=$((i+1)); done
grep 'Loaded ' $W/log
set +e
t() { name=$1; shift; timeout 20 setpriv --reuid ${UID} --regid ${UID} --clear-groups "$@" >/dev/null 2>&1; echo "$name $?"; }
t allowed /usr/bin/true
t child /usr/bin/dash -c /usr/bin/date
t child-alone /usr/bin/date
t unlisted /usr/bin/id
t unlisted-by-app /usr/bin/dash -c /usr/bin/id
t copy $5
t loader $6 /usr/bin/id
/usr/bin/id >/dev/null; echo "root $?"
timeout 20 setpriv --reuid 61568 --regid 61568 --clear-groups /usr/bin/id >/dev/null; echo "others $?"
kill $P; wait $P; exit 0
`;

async function named(id: string, path: string, children: NativeApp['children'] = []): Promise<NativeApp> {
  return { id, name: id, kind: 'native', icon: 'x', path, sha256: await hashOf(path), args: [], env: {}, children };
}

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

test('the real fapolicyd takes compiled rules and trust, and lets run what they allow', { timeout: LIMIT_MS }, async (context) => {
  context.skip(!isLinuxRoot, 'needs root on Linux: it makes mounts and judges programs');
  const fapolicyd = await unpackDebian('fapolicyd');
  const folder = await mkdtemp(join(tmpdir(), 'wl-fapolicyd-'));
  try {
    const apps = [
      await named('true', '/usr/bin/true'),
      await named('shell', '/usr/bin/dash', [{ path: '/usr/bin/date', sha256: await hashOf('/usr/bin/date') }]),
    ];
    const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };
    const roles = [{ id: 'nurse', name: 'Nurse', apps: ['true', 'shell'] }];
    const breakGlass = { enabled: false, needsBadge: false, limitSeconds: 900, apps: [], reasons: [] };
    await writeFile(join(folder, 'policy.json'), JSON.stringify(testPolicy(1, keys, { apps, roles, breakGlass })));
    await writeFile(join(folder, 'fapolicyd.conf'), CONFIGURATION);
    await mkdir(join(folder, 'out'));
    const compiled = await run(process.execPath, [
      ...[main, 'policy', 'compile', join(folder, 'policy.json')],
      ...['--to', 'fapolicyd', '--user', UID, '--out', join(folder, 'out')],
    ]);
    expect(compiled.stdout).toContain('Left out:');
    await run('chmod', ['755', folder]);
    const copy = join(folder, 'copy');
    await run('cp', ['/usr/bin/true', copy]);
    const loader = await realpath('/lib64/ld-linux-x86-64.so.2');
    const words = [fapolicyd.root, fapolicyd.libraries, join(folder, 'out'), join(folder, 'fapolicyd.conf'), copy, loader];
    const { stdout } = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', SCRIPT, 'sh', ...words]);
    expect(stdout.trim().split('\n')).toEqual([
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
  } finally {
    await Promise.all([rm(folder, { recursive: true, force: true }), fapolicyd.remove()]);
  }
});
