/** The counting of a ward report: takes events in the order of time, gives figures. Pure; remembers persons only to tell their shifts apart. */
import type { EventType } from '../../contract/events.ts';
import type { WardFigures } from '../../contract/ward-report.ts';
import { SHIFT_PAUSE_MS } from '../../core/credentials/shift.ts';

const PROPPED_REASONS = ['never-rests', 'clockwork'];

/** As much of an indexed event as is counted. */
export interface CountedEvent {
  /** Unix milliseconds. */
  readonly at: number;
  readonly workstation_id: string;
  readonly type: string;
  readonly person_id: string | null;
  /** JSON. */
  readonly body: string;
}

interface Ward {
  readonly id: string;
  readonly name: string;
}

type Counted = Extract<
  EventType,
  'session.started' | 'session.unlocked' | 'session.warned' | 'session.locked' | 'idle.judged' | 'breakglass.started'
>;

interface Facts {
  readonly factors: readonly unknown[];
  readonly reason: unknown;
}

/** What each type adds; `session.unlocked` is a return. */
const counts: Readonly<Record<Counted, (ward: Counts, event: CountedEvent, facts: Facts) => void>> = {
  'session.started': (ward, event, facts) => {
    ward.sessions += 1;
    ward.seen(event, facts.factors);
  },
  'session.unlocked': (ward, event, facts) => {
    ward.returns += 1;
    ward.seen(event, facts.factors);
  },
  'session.warned': (ward) => {
    ward.warnings += 1;
  },
  'session.locked': (ward, _event, { reason }) => {
    if (reason === 'idle') ward.idleLocks += 1;
  },
  'idle.judged': (ward, _event, { reason }) => {
    if (PROPPED_REASONS.some((propped) => propped === reason)) ward.propped += 1;
  },
  'breakglass.started': (ward) => {
    ward.emergencies += 1;
  },
};

/** The types of events that a report reads. */
export const COUNTED: readonly string[] = Object.keys(counts);

class Counts {
  sessions = 0;
  returns = 0;
  pins = 0;
  warnings = 0;
  idleLocks = 0;
  propped = 0;
  emergencies = 0;
  readonly seats = new Set<string>();
  readonly #people = new Set<string>();
  /** PINs of each person in the shift that goes on, and when the last one was. */
  readonly #shifts = new Map<string, { pins: number; lastAt: number }>();
  readonly #ended: number[] = [];

  get people(): number {
    return this.#people.size;
  }

  seen({ person_id: person, at }: CountedEvent, factors: readonly unknown[]): void {
    if (person === null) return;
    this.#people.add(person);
    if (!factors.includes('pin')) return;
    this.pins += 1;
    const shift = this.#shifts.get(person);
    if (shift !== undefined && at - shift.lastAt < SHIFT_PAUSE_MS) {
      shift.pins += 1;
      shift.lastAt = at;
      return;
    }
    if (shift !== undefined) this.#ended.push(shift.pins);
    this.#shifts.set(person, { pins: 1, lastAt: at });
  }

  pinsPerShift(): WardFigures['pinsPerShift'] {
    const sorted = [...this.#ended, ...[...this.#shifts.values()].map(({ pins }) => pins)].sort((one, other) => one - other);
    const median = sorted[Math.floor((sorted.length - 1) / 2)];
    const most = sorted.at(-1);
    return median === undefined || most === undefined ? null : { median, most };
  }
}

export class WardTally {
  readonly #wards: ReadonlyMap<string, Ward & { readonly counts: Counts }>;
  readonly #wardOf: ReadonlyMap<string, string>;

  /** @param wardOf the ward of each seat, by workstation id */
  constructor(wards: readonly Ward[], wardOf: ReadonlyMap<string, string>) {
    this.#wards = new Map(wards.map((ward) => [ward.id, { ...ward, counts: new Counts() }]));
    this.#wardOf = wardOf;
  }

  take(event: CountedEvent): void {
    const ward = this.#wards.get(this.#wardOf.get(event.workstation_id) ?? '');
    if (ward === undefined || !isCounted(event.type)) return;
    ward.counts.seats.add(event.workstation_id);
    counts[event.type](ward.counts, event, factsOf(event.body));
  }

  /** By name, wards without any event too. */
  figures(): WardFigures[] {
    return [...this.#wards.values()]
      .map(({ id, name, counts: of }) => ({
        ...{ id, name, seats: of.seats.size, people: of.people, sessions: of.sessions, returns: of.returns, pins: of.pins },
        ...{ pinsPerShift: of.pinsPerShift(), warnings: of.warnings, idleLocks: of.idleLocks },
        ...{ propped: of.propped, emergencies: of.emergencies },
      }))
      .sort((one, other) => one.name.localeCompare(other.name));
  }
}

function isCounted(type: string): type is Counted {
  return Object.hasOwn(counts, type);
}

function factsOf(body: string): Facts {
  const value: unknown = JSON.parse(body);
  const { factors, reason }: { readonly factors?: unknown; readonly reason?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  return { factors: Array.isArray(factors) ? factors : [], reason };
}
