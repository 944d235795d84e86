/**
 * TypeBox as Fastify's validator, checking only: nothing is coerced, defaulted or removed. Answers are plain JSON, so no
 * code is generated from strings and the server runs under --disallow-code-generation-from-strings.
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { FastifySerializerCompiler } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { misfitInWords } from './misfit-words.ts';

export const checkOnly: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  return (value: unknown) => {
    if (compiled.Check(value)) return { value };
    const message = misfitInWords(schema, value, httpPart);
    return { error: [{ keyword: 'misfit', instancePath: '', schemaPath: '', params: {}, message }] };
  };
};

export const plainJson: FastifySerializerCompiler<unknown> = () => (value: unknown) => JSON.stringify(value);
