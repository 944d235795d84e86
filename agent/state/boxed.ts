/**
 * A value in a sealed file: read once, checked against its schema, replaced durably. It owns one file; what can't be
 * opened or does not fit is told, never guessed.
 */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { SecretBox } from '../keys/index.ts';
import { readIfThere, setAside, writeDurably } from './durable-file.ts';

export type Loaded<T> =
  | { readonly found: 'none' }
  | { readonly found: 'value'; readonly value: T }
  /** The file is there and is not what this seat wrote. It was moved aside. */
  | { readonly found: 'broken' };

export interface BoxedFile<S extends TSchema> {
  readonly path: string;
  readonly purpose: string;
  readonly schema: S;
}

export function loadBoxed<S extends TSchema>(file: BoxedFile<S>, box: SecretBox): Loaded<Static<S>> {
  const sealed = readIfThere(file.path);
  if (sealed === undefined) return { found: 'none' };
  const value = parse(box.open(sealed, file.purpose));
  if (Value.Check(file.schema, value)) return { found: 'value', value };
  setAside(file.path, 'broken');
  return { found: 'broken' };
}

export function saveBoxed<S extends TSchema>(file: BoxedFile<S>, box: SecretBox, value: Static<S>): void {
  writeDurably(file.path, box.seal(new TextEncoder().encode(JSON.stringify(value)), file.purpose));
}

function parse(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
