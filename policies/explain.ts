/**
 * Why a program on a seat's disk would run, or would not: what of a policy names it, and as what. Pure; whoever asks reads
 * the file.
 */
import { isRecalled, type LaunchFacts } from '../core/decision/decide.ts';
import { type Explanation, explain } from '../core/decision/explain.ts';
import { nativeOptions } from './effective.ts';
import type { PolicyDocument } from './schema.ts';

/** A program as it lies on this machine; `sha256` is null where there is no such file here. */
export interface ProgramFile {
  readonly path: string;
  readonly sha256: string | null;
  /** Whether a path of the policy leads to this file, through links too. */
  readonly isAt: (path: string) => boolean;
}

interface FileIdentity {
  readonly path: string;
  readonly sha256: string;
}

export interface ProgramUse {
  /** `app`: started from its tile. `child`: started by that application, and only inside it. `script`: read by it as a program. */
  readonly as: 'app' | 'child' | 'script';
  readonly app: string;
  readonly name: string;
  /** Whether the file has the content that the policy names; null where there is no such file here. */
  readonly contentFits: boolean | null;
  /** A child or script that a rule denies to everyone: its application starts without it. */
  readonly recalled: boolean;
  readonly explanation: Explanation;
}

/** Every way in which the policy names the program, each with the decision about its application. Empty: nothing starts it. */
export function usesOf(document: PolicyDocument, file: ProgramFile, facts: Omit<LaunchFacts, 'appId'>): readonly ProgramUse[] {
  return document.apps.flatMap((app): readonly ProgramUse[] => {
    if (app.kind === 'web') return [];
    const use = (as: ProgramUse['as'], { path, sha256 }: FileIdentity): ProgramUse => ({
      as,
      app: app.id,
      name: app.name,
      contentFits: file.sha256 === null ? null : file.sha256 === sha256,
      recalled: as !== 'app' && isRecalled({ path, sha256 }, document),
      explanation: explain({ ...facts, appId: app.id }, document),
    });
    const named = (as: ProgramUse['as'], programs: readonly FileIdentity[]): readonly ProgramUse[] => {
      const found = programs.find(({ path }) => file.isAt(path));
      return found === undefined ? [] : [use(as, found)];
    };
    return [...named('app', [app]), ...named('child', app.children), ...named('script', nativeOptions(app).scripts)];
  });
}

/** Whether this use would really run here: decided so, not recalled, and with the content that the policy names. */
export function runs({ explanation, contentFits, recalled }: ProgramUse): boolean {
  return explanation.decision.effect === 'allow' && contentFits !== false && !recalled;
}
