/**
 * The real fapolicyd with compiled rules, in a mount namespace of its own: it judges this namespace and nothing else of the machine. Owns
 * how it is set up and ended; says nothing about what runs there.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { NativeApp } from '../../policies/schema.ts';
import { testPolicy } from './policy.ts';
import { unpackDebian } from './unpacked-debian.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../../cli/main.ts');
/** Nobody's number: whom the rules judge. */
export const JUDGED_UID = '61567';

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

/** $1 the package, $2 its libraries, $3 what was compiled, $4 the configuration, and from $5 on what the scripts take. */
const script = ({ before, during }: Scripts): string => `set -e
W=$(mktemp -d); mount -t tmpfs none $W; trap 'umount -l $W; rmdir $W' EXIT
for d in etc usr var; do mkdir -p $W/up/$d $W/work/$d; done
mkdir -p $W/up/etc/fapolicyd/rules.d $W/up/etc/fapolicyd/trust.d $W/up/usr/share/fapolicyd $W/up/var/lib/fapolicyd
cp $1/usr/share/fapolicyd/*.mgc $W/up/usr/share/fapolicyd/
cp $3/wardlock.rules $W/up/etc/fapolicyd/rules.d/; cp $3/wardlock.trust $W/up/etc/fapolicyd/trust.d/; cp $4 $W/up/etc/fapolicyd/fapolicyd.conf
: > $W/up/etc/fapolicyd/fapolicyd.trust
for d in etc usr var; do mount -t overlay none -o lowerdir=/$d,upperdir=$W/up/$d,workdir=$W/work/$d /$d; done
mount -t tmpfs none /run; mkdir /run/fapolicyd
$1/usr/sbin/fagenrules >$W/gen 2>&1 || true
${before}
LD_LIBRARY_PATH=$2 $1/usr/sbin/fapolicyd --debug-deny >$W/log 2>&1 & P=$!
i=0; until grep -q 'Starting to listen' $W/log || [ $i -ge 300 ]; do sleep 0.1; i=$((i+1)); done
grep 'Loaded ' $W/log
set +e
${during}
kill $P; wait $P; exit 0
`;

export interface Scripts {
  /** Shell lines that run in the namespace before it is judged. */
  readonly before: string;
  /** Shell lines that run while it is. */
  readonly during: string;
}

export interface Judged {
  /** What the applications and their children are; they belong to one role. */
  readonly apps: readonly NativeApp[];
  readonly scripts: Scripts;
  /** What the scripts find from $5 on; the folder is theirs, and others may enter it. */
  readonly words?: (folder: string) => Promise<readonly string[]>;
}

/** Compiles a policy of these applications, loads it and runs the scripts. @returns what they printed, after the count of the rules */
export async function underFapolicyd({
  apps,
  scripts,
  words,
}: Judged): Promise<{ readonly compiled: string; readonly lines: readonly string[] }> {
  const fapolicyd = await unpackDebian('fapolicyd');
  const folder = await mkdtemp(join(tmpdir(), 'wl-fapolicyd-'));
  try {
    const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };
    const roles = [{ id: 'nurse', name: 'Nurse', apps: apps.map(({ id }) => id) }];
    const breakGlass = { enabled: false, needsBadge: false, limitSeconds: 900, apps: [], reasons: [] };
    const policy = join(folder, 'policy.json');
    const configuration = join(folder, 'fapolicyd.conf');
    const out = join(folder, 'out');
    await writeFile(policy, JSON.stringify(testPolicy(1, keys, { apps: [...apps], roles, breakGlass })));
    await writeFile(configuration, CONFIGURATION);
    await mkdir(out);
    const compile = ['policy', 'compile', policy, '--to', 'fapolicyd', '--user', JUDGED_UID, '--out', out];
    const compiled = await run(process.execPath, [main, ...compile]);
    await run('chmod', ['755', folder]);
    const given = [fapolicyd.root, fapolicyd.libraries, out, configuration, ...((await words?.(folder)) ?? [])];
    const { stdout } = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script(scripts), 'sh', ...given]);
    return { compiled: compiled.stdout, lines: stdout.trim().split('\n') };
  } finally {
    await Promise.all([rm(folder, { recursive: true, force: true }), fapolicyd.remove()]);
  }
}

export async function nativeApp(id: string, path: string, children: NativeApp['children'] = []): Promise<NativeApp> {
  return { id, name: id, kind: 'native', icon: 'x', path, sha256: await hashOf(path), args: [], env: {}, children };
}

export async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
