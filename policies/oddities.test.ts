/** What is allowed and hardly meant is told to whoever writes a policy. */
import { expect, test } from 'vitest';
import { testPolicy } from '../test/support/policy.ts';
import { odditiesOf } from './oddities.ts';
import type { PolicyDocument } from './schema.ts';

const web = { id: 'w', name: 'W', kind: 'web', icon: 'book', url: 'https://a.example/', origins: ['https://a.example'] } as const;
const oddities = (change: Partial<PolicyDocument>) =>
  odditiesOf(testPolicy(1, { reader: 'AAAA', escrow: 'BBBB' }, { apps: [{ ...web, origins: [...web.origins] }], ...change }));

test('nothing where everything can be meant', () => {
  const between = { from: '22:00', until: '06:00' };
  expect(oddities({ rules: [{ id: 'r', effect: 'deny', paths: ['/usr/bin/env'], between }] })).toEqual([]);
});
test('that paths have no wildcards and mean no folders', () => {
  const paths = ['/usr/**', '/opt/tools/', '/usr/bin/env'];
  expect(oddities({ rules: [{ id: 'r', effect: 'deny', paths }] })).toEqual([
    'Rule r: paths have no wildcards and mean no folders. /usr/** is the one file of that very name.',
    'Rule r: paths have no wildcards and mean no folders. /opt/tools/ is the one file of that very name.',
  ]);
});
test('that hours which end where they begin are the whole day', () => {
  const between = { from: '07:00', until: '07:00' };
  expect(
    oddities({
      rules: [{ id: 'r', effect: 'deny', between }],
      overrides: [{ id: 'o', between }],
      signIn: { rules: [{ nameAndPin: true, between }] },
    }).map((sentence) => sentence.split(':')[0]),
  ).toEqual(['Rule r', 'Override o', 'Sign-in rule 1']);
});
test('which icons the screens can not draw', () => {
  const [sentence, ...more] = oddities({ apps: [{ ...web, origins: [...web.origins], icon: 'scalpel' }] });
  expect(more).toEqual([]);
  expect(sentence).toContain('the screens have no drawing for scalpel (w) and show app instead. They have: calculator, ');
});
