// The kernel's settings that a seat changes while it serves, as they were before the tests. A seat puts back what it found, and seats that
// are tested side by side find each other's.
import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';

/** As agent/os/restrictions/settings.ts has them. */
const FILES = ['sysrq', 'ctrl-alt-del', 'core_pattern'].map((name) => `/proc/sys/kernel/${name}`);

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withKernelSettingsKept(work) {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return work();
  const before = new Map();
  for (const file of FILES) before.set(file, await value(file));
  try {
    return await work();
  } finally {
    for (const [file, was] of before) if (was !== null && (await value(file)) !== was) await writeFile(file, was);
  }
}

/** @param {string} file */
async function value(file) {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    // A kernel without that setting.
    return null;
  }
}
