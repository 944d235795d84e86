/**
 * What a control group may use of the machine: memory and processes of all that is in it together (admin-guide/cgroup-v2). Only where the
 * kernel's controllers are version 2's: one that a version 1 hierarchy has is nobody else's.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cgroup } from './cgroup.ts';

export type Controller = 'memory' | 'pids';
export type Controllers = ReadonlySet<Controller>;

export interface GroupLimits {
  readonly memoryBytes: number;
  /** Threads count as well. */
  readonly processes: number;
}

/**
 * Lets what is made in these groups be limited. None of them may have a process of its own, except the first of all.
 * @param paths from the top down: each can hand on only what the one above it has
 * @returns the controllers that all of them hand on
 */
export async function handOn<Name extends string>(paths: readonly string[], controllers: Iterable<Name>): Promise<ReadonlySet<Name>> {
  const handed = new Set<Name>();
  for (const controller of controllers) if (await handOnOne(paths, controller)) handed.add(controller);
  return handed;
}

async function handOnOne(paths: readonly string[], controller: string): Promise<boolean> {
  try {
    for (const path of paths) await writeFile(join(path, 'cgroup.subtree_control'), `+${controller}`);
    return true;
  } catch {
    // The kernel has not got it, or version 1 has: whoever asked is told by what is given back.
    return false;
  }
}

/**
 * Limits all that is and will be in the group, as far as there are controllers for it.
 * @throws what the kernel says, where a limit could not be set
 */
export async function limitCgroup({ path }: Cgroup, limits: GroupLimits, controllers: Controllers): Promise<void> {
  if (controllers.has('pids')) await writeFile(join(path, 'pids.max'), String(limits.processes));
  if (!controllers.has('memory')) return;
  await writeFile(join(path, 'memory.max'), String(limits.memoryBytes));
  // Or the group would fill the swap first, with what people see on the screen. A kernel without swap has no such file.
  await writeFile(join(path, 'memory.swap.max'), '0').catch(ignoreMissing);
}

/** Has the kernel end all of the group where it has to end one for its memory: half an application is none. */
export async function endTogether({ path }: Cgroup, controllers: Controllers): Promise<void> {
  if (controllers.has('memory')) await writeFile(join(path, 'memory.oom.group'), '1');
}

function ignoreMissing(cause: unknown): void {
  if (!(cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'EACCES'))) throw cause;
}
