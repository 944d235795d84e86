import { describe, expect, test } from 'vitest';
import { cleanEnvironment } from './environment.ts';

const facts = {
  user: 'app',
  home: '/home/wardlock',
  runtimeFolder: '/run/user/session',
  language: 'de_DE.UTF-8',
  display: undefined,
  policy: {},
};

describe('the environment of an application', () => {
  test('holds nothing of the process that launches', () => {
    const names = Object.keys(cleanEnvironment(facts));
    expect(names).not.toContain('NODE_ENV');
    expect(names).not.toContain('DISPLAY');
    expect(cleanEnvironment(facts)).toMatchObject({ HOME: '/home/wardlock', USER: 'app', LANG: 'de_DE.UTF-8' });
  });

  test('takes what the policy adds', () => {
    expect(cleanEnvironment({ ...facts, policy: { EHR_SITE: 'north', LANG: 'fr_FR.UTF-8' } })).toMatchObject({
      EHR_SITE: 'north',
      LANG: 'fr_FR.UTF-8',
    });
  });

  test.each(['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'GCONV_PATH', 'GLIBC_TUNABLES', 'NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE'])(
    'does not take %s, not even from the policy',
    (name) => {
      expect(cleanEnvironment({ ...facts, policy: { [name]: 'x' } })).not.toHaveProperty(name);
    },
  );

  test('home, user and display are the launcher’s own to say', () => {
    const display = { name: ':100', xauthority: '/run/wardlock/xauthority' };
    const policy = { HOME: '/elsewhere', USER: 'root', DISPLAY: ':0', XAUTHORITY: '/elsewhere/cookie' };
    expect(cleanEnvironment({ ...facts, display, policy })).toMatchObject({
      HOME: '/home/wardlock',
      USER: 'app',
      DISPLAY: ':100',
      XAUTHORITY: '/run/wardlock/xauthority',
    });
  });
});
