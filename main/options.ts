/**
 * What the kiosk is started with: a handful of switches, read once, each checked. It must never take anything that
 * loosens a guard: modes say on the screen what they are.
 */
import type { DisplaySettings, SeatMode } from '../contract/bridge.ts';
import { WardlockError } from '../core/errors/index.ts';

export interface KioskOptions {
  readonly agentSocket: string;
  readonly mode: SeatMode;
  /** Its locale counts until a policy is known: the languages of a seat are the policy's. */
  readonly display: DisplaySettings;
}

export const USAGE =
  'Usage: --agent-socket PATH --mode kiosk|rehearsal|practice [--locale en|de|pseudo|pseudo-rtl] [--theme light|dark|auto] [--text-percent 100|150|200]';

const MODES = ['kiosk', 'rehearsal', 'practice'] as const;
const LOCALES = ['en', 'de', 'pseudo', 'pseudo-rtl'] as const;
const THEMES = ['auto', 'light', 'dark'] as const;
const TEXT = ['100', '150', '200'] as const;

/**
 * Reads the kiosk's own switches. Others belong to Chromium and are judged by `guard/switches.ts`.
 * @throws START_USAGE naming the switch that is missing or wrong
 */
export function readOptions(argv: readonly string[]): KioskOptions {
  const agentSocket = switchValue(argv, '--agent-socket');
  if (agentSocket === undefined || !agentSocket.startsWith('/')) {
    throw new WardlockError('START_USAGE', `--agent-socket needs the absolute path of the agent's socket. ${USAGE}`);
  }
  const text = oneOf(argv, '--text-percent', TEXT);
  return {
    agentSocket,
    mode: oneOf(argv, '--mode', MODES),
    display: {
      locale: oneOf(argv, '--locale', LOCALES),
      theme: oneOf(argv, '--theme', THEMES),
      textPercent: text === '200' ? 200 : text === '150' ? 150 : 100,
    },
  };
}

/** The value of a switch, `--name value` or `--name=value`; the first of `allowed` when it is not given. */
function oneOf<const T extends string>(argv: readonly string[], name: string, allowed: readonly [T, ...T[]]): T {
  const given = switchValue(argv, name);
  if (given === undefined) return allowed[0];
  const found = allowed.find((value) => value === given);
  if (found === undefined) throw new WardlockError('START_USAGE', `${name} must be one of: ${allowed.join(', ')}. ${USAGE}`);
  return found;
}

function switchValue(argv: readonly string[], name: string): string | undefined {
  const joined = argv.find((argument) => argument.startsWith(`${name}=`));
  if (joined !== undefined) return joined.slice(name.length + 1);
  const at = argv.indexOf(name);
  return at === -1 ? undefined : argv[at + 1];
}
