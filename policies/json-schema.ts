/** The JSON Schema of a policy file, for editors: completion, and red lines where a field is misspelt. The seat checks by the same schema. */
import { PolicyDocument } from './schema.ts';

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

/** The text of `policies/wardlock-policy.schema.json`. */
export function jsonSchemaText(): string {
  const schema = { $schema: DRAFT, title: 'Wardlock policy', allowTrailingCommas: true, ...PolicyDocument };
  // What the schema library keeps for itself begins with a tilde.
  return `${JSON.stringify(schema, (key, value: unknown) => (key.startsWith('~') ? undefined : value), 2)}\n`;
}
