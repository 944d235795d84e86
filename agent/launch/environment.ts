/**
 * The environment of what runs in a session: built from nothing, never from the agent's or the UI's own. The policy
 * may add variables; those that steer the loader or belong to the launcher are not the policy's to set.
 */
import type { SessionDisplay } from './port.ts';

export interface EnvironmentFacts {
  readonly user: string;
  readonly home: string;
  readonly runtimeFolder: string;
  readonly language: string;
  readonly display: SessionDisplay | undefined;
  /** Of the signed policy. */
  readonly policy: Readonly<Record<string, string>>;
}

/** The loader (ld.so(8)) and the C library read these before a program's first line. */
const LOADER_VARIABLES = /^(?:LD_|GLIBC_TUNABLES$|GCONV_PATH$|LOCPATH$|NIS_PATH$|MALLOC_|NODE_OPTIONS$|ELECTRON_RUN_AS_NODE$)/u;

/** The whole environment of an application. */
export function cleanEnvironment(facts: EnvironmentFacts): Readonly<Record<string, string>> {
  const { user, home, runtimeFolder, language, display, policy } = facts;
  const fromPolicy = Object.entries(policy).filter(([name]) => !LOADER_VARIABLES.test(name));
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    SHELL: '/usr/sbin/nologin',
    LANG: language,
    TMPDIR: '/tmp',
    // Programs must not look for a session bus or start one: the session has none.
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    NO_AT_BRIDGE: '1',
    GTK_USE_PORTAL: '0',
    ...Object.fromEntries(fromPolicy),
    HOME: home,
    USER: user,
    LOGNAME: user,
    XDG_RUNTIME_DIR: runtimeFolder,
    ...(display === undefined ? {} : { DISPLAY: display.name, XAUTHORITY: display.xauthority }),
  };
}
