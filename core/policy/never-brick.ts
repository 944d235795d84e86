/**
 * What no policy may take from a seat: its own parts, and the ways by which people reach and repair it. One literal names the
 * parts; a policy whose rules name one of them, that leaves a role or everybody without a way, or that takes the keyboards, is
 * refused. Pure: what the parts contain on a machine comes in.
 */
import { isEverUseful, ruleFinder } from '../decision/reach.ts';
import type { CandidateFacts, Contradiction, DevicesFacts } from './facts.ts';

interface OwnPart {
  readonly name: string;
  /** Programs, and folders that end with a slash and mean all that lies in them. */
  readonly paths: readonly string[];
  /** Users of the operating system that no engine may be given. */
  readonly users: readonly string[];
}

/** The set itself. A part is here because a seat without it can't be reached, or not be repaired. */
export const NEVER_BRICK: readonly OwnPart[] = [
  { name: 'the agent', paths: ['/opt/Wardlock/', '/opt/wardlock/', '/usr/lib/wardlock/', '/usr/libexec/wardlock/'], users: ['root'] },
  { name: 'the syncer', paths: [], users: ['wardlock-sync', 'wardlock-syncer'] },
  { name: "the screens' user", paths: [], users: ['wardlock-ui'] },
  { name: 'the reader service', paths: ['/usr/sbin/pcscd', '/sbin/pcscd'], users: ['pcscd'] },
  {
    name: 'recovery login',
    paths: [
      '/bin/login',
      '/usr/bin/login',
      '/sbin/agetty',
      '/usr/sbin/agetty',
      '/sbin/sulogin',
      '/usr/sbin/sulogin',
      '/bin/su',
      '/usr/bin/su',
      '/usr/sbin/sshd',
    ],
    users: ['sshd'],
  },
  {
    name: "root's shell",
    paths: ['/bin/sh', '/usr/bin/sh', '/bin/dash', '/usr/bin/dash', '/bin/bash', '/usr/bin/bash'],
    users: [],
  },
  {
    name: 'the service manager',
    paths: ['/sbin/init', '/usr/sbin/init', '/lib/systemd/', '/usr/lib/systemd/'],
    users: [],
  },
  {
    name: 'the display server',
    paths: ['/usr/bin/Xorg', '/usr/lib/xorg/', '/usr/bin/Xephyr', '/usr/bin/openbox'],
    users: [],
  },
];

/** The parts as they are on one machine. */
export interface OwnPrograms {
  /** More folders of the program itself, each with a slash at its end. */
  readonly folders: readonly string[];
  /** Name of the part by its SHA-256, hexadecimal. */
  readonly contents: ReadonlyMap<string, string>;
}

/** Where nothing of the machine is known, the literal alone is held to. */
export const NO_MACHINE: OwnPrograms = { folders: [], contents: new Map() };

/**
 * What in a policy would take away a part that a seat needs to be reached and repaired; empty where nothing would.
 * @param own asked only where a rule denies something by its content or path
 */
export function neverBrick(document: CandidateFacts, own: () => OwnPrograms): readonly Contradiction[] {
  return [...deniedParts(document, own), ...uselessRoles(document), ...closedDoors(document), ...lockedOutDevices(document)];
}

/** Which part a program is; null for any other program. */
export function ownPartAt(path: string, folders: readonly string[]): string | null {
  const at = normal(path);
  const isIn = (place: string): boolean => (place.endsWith('/') ? `${at}/`.startsWith(place) : at === place);
  if (folders.some(isIn)) return 'a part of Wardlock';
  return NEVER_BRICK.find(({ paths }) => paths.some(isIn))?.name ?? null;
}

