/** What holds where a policy says nothing: the defaults of its optional fields, in one place. It decides nothing else. Pure. */
import type { NativeApp, WebApp } from './apps.ts';
import type { PolicyDocument } from './schema.ts';

/** Longest emergency access that nothing could be recorded of, where the policy names none. */
const UNRECORDED_MINUTES = 15;

/** How a program runs. */
export function nativeOptions({ scripts = [], workingFolder = 'home', oneInstance = true, onLock = 'keep' }: NativeApp) {
  return { scripts, workingFolder, oneInstance, onLock } as const;
}

/** What the pages of a web application may do. `patterns` is null where every address of the origins will do. */
export function webOptions({ patterns, downloads = 'deny', print = false, clipboard = 'deny', onLock = 'keep' }: WebApp) {
  return { patterns: patterns ?? null, downloads, print, clipboard, onLock } as const;
}

export type EnforcementMissing = 'refuse' | 'by-privilege';

/** `by-privilege`: nothing is started on a seat that runs as root; one that does not is in its named degraded mode. */
export function choicesOf({ mode = 'lockdown', failures = {}, languages = ['en', 'de'], branding = {} }: PolicyDocument) {
  const {
    recordingBroken = 'no-new-sessions',
    emergencyUnrecordedMinutes = UNRECORDED_MINUTES,
    enforcementMissing = 'by-privilege',
  } = failures;
  const missing: EnforcementMissing = enforcementMissing;
  return {
    mode,
    recordingBroken,
    emergencyUnrecordedMinutes,
    enforcementMissing: missing,
    languages,
    siteName: branding.siteName ?? null,
    helpdeskLine: branding.helpdeskLine ?? null,
    accent: branding.accent ?? 'petrol',
  } as const;
}
