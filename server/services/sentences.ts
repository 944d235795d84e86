/**
 * What each event says to an auditor, as one plain sentence, and the lane it stands in. Closed over the taxonomy: a new
 * event type does not compile until it has its words here.
 */
import { Value } from 'typebox/value';
import type { Lane } from '../../contract/console-api.ts';
import { type Denied, type EventBodyOf, type EventType, events } from '../../contract/events.ts';
import { EPOCH_ROW } from './index-rows.ts';

/** Ids to names as people know them; an unknown id stands for itself. */
export interface Names {
  person(id: string | null): string;
}

interface Words<T extends EventType> {
  readonly lane: Lane;
  says(body: EventBodyOf<T>, names: Names): string;
}

/** How often the PIN was asked for, where the seat counted it. */
const asked = (prompts: number | undefined): string =>
  prompts === undefined || prompts === 0 ? '' : ` (asked for the PIN ${prompts === 1 ? 'once' : `${prompts} times`} this shift)`;
const list = (parts: readonly string[]): string => (parts.length === 0 ? 'nothing' : parts.join(' and '));
const READER_STATES: Readonly<Record<string, string>> = {
  ok: 'works',
  absent: 'is unplugged',
  stopped: 'is not served, the smart card service does not run',
  frozen: 'does not answer and is being restarted',
  ghost: 'sees a card that does not answer',
  none: 'is not there',
};
const PLACES: Readonly<Record<Denied['place'], string>> = {
  machine: 'a file of the machine',
  session: 'a file of its session',
  other: 'a file elsewhere',
  many: 'many files',
};
const deniedSentence = (app: string, { access, count, place, path }: Denied): string =>
  `${app} was kept from ${access === 'execute' ? 'running' : 'reading'} ${path ?? PLACES[place]}${count === 1 ? '' : ` (${count} times)`}.`;