/** `/a/../b//c/.` is `/b/c`: a part must not hide behind another spelling of its path. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function deniedParts({ rules = [], apps }: CandidateFacts, own: () => OwnPrograms): readonly Contradiction[] {
  const denies = rules.map((rule, index) => ({ rule, index })).filter(({ rule }) => rule.effect === 'deny' && namesSomething(rule));
  if (denies.length === 0) return [];
  const { folders, contents } = own();
  const byId = new Map(apps.map((app) => [app.id, app]));
  const partOf = ({ path, sha256 }: { readonly path?: string; readonly sha256?: string }): string | null =>
    (path === undefined ? null : ownPartAt(path, folders)) ?? (sha256 === undefined ? null : (contents.get(sha256) ?? null));
  return denies.flatMap(({ rule, index }) => {
    const found = (field: 'contents' | 'apps' | 'paths', partAt: (name: string) => string | null): readonly Contradiction[] =>
      (rule[field] ?? []).flatMap((name, at) => {
        const part = partAt(name);
        const message = `Rule ${rule.id} denies ${part} (${name}). A seat needs it: no policy may deny it.`;
        return part === null ? [] : [{ path: ['rules', index, field, at], message }];
      });
    return [
      ...found('contents', (sha256) => partOf({ sha256 })),
      ...found('apps', (id) => partOf(byId.get(id) ?? {})),
      ...found('paths', (path) => partOf({ path })),
    ];
  });
}

function namesSomething({
  contents,
  apps,
  paths,
}: {
  readonly contents?: unknown;
  readonly apps?: unknown;
  readonly paths?: unknown;
}): boolean {
  return contents !== undefined || apps !== undefined || paths !== undefined;
}

/** A person who signs in and finds nothing to start has no seat. */
function uselessRoles(document: CandidateFacts): readonly Contradiction[] {
  const alone = ruleFinder(document);
  return document.roles.flatMap(({ id }, index): readonly Contradiction[] =>
    isEverUseful(id, document, alone)
      ? []
      : [
          {
            path: ['roles', index],
            message: `Role ${id} may sign in and may start nothing, anywhere at any time. Give it an application.`,
          },
        ],
  );
}

/** Ways in that end at a wall. */
function closedDoors({ roles, signIn, readers, breakGlass }: CandidateFacts): readonly Contradiction[] {
  const known = new Set(roles.map(({ id }) => id));
  const rules = signIn?.rules ?? [];
  const unknown = rules.flatMap((rule, index) => {
    const missing = (ids: readonly string[], path: readonly string[], what: string): readonly Contradiction[] =>
      ids.flatMap((id, at) =>
        known.has(id)
          ? []
          : [
              {
                path: ['signIn', 'rules', index, ...path, at],
                message: `${what} names the role ${id}, which roles does not have: nobody can have it.`,
              },
            ],
      );
    return [
      ...missing(rule.roles ?? [], ['roles'], 'A sign-in rule'),
      ...missing(rule.secondPerson?.roles ?? [], ['secondPerson', 'roles'], 'The second person'),
    ];
  });
  const readsNoBadge = readers?.pcsc === false && readers.keyboard?.allowed === false;
  const locked = readsNoBadge && !rules.some(({ nameAndPin }) => nameAndPin === true);
  return [
    ...unknown,
    ...(locked
      ? [{ path: ['readers'], message: 'No kind of reader is allowed and no sign-in rule gives name and PIN: nobody could come in.' }]
      : []),
    ...(signIn?.staffAge?.tooOld === 'breakglass' && !breakGlass.enabled
      ? [
          {
            path: ['signIn', 'staffAge', 'tooOld'],
            message: 'An old staff list leaves emergency access only, and emergency access is off: nobody could come in.',
          },
        ]
      : []),
  ];
}

/** Rules for USB devices that would take keyboards or readers from a seat. */
function lockedOutDevices({ devices, overrides = [], readers }: CandidateFacts): readonly Contradiction[] {
  const expectsReader = readers?.expected === true && readers.pcsc !== false;
  const judged = (facts: DevicesFacts, path: readonly (string | number)[]): readonly Contradiction[] => {
    const has = (name: string, use: 'keyboard' | 'reader'): boolean =>
      facts.usbClasses?.includes(name) === true || facts.usbDevices?.some((device) => device.use === use) === true;
    const keyboards = 'devices lets no keyboard be: name the class hid in usbClasses, or a device with "use": "keyboard".';
    const cards =
      'readers are expected and devices lets none be: name the class smart-card in usbClasses, or a device with "use": "reader".';
    return [
      ...(has('hid', 'keyboard') ? [] : [{ path, message: keyboards }]),
      ...(expectsReader && !has('smart-card', 'reader') ? [{ path, message: cards }] : []),
    ];
  };
  return [
    ...(devices === undefined ? [] : judged(devices, ['devices'])),
    ...overrides.flatMap((one, index) => (one.devices === undefined ? [] : judged(one.devices, ['overrides', index, 'devices']))),
  ];
}
