import { describe, expect, it } from 'vitest';
import { refusedAtStart, type StartedWith } from './switches.ts';

const OWN = ['--agent-socket', '/run/ui.sock', '--mode', 'kiosk', '--user-data-dir=/run/wardlock-ui/electron'] as const;

const refused = (more: readonly string[], { mode = 'kiosk', env = {}, isPackaged = true }: Partial<StartedWith> = {}): readonly string[] =>
  refusedAtStart({ mode, argv: [...OWN, ...more], env, isPackaged });

describe('escape 34: switches and variables that open a locked seat', () => {
  it('lets a clean start through, as the units and the checkout write it', () => {
    expect(refused([], { env: { PATH: '/usr/bin', DISPLAY: ':0' } })).toEqual([]);
    expect(refused(['--locale', 'de', '--theme=dark', '--text-percent', '200'])).toEqual([]);
    const argv = ['/srv/wardlock', ...OWN];
    expect(refusedAtStart({ mode: 'kiosk', argv, env: {}, isPackaged: false })).toEqual([]);
  });

  it.each([
    '--inspect',
    '--inspect=0',
    '--inspect-brk=9229',
    '--remote-debugging-port=0',
    '--remote-debugging-pipe',
    '--js-flags=--expose-gc',
    '--no-sandbox',
    '--renderer-cmd-prefix=sh',
    '--zygote-cmd-prefix=sh',
    '--proxy-server=evil:1',
    '--blink-settings=pictureInPictureEnabled=true',
    '-r',
    '--',
  ])('escape 34: refuses %s in a locked seat', (given) => {
    expect(refused([given])).toEqual([given.split('=')[0]]);
  });

  it.each(['-remote-debugging-port=0', '-no-sandbox', '-proxy-server=evil:1', '---no-sandbox', '--Inspect=0', '-mode'])(
    'escape 34: refuses %s: one dash, or another spelling, is a switch to Chromium, too',
    (given) => {
      expect(refused([given])).toEqual([given.split('=')[0]]);
    },
  );

  it('escape 34: refuses a switch in the place of a value, and what stands alone', () => {
    expect(refused(['--locale', '-no-sandbox'])).toEqual(['-no-sandbox']);
    expect(refused(['--user-data-dir', '/tmp/x'])).toEqual(['/tmp/x']);
    expect(refused(['--theme=dark', 'https://example.org/'])).toEqual(['https://example.org/']);
    expect(refusedAtStart({ mode: 'kiosk', argv: ['/srv/wardlock', ...OWN], env: {}, isPackaged: true })).toEqual(['/srv/wardlock']);
  });

  it.each(['NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE', 'LD_PRELOAD', 'SSLKEYLOGFILE', 'GTK_MODULES'])('escape 34: refuses %s', (name) => {
    expect(refused([], { env: { [name]: '1' } })).toEqual([name]);
  });

  it('lets a test driver into a rehearsal, and nothing else', () => {
    const mode = 'rehearsal';
    expect(refused(['--inspect=0', '--remote-debugging-port=0'], { mode })).toEqual([]);
    const argv = ['--inspect=0', '/srv/wardlock', ...OWN, '/srv/other'];
    expect(refusedAtStart({ mode, argv, env: {}, isPackaged: false })).toEqual(['/srv/other']);
    expect(refused(['--no-sandbox', '-inspect=0', '--js-flags=x'], { mode, env: { LD_PRELOAD: 'x' } })).toEqual([
      '--no-sandbox',
      '-inspect',
      '--js-flags',
      'LD_PRELOAD',
    ]);
  });
});