const words: { readonly [T in EventType]: Words<T> } = {
  'recording.started': { lane: 'record', says: ({ mode, reason }) => `Recording started (${reason}, ${mode}).` },
  'recording.stopped': { lane: 'record', says: ({ reason }) => `Recording stopped (${reason}).` },
  'recording.summarised': { lane: 'record', says: ({ type, count }) => `${count} more events of type ${type} were counted, not listed.` },
  'recording.emergency': {
    lane: 'record',
    says: ({ entries }) => `${entries} events were kept in the emergency log while the store could not take them.`,
  },
  'recording.acknowledged': {
    lane: 'record',
    says: ({ person, findings }, names) => `${names.person(person)} took note of ${findings} findings about the record.`,
  },
  'recording.read': {
    lane: 'record',
    says: ({ entries }) => `A copy of this seat's record was taken at the machine itself (${entries} entries).`,
  },
  'session.started': {
    lane: 'who',
    says: ({ person, role, factors, replaces, pinPrompts, confirmedBy }, names) =>
      `${names.person(person)} signed in as ${role} with ${list(factors)}${replaces === null ? '' : ' and took the seat over'}${asked(pinPrompts)}${confirmedBy === undefined ? '' : `, confirmed by ${names.person(confirmedBy)}`}.`,
  },
  'session.ended': { lane: 'who', says: ({ person, reason }, names) => `The session of ${names.person(person)} ended (${reason}).` },
  'session.locked': { lane: 'locks', says: ({ reason }) => `The seat locked (${reason}).` },
  'session.unlocked': {
    lane: 'locks',
    says: ({ person, factors, pinPrompts }, names) => `${names.person(person)} unlocked with ${list(factors)}${asked(pinPrompts)}.`,
  },
  'session.warned': { lane: 'locks', says: ({ idleSeconds }) => `Idle for ${idleSeconds} s: the seat warned.` },
  'session.overlapped': {
    lane: 'who',
    says: ({ person, seat, later }, names) =>
      later
        ? `${names.person(person)} was still signed in at ${seat}, which could not know: the session here is the later one and went on.`
        : `${names.person(person)} had come in at ${seat} later, and this seat could not know: it held two sessions of one person.`,
  },
  'idle.judged': {
    lane: 'locks',
    says: ({ confidence, reason }) =>
      confidence === 'low'
        ? `What the seat is told of idle time is not believed (${reason}): it locks early rather than never.`
        : 'What the seat is told of idle time is believed again.',
  },
  'procedure.started': {
    lane: 'locks',
    says: ({ person, limitSeconds }, names) =>
      `${names.person(person)} said that a procedure is in progress: the seat does not lock for idle time for ${limitSeconds} s.`,
  },
  'procedure.ended': { lane: 'locks', says: ({ reason }) => `The procedure in progress was over (${reason}).` },
  'card.used': { lane: 'who', says: ({ person }, names) => `${names.person(person)} used up a downtime card at this seat.` },
  'pin.changed': {
    lane: 'who',
    says: ({ person, where }, names) =>
      where === 'refused'
        ? `The server refused the new PIN of ${names.person(person)}: the one of before is in force again.`
        : `${names.person(person)} changed the PIN at this seat.`,
  },
  'badge.enrolled': {
    lane: 'who',
    says: ({ person, outcome, code }, names) =>
      outcome === 'asked'
        ? `${names.person(person)} asked to use an unknown badge as their own.`
        : `The badge that ${names.person(person)} asked for was ${outcome}${code === null ? '' : ` (${code})`}.`,
  },
  'auth.refused': {
    lane: 'who',
    // Tries are counted of PINs only: an unknown badge costs none, and has none left.
    says: ({ person, reason, triesLeft }, names) =>
      `${names.person(person)} was refused (${reason})${reason === 'pin.wrong' ? `; ${triesLeft} tries left` : ''}.`,
  },
  'breakglass.started': {
    lane: 'who',
    says: ({ person, reason, note, limitSeconds }, names) =>
      `Emergency access by ${names.person(person)}: ${reason}${note === '' ? '' : ` ("${note}")`}, for at most ${Math.round(limitSeconds / 60)} minutes.`,
  },
  'breakglass.ended': { lane: 'who', says: ({ reason }) => `Emergency access ended (${reason}).` },
  'breakglass.witnessed': { lane: 'who', says: ({ person }, names) => `${names.person(person)} witnessed the emergency access, by badge.` },
  'breakglass.answered': {
    lane: 'who',
    says: ({ person }, names) =>
      `${names.person(person)} signed in after an emergency access without a name, which ended the alarm at the seat.`,
  },
  'app.launched': {
    lane: 'apps',
    says: ({ app, rule, mode, wouldDeny }) => {
      const why = rule.replace(/^role[:/]/, 'role ');
      const allowed =
        wouldDeny === undefined
          ? `as the policy allows (${why})`
          : `which the policy would deny (${wouldDeny}, ${why}) if it did more than watch`;
      return `${app} was opened, ${allowed}; ${mode === 'enforced' ? 'the operating system enforces it' : `mode ${mode}`}.`;
    },
  },
  'app.refused': {
    lane: 'apps',
    says: ({ app, reason, denied }) => (denied === undefined ? `${app} was refused (${reason}).` : deniedSentence(app, denied)),
  },
  'app.exited': {
    lane: 'apps',
    says: ({ app, seconds, exitCode, signal }) =>
      `${app} closed after ${seconds} s${signal !== null ? ` (${signal})` : exitCode !== null ? ` (exit ${exitCode})` : ''}.`,
  },
  'app.frozen': {
    lane: 'apps',
    says: ({ app, frozen }) => (frozen ? `${app} was stopped while the seat is locked.` : `${app} goes on after the unlock.`),
  },
  'print.started': { lane: 'apps', says: ({ app }) => `${app} began to print a page.` },
  'print.ended': {
    lane: 'apps',
    says: ({ app, outcome }) => {
      if (outcome === 'sent') return `The printer took the page of ${app}.`;
      if (outcome === 'unknown') return `The screens ended while the page of ${app} was being printed: whether it was is not known.`;
      return `The page of ${app} was not printed (${outcome}).`;
    },
  },
  'print.refused': { lane: 'apps', says: ({ app, reason }) => `${app} tried to print and could not (${reason}).` },
  'web.refused': { lane: 'apps', says: ({ app, origin }) => `${app} tried to reach ${origin}, which the policy does not name.` },
  'web.failed': {
    lane: 'apps',
    says: ({ app, reason, count }) => `${app} could not show ${count === 1 ? 'a page' : `pages, ${count} times`} (${reason}).`,
  },
  'download.saved': {
    lane: 'apps',
    says: ({ app, bytes }) => `${app} saved a file of ${bytes} bytes into the session, where it stayed until the session ended.`,
  },
  'download.refused': {
    lane: 'apps',
    says: ({ app, reason, count }) => {
      const files = count === 1 ? 'a file' : `${count} files`;
      // Which application it was ended with the screens.
      if (reason === 'screens-lost')
        return `The screens ended while ${files} ${count === 1 ? 'was' : 'were'} being saved: nothing of that is kept.`;
      return `${app} tried to save ${files} and could not (${reason}).`;
    },
  },
  'policy.applied': { lane: 'policy', says: ({ version, replaces }) => `Policy version ${version} took over from ${replaces}.` },
  'policy.refused': { lane: 'policy', says: ({ code, kept }) => `A policy was refused (${code}); version ${kept} stays in force.` },
  'directory.applied': {
    lane: 'policy',
    says: ({ version, persons, roles }) =>
      `Staff list ${version} came, with ${persons} people${roles === undefined ? '' : `; ${roles} of them changed role`}.`,
  },
  'directory.refused': { lane: 'policy', says: ({ code, kept }) => `A staff list was refused (${code}); list ${kept} stays.` },
  'enrolment.refused': { lane: 'record', says: ({ code }) => `An enrolment of the seat failed (${code}).` },
  'enrolment.completed': { lane: 'record', says: ({ tenant }) => `The seat was enrolled with ${tenant}.` },
  'authority.renewed': {
    lane: 'record',
    says: ({ until }) => `The seat took a later certificate of the site's authority, until ${until}.`,
  },
  'border.refused': { lane: 'record', says: ({ border, code }) => `A process was refused at the ${border} socket (${code}).` },
  'ui.lost': { lane: 'locks', says: ({ reason }) => `The screen was lost (${reason}).` },
  'ui.connected': { lane: 'locks', says: () => 'The screen connected.' },
  'sync.incident': { lane: 'record', says: ({ code }) => `The connection to the server reported ${code}.` },
  'tamper.found': { lane: 'record', says: ({ fault, detail }) => `Tampering or damage was found: ${fault}. ${detail}` },
  'clock.stepped': { lane: 'record', says: ({ seconds }) => `The clock was set by ${seconds} s.` },
  'reader.state': { lane: 'record', says: ({ reader, state }) => `Badge reader ${reader}: ${READER_STATES[state] ?? state}.` },
  'power.changed': { lane: 'locks', says: ({ what }) => `Power: ${what}.` },
};

export interface Sentence {
  readonly lane: Lane;
  readonly says: string;
}

export function sentenceOf(type: string, body: unknown, names: Names): Sentence {
  if (type === EPOCH_ROW) return { lane: 'record', says: 'The seat changed its recording keys.' };
  if (!isEventType(type)) return { lane: 'record', says: `This entry cannot be read with the reader's key (${type}).` };
  return speak(type, body, names);
}

function speak<T extends EventType>(type: T, body: unknown, names: Names): Sentence {
  const { lane, says } = words[type];
  return { lane, says: fits(type, body) ? says(body, names) : `An event of type ${type} that this build cannot put into words.` };
}

function fits<T extends EventType>(type: T, body: unknown): body is EventBodyOf<T> {
  return Value.Check(events[type].body, body);
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(events, type);
}
