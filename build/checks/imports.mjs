// Owns the check of who imports whom. Must prove that every source file was looked at: dependency-cruiser reports success on no
// module at all when it finds no parser.
import path from 'node:path';
import { sourceFolders, typescriptFiles } from '../lib/folders.mjs';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run, tail } from '../lib/run.mjs';

const name = 'imports: the folder table, no cycles (dependency-cruiser)';

function explain(violation) {
  const way = violation.cycle?.map((step) => step.name).join(' -> ') ?? violation.to;
  return `${violation.rule.name}: ${violation.from} -> ${way}`;
}

export const importsCheck = {
  name,
  async run() {
    const targets = [...sourceFolders(), 'electron.vite.config.ts', 'console.vite.config.ts', 'vitest.config.ts'];
    const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...targets];
    const result = await run(at('node_modules', '.bin', 'depcruise'), args, {
      cwd: root,
      env: toolEnvironment(),
      keep: Number.POSITIVE_INFINITY,
    });
    let report;
    try {
      report = JSON.parse(result.out);
    } catch {
      return [{ name, status: 'failed', ms: result.ms, detail: tail(result.out + result.err) }];
    }
    const seen = new Set(report.modules.map((module) => module.source));
    const unseen = typescriptFiles()
      .map((file) => path.relative(root, file).split(path.sep).join('/'))
      .filter((file) => !seen.has(file));
    const problems = [
      ...report.summary.violations.filter((violation) => violation.rule.severity === 'error').map(explain),
      ...unseen.map((file) => `not looked at: ${file}`),
      ...(seen.size === 0 ? ['no module was looked at'] : []),
    ];
    return [{ name, status: problems.length === 0 ? 'passed' : 'failed', ms: result.ms, detail: problems.join('\n') }];
  },
};
