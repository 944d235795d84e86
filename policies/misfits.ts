/**
 * Where a value does not fit a schema, one sentence for each place. It goes down field by field and never stops at a number of
 * errors, so that a refused policy always has a reason. Of a choice between objects, `kind` says which one was meant. Pure.
 */
import Type, { type TArray, type TObject, type TSchema, type TUnion } from 'typebox';
import { Value } from 'typebox/value';
import { expectedInstead } from './expected.ts';

export type Path = readonly (string | number)[];

export interface Misfit {
  readonly path: Path;
  /** `field`: the name of the field is wrong, whatever stands in it. */
  readonly at: 'field' | 'value';
  readonly message: string;
  /** The form that a text does not have, for whoever has words of their own for it. */
  readonly pattern?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Lazily: whoever asks takes as many as help. Empty for a value that fits. */
export function* misfits(schema: TSchema, value: unknown, path: Path = []): Generator<Misfit> {
  if (Type.IsObject(schema)) yield* ofObject(schema, value, path);
  else if (Type.IsArray(schema)) yield* ofArray(schema, value, path);
  else if (Type.IsUnion(schema)) yield* ofChoice(schema, value, path);
  else yield* ofLeaf(schema, value, path);
}

function* ofObject({ properties }: TObject, value: unknown, path: Path): Generator<Misfit> {
  if (!isFields(value)) {
    yield wrong(path, 'Must be an object: { }.');
    return;
  }
  const missing = Object.keys(properties).filter((name) => !Type.IsOptional(properties[name]) && !Object.hasOwn(value, name));
  if (missing.length > 0) yield wrong(path, `Missing: ${missing.join(', ')}.`);
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known === undefined) yield { path: [...path, name], at: 'field', message: `Unknown field: ${shown(name)}. Check the spelling.` };
    else yield* misfits(known, inner, [...path, name]);
  }
}

function* ofArray({ items, ...limits }: TArray, value: unknown, path: Path): Generator<Misfit> {
  if (!Array.isArray(value)) {
    yield wrong(path, 'Must be a list: [ ].');
    return;
  }
  yield* ofLeaf({ ...limits, items: Type.Unknown() }, value, path);
  for (const [index, inner] of value.entries()) yield* misfits(items, inner, [...path, index]);
}

/** Of objects with a `kind`, the one that was meant is judged alone: what the others miss would mislead. */
function* ofChoice({ anyOf }: TUnion, value: unknown, path: Path): Generator<Misfit> {
  if (anyOf.some((schema) => Value.Check(schema, value))) return;
  const literals = anyOf.flatMap((schema) => (Type.IsLiteral(schema) ? [JSON.stringify(schema.const)] : []));
  if (literals.length === anyOf.length) {
    yield wrong(path, `Must be one of: ${literals.join(', ')}.`);
    return;
  }
  const kinds = new Map<string, TSchema>(anyOf.flatMap(kindOf));
  if (kinds.size !== anyOf.length) {
    yield wrong(path, 'Is none of the forms that may stand here.');
    return;
  }
  if (!isFields(value)) {
    yield wrong(path, 'Must be an object: { }.');
    return;
  }
  const names = [...kinds.keys()].join(', ');
  if (!Object.hasOwn(value, 'kind')) {
    yield wrong(path, `Missing: kind. It is one of: ${names}.`);
    return;
  }
  const meant = typeof value.kind === 'string' ? kinds.get(value.kind) : undefined;
  if (meant === undefined) yield wrong([...path, 'kind'], `Must be one of: ${names}.`);
  else yield* misfits(meant, value, path);
}

function kindOf(schema: TSchema): (readonly [string, TSchema])[] {
  const kind = Type.IsObject(schema) ? schema.properties.kind : undefined;
  return Type.IsLiteral(kind) ? [[String(kind.const), schema]] : [];
}

/** A record's fields, too, are told by the schema library: its names are free, so that no list of unknown ones fills it. */
function* ofLeaf(schema: TSchema, value: unknown, path: Path): Generator<Misfit> {
  if (Value.Check(schema, value)) return;
  const errors = Value.Errors(schema, value).filter(({ keyword }) => keyword !== 'boolean');
  if (errors.length === 0) yield wrong(path, 'Does not fit.');
  for (const error of errors) {
    const misfit = wrong([...path, ...partsOf(error.instancePath)], expectedInstead(error) ?? sentence(error.message));
    yield error.keyword === 'pattern' ? { ...misfit, pattern: String(error.params.pattern) } : misfit;
  }
}

/** Longer names are cut: they stand in a message. */
const NAME_LIMIT = 80;

const shown = (name: string): string => (name.length > NAME_LIMIT ? `${name.slice(0, NAME_LIMIT)}…` : name);
const wrong = (path: Path, message: string): Misfit => ({ path, at: 'value', message });
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function partsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
