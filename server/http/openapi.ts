/**
 * What the API says about itself: one OpenAPI document for each listener, made from the schemas that the routes check with.
 * It owns how answers are described; a route without a summary or answers is refused at the start.
 */
import swagger from '@fastify/swagger';
import type { RouteOptions } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { consolePaths } from '../../contract/console-api.ts';
import { Refusal } from '../../contract/seat-api.ts';
import { type ErrorCode, errorMeanings } from '../../core/errors/index.ts';
import type { App } from './app.ts';
import { statusOf } from './refusals.ts';

export type Listener = 'seats' | 'console';

interface Described {
  readonly description: string;
  readonly content: { readonly [mediaType: string]: { readonly schema: TSchema } };
}

interface Answers {
  readonly response: { readonly [status: string]: unknown };
}

const JSON_TYPE = 'application/json';
const anything = Type.Unsafe<unknown>({});

/** Answers that are no JSON. */
export const Text: Described = { description: 'Text', content: { 'text/plain': { schema: Type.String() } } };
export const Bytes: Described = { description: 'Bytes', content: { 'application/octet-stream': { schema: anything } } };
export const Lines: Described = { description: 'JSON, a line each', content: { 'application/x-ndjson': { schema: anything } } };
export const TextSize: Described = {
  description: 'The size that is pinned, in decimal, and a line feed',
  content: { 'text/x.tlog.size': { schema: Type.String({ pattern: '^[0-9]+\\n$' }) } },
};
/** Bodies that are no JSON; the handler reads them. */
export const TextBody = { content: { 'text/plain': { schema: anything } } } as const;
export const BytesBody = { content: { 'application/octet-stream': { schema: anything } } } as const;

/** What every route may answer. */
const anyRoute: readonly ErrorCode[] = ['SERVER_REQUEST_MALFORMED', 'SERVER_INTERNAL', 'SERVER_DATABASE_UNREACHABLE'];

/** The `response` of a route's schema: what it answers when all is well, and each code with which it refuses. */
export function answers(good: { readonly [status: number]: TSchema | Described }, codes: readonly ErrorCode[]): Answers {
  const response: Record<string, unknown> = {};
  const refusals = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...anyRoute])) refusals.set(statusOf(code), [...(refusals.get(statusOf(code)) ?? []), code]);
  for (const [status, of] of refusals) {
    const description = of.map((code) => `${code}: ${errorMeanings[code]}`).join(' ');
    response[String(status)] = { description, content: { [JSON_TYPE]: { schema: Refusal } } };
  }
  for (const [status, answer] of Object.entries(good)) {
    response[status] = isDescribed(answer) ? answer : { description: 'Done', content: { [JSON_TYPE]: { schema: answer } } };
  }
  return { response };
}

function isDescribed(answer: TSchema | Described): answer is Described {
  return 'content' in answer && 'description' in answer;
}

const titles = {
  console: { title: 'Wardlock console', description: 'Auditors, IT and their tools, over HTTPS.' },
  seats: { title: 'Wardlock seats', description: 'Enrolled seats, over mutual TLS 1.3.' },
} as const;
/** How callers show who they are: a console's session cookie; a seat's client certificate, which OpenAPI 3.1 calls mutualTLS. */
const schemes = {
  console: { session: { type: 'apiKey', in: 'cookie', name: '__Host-wardlock' } },
  seats: { certificate: { type: 'mutualTLS' } },
} as const;

/** Begins the document; call it before the routes. @throws Error for a route that does not say what it is */
export async function describeApi(app: App, listener: Listener): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { ...titles[listener], version: '1' },
      // The plugin only looks the names up, and its types lack mutualTLS: the document gets the schemes at its end.
      components: {
        securitySchemes: Object.fromEntries(
          Object.keys(schemes[listener]).map((name) => [name, { type: 'http' as const, scheme: 'later' }]),
        ),
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url }) => ({ schema, url: url.replace('/*', '/{tile}') }),
  });
  app.addHook('onRoute', refuseUndescribed);
}

/** Fastify's static pages are files, not API. */
function refuseUndescribed({ schema, url, method }: RouteOptions): void {
  if (schema?.hide === true) return;
  const response: unknown = schema?.response;
  if (schema?.summary === undefined || typeof response !== 'object') {
    throw new Error(`${String(method)} ${url} needs a summary and answers for the API description.`);
  }
}

/** Fastify calls the rest of a path `*`; in the paths it stands as {tile}. */
function namedWildcard(key: string, value: unknown): unknown {
  return key === 'name' && value === '*' ? 'tile' : value;
}

/** The document of this app, once it is ready. */
export function apiDocument(app: App, listener: Listener): string {
  const document = app.swagger();
  const components = { ...('components' in document ? document.components : {}), securitySchemes: schemes[listener] };
  return `${JSON.stringify({ ...document, components }, namedWildcard, 2)}\n`;
}

/** Serves the document that `described` began: `app` itself, unless the route belongs to a part of it. */
export function openApiRoute(app: App, listener: Listener, described = app): void {
  app.get(
    consolePaths.openapi,
    { schema: { tags: ['operations'], summary: 'This document', ...answers({ 200: anything }, []) } },
    async (_request, reply) => reply.type('application/json; charset=utf-8').send(apiDocument(described, listener)),
  );
}
