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
        },
      },
      {
        test: {
          name: 'architecture',
          include: ['test/architecture/**/*.test.ts'],
          testTimeout: INTEGRATION_LIMIT_MS,
          hookTimeout: INTEGRATION_LIMIT_MS,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: INTEGRATION_LIMIT_MS,
          hookTimeout: INTEGRATION_LIMIT_MS,
          // Each starts a seat or a server of its own, whose watchdogs are real: side by side they take each other's time.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'deep',
          include: ['test/deep/**/*.test.ts'],
          testTimeout: DEEP_LIMIT_MS,
          hookTimeout: DEEP_LIMIT_MS,
          // These start whole clinics: side by side on two cores they would only slow each other down.
          fileParallelism: false,
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
