/** Times as people read them: in this browser's zone, which is always named. The exact time stands in the title. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

export const zoneName = zone;

export function timeOf(iso: string): string {
  return clock.format(new Date(iso));
}

export function dayOf(iso: string): string {
  return day.format(new Date(iso));
}

/** "3 min 20 s"; the two largest units that are not nothing. */
export function lengthOf(fromIso: string, toIso: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(toIso) - Date.parse(fromIso)) / 1000));
  const units: [number, string][] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const shown = units.filter(([count]) => count > 0).slice(0, 2);
  return shown.length === 0 ? '0 s' : shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** What an input of type datetime-local gives, read in this browser's zone, as RFC 3339 in UTC; empty stays empty. */
export function toIso(local: string): string {
  const time = Date.parse(local);
  return local === '' || Number.isNaN(time) ? '' : new Date(time).toISOString();
}

export function toLocal(iso: string): string {
  if (iso === '') return '';
  const time = new Date(iso);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
