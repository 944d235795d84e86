/**
 * The counting itself: what the runners report of a suite with every kind of trouble in it, and that a suite which died is never
 * green. Without this, a broken reporter would make everything pass.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import Type from 'typebox';
import Value from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { withSecondTry } from '../../build/checks/second-try.mjs';
import { root, withPlanted } from './support.ts';

const Outcomes = Type.Array(
  Type.Object({
    name: Type.String(),
    status: Type.Union([Type.Literal('passed'), Type.Literal('failed'), Type.Literal('skipped')]),
    ms: Type.Number(),
    detail: Type.Optional(Type.String()),
  }),
);

const readOutcomes = (file: string): Type.Static<typeof Outcomes> => Value.Parse(Outcomes, JSON.parse(readFileSync(file, 'utf8')));

const suite = {
  'package.json': '{"type":"module"}',
  'vitest.config.ts': 'export default {};',
  'a.test.ts': `
    import { beforeAll, describe, expect, test } from 'vitest';
    test('passes', () => { process.stderr.write('half of it\\n'); expect(1).toBe(1); });
    test('fails', () => { expect({ seat: 1 }).toEqual({ seat: 2 }); });
    test('is skipped', ({ skip }) => { skip('no reader here'); });
    test('leaks', () => { setTimeout(() => { throw new Error('too late'); }, 1); });
    test('waits', () => new Promise((resolve) => { setTimeout(resolve, 50); }));
    describe('block', () => { beforeAll(() => { throw new Error('no table'); }); test('inside', () => {}); });
  `,
  'b.test.ts': "import './gone.ts';",
};

describe("vitest's outcomes", () => {
  const { status, outcomes, told } = withPlanted(suite, (folder) => {
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const report = path.join(folder, 'report.json');
    const reporter = path.join(root, 'build/checks/vitest-reporter.mjs');
    const env = { ...process.env, WARDLOCK_REPORT: report, WARDLOCK_TELL: '1', VITEST: undefined };
    const ran = spawnSync(path.join(root, 'node_modules/.bin/vitest'), ['run', `--reporter=${reporter}`], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    return { status: ran.status, outcomes: existsSync(report) ? readOutcomes(report) : [], told: ran.stderr };
  });
  const named = (part: string) => outcomes.find((outcome) => outcome.name.includes(part));

  test('each kind of trouble is one outcome', () => {
    expect(status).not.toBe(0);
    expect(named('> passes')).toMatchObject({ status: 'passed' });
    expect(named('> fails')).toMatchObject({ status: 'failed' });
    expect(named('> fails')?.detail).toContain('a.test.ts');
    expect(named('> is skipped')).toMatchObject({ status: 'skipped', detail: 'no reader here' });
    expect(named('block (setup)')).toMatchObject({ status: 'failed' });
    expect(named('b.test.ts (setup)')).toMatchObject({ status: 'failed' });
    expect(named('outside of any test')?.detail).toContain('too late');
  });

  test('a suite that takes long is told while it runs: which test begins and ends, and what it says of itself', () => {
    const said = ['  a.test.ts > passes ...', '  a.test.ts > passes: passed (', '  a.test.ts > fails: failed (', 'half of it'];
    for (const words of said) expect(told).toContain(words);
  });
});

describe('a second try', () => {
  type Outcomes = Parameters<typeof withSecondTry>[0];
  const outcome = (name: string, status: string, detail = ''): Outcomes[number] => ({
    name,
    status,
    ms: 1,
    ...(detail === '' ? {} : { detail }),
  });
  const [a, b] = ['deep: test/deep/a.test.ts', 'deep: test/deep/b.test.ts'];

  /** What the whole run said, what each file says alone, and which files ran again. */
  async function tried(first: Outcomes, second: Outcomes) {
    const asked: string[] = [];
    const outcomes = await withSecondTry(first, async (files: readonly string[]) => {
      asked.push(...files);
      return second;
    });
    return { asked, outcomes };
  }

  test('is of the whole file, and what passes only there says what had failed', async () => {
    const first = [outcome(`${a} > one`, 'passed'), outcome(`${a} > two`, 'failed', 'not seen'), outcome(`${b} > three`, 'passed')];
    const { asked, outcomes } = await tried(first, [outcome(`${a} > one`, 'passed'), outcome(`${a} > two`, 'passed')]);
    expect(asked).toEqual(['test/deep/a.test.ts']);
    expect(outcomes).toEqual([first[0], { ...outcome(`${a} > two`, 'passed'), firstTry: 'not seen' }, first[2]]);
  });

  test('fails what fails again, and what had passed and fails now', async () => {
    const first = [outcome(`${a} > one`, 'passed'), outcome(`${a} > two`, 'failed', 'not seen')];
    const second = [outcome(`${a} > one`, 'failed', 'worse'), outcome(`${a} > two`, 'failed', 'not seen either')];
    expect((await tried(first, second)).outcomes).toEqual(second);
  });

  test('of a file whose preparation failed passes it only if something of the file passed and nothing failed', async () => {
    const first = [outcome(`${a} > one`, 'skipped'), outcome(`${a} > block (setup)`, 'failed', 'no table')];
    const { outcomes } = await tried(first, [outcome(`${a} > one`, 'passed')]);
    expect(outcomes).toEqual([
      outcome(`${a} > one`, 'passed'),
      { ...outcome(`${a} > block (setup)`, 'passed', 'no table'), firstTry: 'no table' },
    ]);
    expect((await tried(first, [])).outcomes).toEqual(first);
  });

  test('tells what the second run alone has to say', async () => {
    const broken = outcome('vitest deep itself', 'failed', 'it died');
    expect((await tried([outcome(`${a} > one`, 'failed')], [broken])).outcomes).toEqual([outcome(`${a} > one`, 'failed'), broken]);
  });

  test.each([
    ['in more than three files', ['a', 'b', 'c', 'd'].map((file) => outcome(`deep: test/deep/${file}.test.ts > it`, 'failed'))],
    ['that belongs to no file', [outcome('deep: errors outside of any test', 'failed')]],
    ['that is none', [outcome(`${a} > one`, 'passed')]],
  ])('is not given to a failure %s', async (_, first) => {
    expect(await tried(first, [])).toEqual({ asked: [], outcomes: first });
  });
});

