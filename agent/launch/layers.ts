/**
 * The layers that keep a session shut in, and what it means for people when one is missing. Words only, shown on the seat
 * and in the fleet view; nothing here is ever hidden from them.
 */
import type { EnforcementMode, MissingLayer } from './port.ts';

export const missing = {
  appUser: {
    layer: 'app-user',
    meaning:
      'Applications and screens need users of their own, none of them root and no two the same. They were not given, so nothing is started.',
  },
  cgroup: {
    layer: 'cgroup',
    meaning: 'The system has no control groups (cgroup v2), so a session could not be ended whole and nothing is started.',
  },
  landlock: {
    layer: 'landlock',
    meaning:
      'The kernel can not hold programs to the policy (no Landlock), so nothing is started. Linux 5.13 or later with Landlock enabled is needed.',
  },
  namespaces: {
    layer: 'namespaces',
    meaning: 'A session could not get a file system and a process table of its own, so nothing is started.',
  },
  network: {
    layer: 'network',
    meaning:
      'The kernel gives sessions no network of their own: applications can reach what the agent can reach on this machine’s network.',
  },
  denialReports: {
    layer: 'denial-reports',
    meaning: 'Programs that the policy does not name are stopped, but what was stopped inside an application is not reported.',
  },
  ownUser: { layer: 'app-user', meaning: 'Applications run as the same user as the screens and can read what that user can.' },
  programs: { layer: 'landlock', meaning: 'A running application can start programs that the policy does not name.' },
  files: { layer: 'namespaces', meaning: 'Applications see the files of this user, and what they write there stays.' },
  ending: { layer: 'cgroup', meaning: 'A program that hides on purpose can outlive the session.' },
} as const satisfies Record<string, MissingLayer>;

/** With what the system said to it, in brackets. */
export const withCause = ({ layer, meaning }: MissingLayer, cause: string): MissingLayer => ({ layer, meaning: `${meaning} (${cause})` });

/** What a developer's own machine gives up, layer by layer. */
export const degradedWithoutRoot: EnforcementMode = {
  name: 'degraded.no-root',
  missing: [missing.ownUser, missing.programs, missing.files, missing.ending, missing.denialReports],
};
