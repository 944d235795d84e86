/**
 * Chromium enterprise policy from the web applications of a policy: their origins and nothing else, and what a kiosk's browser
 * must not offer. Pure.
 */
import type { PolicyDocument, WebApp } from '../schema.ts';
import { lostConditions, neverStarted } from './conditions.ts';
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
  const policy = { ...LOCKED_DOWN, URLAllowlist: filters, URLBlocklist: ['*'] };
  const native = document.apps.filter(({ kind }) => kind === 'native').map(({ name }) => name);
  const whole = (sentence: string): LeftOut => ({ path: '', sentence });
  return {
    files: [{ name: 'wardlock-chromium.json', text: `${JSON.stringify(policy, null, 2)}\n` }],
    leftOut: [
      whole('Chromium holds pages and frames to their origins; pictures, scripts and requests of a page may come from anywhere.'),
      whole('Chromium allows an origin to every tab: it does not keep one application from the pages of another.'),
      whole("How people come in, timers, readers, emergency access and the record are the seat's alone; Chromium knows none of them."),
      ...(native.length === 0 ? [] : [whole(`Chromium starts no programs: ${native.join(', ')}.`)]),
      ...(document.devices === undefined
        ? []
        : [{ path: '/devices', sentence: 'Chromium knows no USB devices but those of web pages, and gives none.' }]),
      ...neverStarted(web, reach, document.apps),
      ...leftOut,
      ...lostConditions(ENGINE, document, allowed, place),
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
    const path = `/apps/${document.apps.indexOf(app)}/origins`;
    for (const [index, origin] of app.origins.entries()) {
      const filter = filterOf(origin);
      const at = `${path}/${index}`;
      if (filter === null)
        leftOut.push({ path: at, sentence: `${app.name}: ${origin} is no origin that Chromium could be given; it is not allowed.` });
      else if (filters.size === ALLOWLIST_LIMIT && !filters.has(filter))
        leftOut.push({ path: at, sentence: `${app.name}: Chromium takes ${ALLOWLIST_LIMIT} addresses at most; ${origin} is not allowed.` });
      else filters.add(filter);
    }
  }
  return { filters: [...filters], leftOut };
}

/** Exactly this origin. Without the dot Chromium takes subdomains too, and without the port every port. */
function filterOf(origin: string): string | null {
  if (!URL.canParse(origin)) return null;
  const url = new URL(origin);
  if (url.origin !== origin.toLowerCase() || url.hostname === '' || url.hostname.includes('*')) return null;
  const isAddress = url.hostname.startsWith('[') || /^[0-9.]+$/.test(url.hostname);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return `${url.protocol}//${isAddress ? '' : '.'}${url.hostname}:${port}`;
}