describe('the last lines of .ci/run', () => {
  const sum = (files: Readonly<Record<string, string>>, names: readonly string[]) => {
    return withPlanted(files, (folder) => {
      const ran = spawnSync(process.execPath, [path.join(root, 'build/sum.mjs'), ...names], { cwd: folder, encoding: 'utf8' });
      return { code: ran.status, printed: ran.stdout };
    });
  };
  const passed = '[{"name":"a","status":"passed","ms":1}]';

  test('sums all files', () => {
    const skipped = '[{"name":"b","status":"skipped","ms":0},{"name":"c","status":"passed","ms":0}]';
    expect(sum({ 'a.json': passed, 'b.json': skipped }, ['a.json', 'b.json'])).toEqual({
      code: 0,
      printed: '2 passed, 0 failed, 1 skipped\n',
    });
  });

  test('a failed test fails it, and is named', () => {
    expect(sum({ 'a.json': passed, 'b.json': '[{"name":"b","status":"failed","ms":0}]' }, ['a.json', 'b.json'])).toEqual({
      code: 1,
      printed: 'failed: b\n1 passed, 1 failed, 0 skipped\n',
    });
  });

  test.each([
    ['a file that is not there', {}],
    ['a file cut short', { 'b.json': '[{"name":' }],
  ])('%s is a failure', (_, files) => {
    expect(sum({ 'a.json': passed, ...files }, ['a.json', 'b.json'])).toEqual({
      code: 1,
      printed: 'failed: b.json\n1 passed, 1 failed, 0 skipped\n',
    });
  });

  test('what passed only at a second try is named and is no failure', () => {
    expect(sum({ 'a.json': '[{"name":"a","status":"passed","ms":1,"secondTry":true}]' }, ['a.json'])).toEqual({
      code: 0,
      printed: 'passed only at a second try: a\n1 passed, 0 failed, 0 skipped\n',
    });
  });

  test('nothing at all is a failure', () => {
    expect(sum({ 'a.json': '[]' }, ['a.json'])).toMatchObject({ code: 1 });
  });
});
