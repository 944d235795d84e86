import { describe, expect, it } from 'vitest';
import { counted, createReporter, type RefusedBorder } from './reports.ts';

describe('reports of what main refused', () => {
  it('counts the same refusal instead of repeating it', () => {
    const sent: string[] = [];
    const reporter = createReporter<RefusedBorder>((border, what, count) => sent.push(`${border}: ${counted(what, count)}`) > 0);
    for (let i = 0; i < 5; i += 1) reporter.report('input', 'Alt+F4');
    reporter.report('window', 'close');
    reporter.flush();
    reporter.flush();
    expect(sent).toEqual(['input: Alt+F4 x5', 'window: close']);
  });

  it('keeps what the agent could not take, and counts a flood of different ones', () => {
    let away = true;
    const sent: string[] = [];
    const reporter = createReporter<RefusedBorder>((_border, what, count) => !away && sent.push(counted(what, count)) > 0);
    for (let i = 0; i < 1000; i += 1) reporter.report('ipc', `method ${i}`);
    reporter.flush();
    expect(sent).toEqual([]);
    away = false;
    reporter.flush();
    expect(sent).toHaveLength(51);
    expect(sent.at(-1)).toBe('more x950');
    expect(sent.every((what) => what.length <= 120)).toBe(true);
  });

  it('shortens what would not fit the contract', () => {
    const sent: string[] = [];
    const reporter = createReporter<RefusedBorder>((_border, what) => sent.push(what) > 0);
    reporter.report('protocol', 'x'.repeat(5000));
    reporter.flush();
    expect(sent[0]?.length).toBe(100);
  });
});
