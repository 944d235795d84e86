import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

const socket = ['--agent-socket', '/run/wardlock/ui.sock'];

describe('the kiosk switches', () => {
  it('is a locked seat in English unless told otherwise', () => {
    expect(readOptions(['electron', '.', ...socket])).toEqual({
      agentSocket: '/run/wardlock/ui.sock',
      mode: 'kiosk',
      display: { locale: 'en', theme: 'auto', textPercent: 100 },
    });
  });

  it('reads both spellings', () => {
    const options = readOptions([...socket, '--mode=practice', '--locale', 'de', '--text-percent=200', '--theme', 'dark']);
    expect(options.mode).toBe('practice');
    expect(options.display).toEqual({ locale: 'de', theme: 'dark', textPercent: 200 });
  });

  it.each([
    [[], '--agent-socket'],
    [['--agent-socket', 'ui.sock'], '--agent-socket'],
    [[...socket, '--mode', 'open'], '--mode'],
    [[...socket, '--text-percent', '1000'], '--text-percent'],
  ])('refuses %j and names the switch', (argv, name) => {
    expect(() => readOptions(argv)).toThrow(expect.objectContaining({ code: 'START_USAGE', message: expect.stringContaining(name) }));
  });
});
