/**
 * TypeBox as Fastify's validator, checking only: nothing is coerced, defaulted or removed. Answers are plain JSON, so no
 * code is generated from strings and the server runs under --disallow-code-generation-from-strings.
 */
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { FastifySerializerCompiler } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

export const checkOnly: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const compiled = Compile(schema);
  return (value: unknown) => {
    if (compiled.Check(value)) return { value };
    const error: FastifySchemaValidationError[] = compiled.Errors(value).map(({ keyword, instancePath, schemaPath, message }) => ({
      keyword,
      instancePath,
      schemaPath,
      params: {},
      message,
    }));
    return { error };
  };
};

export const plainJson: FastifySerializerCompiler<unknown> = () => (value: unknown) => JSON.stringify(value);
