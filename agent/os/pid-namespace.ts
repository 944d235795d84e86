/**
 * Starting children in a pid namespace other than one's own (pid_namespaces(7)). Owns the short moment in which this
 * thread's children would be born elsewhere; must never leave it, whatever the start does.
 */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setns, unshare } from './libc.ts';

const CLONE_NEWPID = 0x20000000;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
}

/** Starts `command` as process 1 of a new pid namespace: when it ends, the kernel ends all that is in there. */
export function spawnNamespaceInit(command: Command): ChildProcess {
  return bornElsewhere(() => unshare(CLONE_NEWPID), command);
}

/** Starts `command` in the pid namespace of `initPid`; its parent and exit status stay with the caller. */
export function spawnInNamespaceOf(initPid: number, command: Command): ChildProcess {
  const fd = openSync(`/proc/${initPid}/ns/pid`, 'r');
  try {
    return bornElsewhere(() => setns(fd, CLONE_NEWPID), command);
  } finally {
    closeSync(fd);
  }
}

/** `spawn` forks on this very thread and before it returns, so nothing else can be started in between. */
function bornElsewhere(goThere: () => void, command: Command): ChildProcess {
  const home = openSync('/proc/self/ns/pid', 'r');
  try {
    goThere();
    return spawn(command.file, command.args, command.options);
  } finally {
    setns(home, CLONE_NEWPID);
    closeSync(home);
  }
}
