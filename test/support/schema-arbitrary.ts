/**
 * Values that fit a JSON Schema, for fuzzing an endpoint from what it says about itself. It knows the few keywords that the
 * boundaries' schemas use and refuses others, so that a new one is not passed over in silence.
 */
import fc from 'fast-check';

interface Schema {
  readonly [keyword: string]: unknown;
}

const MOST_ITEMS = 3;
const LONGEST = 200;
const LARGEST = 2 ** 40;
const annotations = new Set(['description', 'title', 'default', 'examples', 'format', '$id', 'readOnly']);
const known = new Set([
  ...annotations,
  ...['type', 'const', 'enum', 'anyOf', 'properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems', 'pattern'],
  ...['minLength', 'maxLength', 'minimum', 'maximum', 'patternProperties'],
]);

/** @throws Error at a keyword that it does not know */
export function fitting(schema: unknown): fc.Arbitrary<unknown> {
  if (!isSchema(schema)) throw new TypeError('not a schema');
  const unknown = Object.keys(schema).filter((keyword) => !known.has(keyword));
  if (unknown.length > 0) throw new Error(`teach schema-arbitrary.ts the keywords ${unknown.join(', ')}`);
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...listOf(schema['enum']));
  if (Array.isArray(schema['anyOf'])) return fc.oneof(...listOf(schema['anyOf']).map(fitting));
  switch (schema['type']) {
    case 'object':
      return object(schema);
    case 'array':
      return fc.array(fitting(schema['items'] ?? {}), {
        minLength: numberOf(schema['minItems'], 0),
        maxLength: Math.max(numberOf(schema['minItems'], 0), Math.min(numberOf(schema['maxItems'], MOST_ITEMS), MOST_ITEMS)),
      });
    case 'string':
      return text(schema);
    case 'integer':
    case 'number':
      return fc.integer({ min: numberOf(schema['minimum'], -LARGEST), max: numberOf(schema['maximum'], LARGEST) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue();
  }
}

function object(schema: Schema): fc.Arbitrary<unknown> {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const required = listOf(schema['required']).map(String);
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, fitting(field)]));
  return fc.record(fields, { requiredKeys: required });
}

function text(schema: Schema): fc.Arbitrary<string> {
  const minLength = numberOf(schema['minLength'], 0);
  const maxLength = Math.min(numberOf(schema['maxLength'], LONGEST), LONGEST);
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern']));
  return fc.string({ minLength, maxLength: Math.max(minLength, maxLength) });
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
