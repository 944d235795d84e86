/** The icons that the screens can draw, for whoever writes a policy. A test holds the list against the screens' own drawings. */

/** Any other name is shown as `app`. */
export const ICONS: ReadonlySet<string> = new Set([
  'calculator',
  'printer',
  'clock',
  'book',
  'chart',
  'pill',
  'lab',
  'image',
  'notes',
  'phone',
  'mail',
  'web',
  'terminal',
  'people',
  'app',
  'lock',
  'home',
  'close',
  'search',
  'emergency',
  'erase',
  'settings',
  'leave',
  'check',
]);
