/** What the agent and its reader process say to each other: JSON lines, checked on both sides. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** PC/SC allows 127 characters for the name of a reader (MAX_READERNAME). */
const ReaderName = Type.String({ minLength: 1, maxLength: 128 });
const Unreadable = Type.Union([
  Type.Literal('no-answer'),
  Type.Literal('no-number'),
  Type.Literal('number-length'),
  Type.Literal('number-random'),
]);
const Presentation = Type.Object({ proof: Type.Literal('identifier'), number: Type.String({ pattern: '^[0-9A-F]{8,32}$' }) });
const Reading = Type.Union([
  Type.Object({ ok: Type.Literal(true), presentation: Presentation }),
  Type.Object({ ok: Type.Literal(false), why: Unreadable }),
]);

export const Told = Type.Union([
  Type.Object({ is: Type.Literal('pong') }),
  Type.Object({ is: Type.Literal('service'), up: Type.Boolean() }),
  Type.Object({ is: Type.Literal('reader'), reader: ReaderName, there: Type.Boolean() }),
  Type.Object({ is: Type.Literal('empty'), reader: ReaderName }),
  Type.Object({ is: Type.Literal('read'), reader: ReaderName, first: Type.Boolean(), reading: Reading }),
  /** A call into the driver begins; it has to be over soon. */
  Type.Object({ is: Type.Literal('busy'), reader: ReaderName, doing: Type.Union([Type.Literal('reading'), Type.Literal('probing')]) }),
  Type.Object({ is: Type.Literal('done'), reader: ReaderName }),
]);
export type Told = Static<typeof Told>;

const told = Compile(Told);

/** Undefined for what is no message of this protocol. */
export function parseTold(line: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return told.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A line that is longer is not read on: no message comes near it. */
export const LINE_LIMIT = 4_096;
/** What the agent sends to hear whether the process lives. */
export const PING = '\n';
