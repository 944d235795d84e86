/**
 * Presets: policies of real wards that lack what only a site knows: its name, its dates, who reads its record, what its
 * programs are. Filling one keeps its comments, so that what comes out still reads well in review. Pure.
 */
import { applyEdits, modify, parse } from 'jsonc-parser';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { Recipient } from './schema.ts';

export const PRESETS = {
  'nursing-station': 'a shared computer of a ward: many people, seconds each',
  emergency: 'an emergency department: opening comes first',
  'intensive-care': 'at the bed: hours of watching, few people',
  pharmacy: "two people for the vault's books, hours that count",
  'front-desk': 'visitors look over the counter: it closes quickly',
  'vendor-maintenance': 'people from outside, never alone, by day',
} as const;
export type PresetName = keyof typeof PRESETS;

export function isPreset(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}

export interface SiteFacts {
  /** Where the JSON Schema lies, seen from the policy's file: editors complete and check by it. */
  readonly schemaPath: string;
  readonly tenant: string;
  readonly version: number;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly recipients: readonly Recipient[];
  /** SHA-256 of the program at a path, hexadecimal. May throw: then nothing is filled. */
  readonly hashOf: (path: string) => string;
}

const format = { formattingOptions: { tabSize: 2, insertSpaces: true } } as const;
/** As much of an unfilled preset as filling needs. */
const Unfilled = Type.Object({ apps: Type.Array(Type.Object({ kind: Type.String(), path: Type.Optional(Type.String()) })) });

/** The text of a whole policy. @throws what `hashOf` throws */
export function fillPreset(preset: string, { hashOf, ...site }: SiteFacts): string {
  const { apps } = Value.Parse(Unfilled, parse(preset, [], { allowTrailingComma: true }));
  let text = preset;
  const put = (path: readonly (string | number)[], value: unknown, at: number): void => {
    text = applyEdits(text, modify(text, [...path], value, { ...format, getInsertionIndex: () => at }));
  };
  for (const [index, { path }] of apps.entries()) if (path !== undefined) put(['apps', index, 'sha256'], hashOf(path), PATH_FIELD + 1);
  put(['$schema'], site.schemaPath, 0);
  const head = {
    tenant: site.tenant,
    version: site.version,
    issuedAt: site.issuedAt.toISOString(),
    expiresAt: site.expiresAt.toISOString(),
    recipients: site.recipients,
  };
  for (const [index, [field, value]] of Object.entries(head).entries()) put([field], value, HEAD_FIELD + index);
  return text;
}

/** Behind `$schema` and `schema`. */
const HEAD_FIELD = 2;
/** `path` is the fifth field of an application. */
const PATH_FIELD = 4;
