/**
 * Tests that need root on Linux: throw-away users, namespaces, cgroups. Without root they are skipped and say why.
 */
import { test } from 'vitest';

export const isLinuxRoot = process.platform === 'linux' && process.geteuid?.() === 0;

/** A test that runs as root on Linux, and is otherwise skipped with its reason. */
export function rootTest(name: string, body: () => void | Promise<void>): void {
  test(name, async (context) => {
    context.skip(!isLinuxRoot, 'needs root on Linux: it makes users, namespaces and cgroups');
    await body();
  });
}
