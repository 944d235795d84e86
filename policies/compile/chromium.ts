/**
 * Chromium enterprise policy from the web applications of a policy: their origins and nothing else, and what a kiosk's browser
 * must not offer. Pure.
 */
import { patternParts } from '../../core/policy/url-pattern.ts';
import { webOptions } from '../effective.ts';
import type { PolicyDocument, WebApp } from '../schema.ts';
import { canonical, originOf } from '../web-addresses.ts';
import { lostChoices, lostConditions, lostOptions, neverStarted } from './conditions.ts';
import { reachOf } from './reach.ts';
import type { Compiled, LeftOut, Place } from './result.ts';

const ENGINE = 'Chromium';
/** Chromium reads no more entries of a list of addresses than these. */
const ALLOWLIST_LIMIT = 1_000;
const OFF = 2;

/** What no policy opens. Names and values as Chromium documents them. */
export const LOCKED_DOWN = {
  AllowFileSelectionDialogs: false,
  AudioCaptureAllowed: false,
  AutofillAddressEnabled: false,
  AutofillCreditCardEnabled: false,
  BackgroundModeEnabled: false,
  BrowserAddPersonEnabled: false,
  BrowserGuestModeEnabled: false,
  BrowserSignin: 0,
  DefaultClipboardSetting: OFF,
  DefaultFileSystemReadGuardSetting: OFF,
  DefaultFileSystemWriteGuardSetting: OFF,
  DefaultGeolocationSetting: OFF,
  DefaultNotificationsSetting: OFF,
  DefaultPopupsSetting: OFF,
  DefaultSearchProviderEnabled: false,
  DefaultSerialGuardSetting: OFF,
  DefaultWebBluetoothGuardSetting: OFF,
  DefaultWebHidGuardSetting: OFF,
  DefaultWebUsbGuardSetting: OFF,
  DeveloperToolsAvailability: 2,
  // All downloads are blocked.
  DownloadRestrictions: 3,
  EditBookmarksEnabled: false,
  ExtensionInstallBlocklist: ['*'],
  ForceEphemeralProfiles: true,
  // Incognito windows are not available.
  IncognitoModeAvailability: 1,
  PasswordManagerEnabled: false,
  PrintingEnabled: false,
  RemoteDebuggingAllowed: false,
  SavingBrowserHistoryDisabled: true,
  ScreenCaptureAllowed: false,
  SearchSuggestEnabled: false,
  SSLErrorOverrideAllowed: false,
  SyncDisabled: true,
  TaskManagerEndProcessEnabled: false,
  TranslateEnabled: false,
  VideoCaptureAllowed: false,
} as const;

export function compileChromium(document: PolicyDocument, place: Place): Compiled {
  const reach = reachOf(document, place);
  const web = document.apps.filter((app) => app.kind === 'web');
  const allowed = web.filter(({ id }) => reach.get(id)?.witness != null);
  const { filters, leftOut } = filtersOf(allowed, document);
  const opened = openedFor(allowed, document);
  const policy = { ...LOCKED_DOWN, ...opened.policy, URLAllowlist: filters, URLBlocklist: ['*'] };
  const native = document.apps.filter(({ kind }) => kind === 'native').map(({ name }) => name);
  const whole = (sentence: string): LeftOut => ({ path: '', sentence });
  return {
    files: [{ name: 'wardlock-chromium.json', text: `${JSON.stringify(policy, null, 2)}\n` }],
    leftOut: [
      whole('Chromium holds pages and frames to their origins; pictures, scripts and requests of a page may come from anywhere.'),
      whole('Chromium allows an origin to every tab: it does not keep one application from the pages of another.'),
      whole(
        "How people come in, timers, readers, languages, branding, emergency access and the record are the seat's alone; Chromium knows none of them.",
      ),
      ...(native.length === 0 ? [] : [whole(`Chromium starts no programs: ${native.join(', ')}.`)]),
      ...(document.devices === undefined
        ? []
        : [{ path: '/devices', sentence: 'Chromium knows no USB devices but those of web pages, and gives none.' }]),
      ...neverStarted(web, reach, document.apps),
      ...leftOut,
      ...opened.leftOut,
      ...lostOptions(ENGINE, document, allowed, ['onLock']),
      ...lostConditions(ENGINE, document, allowed, place),
      ...lostChoices(ENGINE, document),
    ],
  };
}

