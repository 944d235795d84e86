/** The words of a policy's fields and values, for sentences that a person approves. It compares nothing. Pure. */

export type Fields = Readonly<Record<string, unknown>>;

/** What a field is called in a sentence; seconds are told in a person's units. */
const LABELS: Readonly<Record<string, string>> = {
  '/tenant': 'The site',
  '/version': 'The version',
  '/issuedAt': 'The date of issue',
  '/expiresAt': 'The date of expiry',
  '/helpdesk': 'The helpdesk that people are told to call',
  '/record/retentionDays': 'Days that the server keeps the record',
  '/timers/warnAfterSeconds': 'Idle time until the warning',
  '/timers/warningSeconds': 'Length of the warning',
  '/timers/blurSeconds': 'How long the work is covered before the lock',
  '/timers/tapQuestionSeconds': 'How long a tap of somebody at work asks before it locks',
  '/timers/keepSeconds': 'How long the work of a locked session is kept',
  '/timers/maxSessionSeconds': 'Longest session',
  '/timers/procedureSeconds': 'How long a procedure in progress keeps an idle seat open',
  '/timers/staleAfterSeconds': 'Offline time until the policy counts as stale',
  '/pin/minDigits': 'Least digits of a PIN',
  '/pin/maxConsecutiveFailures': 'Wrong PINs in a row before a person is shut out',
  '/pin/firstWaitSeconds': 'First wait after wrong PINs',
  '/mode': 'Whether the policy holds or only watches',
  '/failures/recordingBroken': 'What happens when the record cannot be written',
  '/failures/emergencyUnrecordedMinutes': 'Minutes of emergency access that nothing records',
  '/failures/enforcementMissing': 'What happens when a layer that holds applications is missing',
  '/languages': 'Languages of the screens',
  '/branding/siteName': 'The name of the site on the screens',
  '/branding/helpdeskLine': 'The helpdesk line on the screens',
  '/branding/accent': 'The colour of the screens',
  '/readers/pcsc': 'Card readers',
  '/readers/expected': 'A card reader at every seat',
  '/readers/cardRemoved': 'What taking the card away does',
  '/readers/keyboard/allowed': 'Readers that type',
  '/readers/keyboard/minLength': 'Least characters of a badge from a reader that types',
  '/readers/keyboard/medianGapMs': 'Half of the gaps of a reader that types, in ms',
  '/readers/keyboard/maxGapMs': 'Longest gap of a reader that types, in ms',
  '/readers/keyboard/endGapMs': 'Silence that ends a badge from a reader that types, in ms',
  '/readers/keyboard/terminator': 'The key after a badge from a reader that types',
  '/devices/usbClasses': 'Classes of USB devices',
  '/devices/usbStorage': 'USB storage',
  '/devices/newKeyboard': 'A second keyboard',
  '/signIn/suggestNames': 'Names offered while somebody types one',
  '/signIn/staffAge/maxSeconds': 'Age of the staff list that is too old',
  '/signIn/staffAge/tooOld': 'What an old staff list leaves',
  '/breakGlass/enabled': 'Emergency access',
  '/breakGlass/needsBadge': 'A badge for emergency access',
  '/breakGlass/limitSeconds': 'Longest emergency access',
};

/** Longer values are cut: a sentence is read, not parsed. */
const VALUE_LIMIT = 120;

export const labelOf = (path: string): string => LABELS[path] ?? sentenceCase(path.split('/').slice(1).map(wordsOf).join(', '));

/** A label in the middle of a sentence; of a list the last name alone. */
export function innerLabelOf(path: string): string {
  // The value has the unit.
  const label = LABELS[path] ?? wordsOf((path.split('/').at(-1) ?? '').replace(/Seconds$/, ''));
  return `${label.charAt(0).toLowerCase()}${label.slice(1)}`;
}

/** Never JSON: what has no word of its own is told field by field. */
export function valueOf(path: string, value: unknown): string {
  return cut(spoken(path, value));
}

function spoken(path: string, value: unknown): string {
  if (value === undefined) return 'not given';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return path.endsWith('Seconds') ? durationOf(value) : String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => spoken(path, one)).join(', ');
  if (!isFields(value)) return path.endsWith('sha256') && typeof value === 'string' ? short(value) : String(value);
  const { from, until, ...others } = value;
  if (typeof from === 'string' && typeof until === 'string' && Object.keys(others).length === 0) return `${from} to ${until}`;
  const told = Object.entries(value).map(([field, inner]) => `${innerLabelOf(`${path}/${field}`)} ${spoken(`${path}/${field}`, inner)}`);
  return told.length === 0 ? 'as usual' : told.join(' with ');
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

function durationOf(seconds: number): string {
  for (const [size, unit] of [
    [DAY, seconds === DAY ? 'day' : 'days'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size} ${unit}`;
  }
  return `${seconds} s`;
}

const cut = (text: string): string => (text.length > VALUE_LIMIT ? `${text.slice(0, VALUE_LIMIT)}…` : text);
export const short = (value: unknown): string => `${String(value).slice(0, 12)}…`;
export const wordsOf = (field: string): string => field.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
const sentenceCase = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
