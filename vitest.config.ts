/**
 * The test projects. Each test file belongs to exactly one (test/architecture holds that): unit tests stand beside their source
 * and are quick, what spans folders or starts processes is in test/. End-to-end tests (`*.spec.ts`) belong to Playwright.
 */
import { defineConfig } from 'vitest/config';

/** A unit test that takes longer waits for something it should not wait for. */
const UNIT_LIMIT_MS = 15_000;
/** Real processes, sockets and disks on a busy machine. */
const INTEGRATION_LIMIT_MS = 60_000;
const DEEP_LIMIT_MS = 300_000;
const LONG_LIMIT_MS = 3_600_000;

/**
 * So many seats, servers or clinics at once: most of their time they wait. More of them take each other's time, and their watchdogs
 * are real.
 */
const AT_ONCE = 2;

/** Real seats run in these projects. */
const KERNEL_RECORDS = 'test/support/kernel-records.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', 'out/**', 'dist/**', 'test/{architecture,integration,deep,long,e2e}/**'],
          testTimeout: UNIT_LIMIT_MS,
          hookTimeout: UNIT_LIMIT_MS,
          // A worker loads each module once: most of the time would go into loading the same ones for each file anew.
          isolate: false,
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'architecture',
          include: ['test/architecture/**/*.test.ts'],
          testTimeout: INTEGRATION_LIMIT_MS,
          hookTimeout: INTEGRATION_LIMIT_MS,
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: KERNEL_RECORDS,
          testTimeout: INTEGRATION_LIMIT_MS,
          hookTimeout: INTEGRATION_LIMIT_MS,
          maxWorkers: AT_ONCE,
          // As above: what counts runs in processes of its own.
          isolate: false,
        },
      },
      {
        test: {
          name: 'deep',
          include: ['test/deep/**/*.test.ts'],
          globalSetup: KERNEL_RECORDS,
          testTimeout: DEEP_LIMIT_MS,
          hookTimeout: DEEP_LIMIT_MS,
          maxWorkers: AT_ONCE,
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          testTimeout: LONG_LIMIT_MS,
          hookTimeout: LONG_LIMIT_MS,
          fileParallelism: false,
        },
      },
    ],
  },
});