function filtersOf(
  apps: readonly WebApp[],
  document: PolicyDocument,
): { readonly filters: readonly string[]; readonly leftOut: readonly LeftOut[] } {
  const filters = new Set<string>();
  const leftOut: LeftOut[] = [];
  for (const app of apps) {
    const field = app.patterns === undefined ? 'origins' : 'patterns';
    for (const [index, address] of (app.patterns ?? app.origins).entries()) {
      const filter = filterOf(address);
      const at = `/apps/${document.apps.indexOf(app)}/${field}/${index}`;
      if (filter === null)
        leftOut.push({ path: at, sentence: `${app.name}: ${address} is no origin that Chromium could be given; it is not allowed.` });
      else if (filters.size === ALLOWLIST_LIMIT && !filters.has(filter.text))
        leftOut.push({
          path: at,
          sentence: `${app.name}: Chromium takes ${ALLOWLIST_LIMIT} addresses at most; ${address} is not allowed.`,
        });
      else filters.add(filter.text);
      if (filter?.isWider === true)
        leftOut.push({ path: at, sentence: `${app.name}: Chromium knows only how an address begins, so more than ${address} is allowed.` });
    }
  }
  return { filters: [...filters], leftOut };
}

interface Filter {
  readonly text: string;
  /** It allows addresses that the pattern does not mean. */
  readonly isWider: boolean;
}

/**
 * Exactly this origin, and of a pattern the part of its path before the first star. Without the dot Chromium takes subdomains
 * too, and without the port every port.
 */
function filterOf(address: string): Filter | null {
  const { origin, path } = patternParts(canonical(address));
  if (originOf(origin) === null) return null;
  const url = new URL(origin);
  const isAddress = url.hostname.startsWith('[') || /^[0-9.]+$/.test(url.hostname);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const begins = path.split(/[*?]/)[0] ?? '';
  const text = `${url.protocol}//${isAddress ? '' : '.'}${url.hostname}:${port}${begins === '/' ? '' : begins}`;
  return { text, isWider: path !== '' && path !== `${begins}**` };
}

/**
 * What is open to pages. Chromium knows the clipboard by address; printing and downloads are for all pages or for none, so
 * they stay shut unless every application may.
 */
function openedFor(apps: readonly WebApp[], document: PolicyDocument): { readonly policy: object; readonly leftOut: readonly LeftOut[] } {
  const options = apps.map((app) => ({ app, ...webOptions(app) }));
  const mayPrint = options.filter(({ print }) => print);
  const mayLoad = options.filter(({ downloads }) => downloads === 'allow');
  const clipboard = options.filter((one) => one.clipboard === 'read-write').flatMap(({ app }) => app.origins);
  const isForAll = (some: readonly object[]): boolean => some.length === apps.length && apps.length > 0;
  const shut = (some: typeof options, field: 'print' | 'downloads', what: string): readonly LeftOut[] =>
    isForAll(some)
      ? []
      : some.map(({ app }) => ({
          path: `/apps/${document.apps.indexOf(app)}/${field}`,
          sentence: `${app.name}: Chromium allows ${what} to all pages or to none; others may not, so it does not either.`,
        }));
  return {
    policy: {
      ...(isForAll(mayPrint) ? { PrintingEnabled: true } : {}),
      ...(isForAll(mayLoad) ? { DownloadRestrictions: 0 } : {}),
      ...(clipboard.length > 0 ? { ClipboardAllowedForUrls: [...new Set(clipboard.map(canonical))] } : {}),
    },
    leftOut: [...shut(mayPrint, 'print', 'printing'), ...shut(mayLoad, 'downloads', 'downloads')],
  };
}
