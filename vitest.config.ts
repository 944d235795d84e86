/**
 * The test projects. Each test file belongs to exactly one (test/architecture holds that): unit tests stand beside their source
 * and are quick, what spans folders or starts processes is in test/.
 */
import { defineConfig } from 'vitest/config';

const folders = '{build,core,contract,ipc,crypto,policies,agent,server,main,preload,renderer,console,cli,demo}';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [`${folders}/**/*.test.{ts,tsx}`, 'test/architecture/**/*.test.ts', 'test/bench/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      { test: { name: 'deep', include: ['test/deep/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
});
