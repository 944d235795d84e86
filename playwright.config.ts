/**
 * End-to-end tests in real Electron: files side by side, each with displays, seats and servers of its own, the tests of a file one
 * after the other; no retries, because a test that passes the second time has failed.
 */
import { defineConfig } from '@playwright/test';

const TEST_LIMIT_MS = 120_000;
const EXPECT_LIMIT_MS = 15_000;

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.spec.ts',
  // `npm test` runs the first, `npm run test:deep` the second: the gallery of every screen in every face takes its time.
  projects: [
    { name: 'e2e', testIgnore: 'deep/**' },
    { name: 'deep', testMatch: 'deep/**/*.spec.ts' },
  ],
  outputDir: 'test-results',
  workers: 2,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: TEST_LIMIT_MS,
  expect: { timeout: EXPECT_LIMIT_MS },
});
