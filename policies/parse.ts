/**
 * Reads a policy text into a document, or says where it is wrong: line and column of each problem. A misspelt or repeated
 * field is a problem, because a restriction that is not read restricts nothing. It never fills in a default.
 */
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { Compile } from 'typebox/compile';
import { contradictions, emptiness } from '../core/policy/candidate.ts';
import { PolicyDocument } from './schema.ts';

/** One place that is wrong. `line` and `column` start at 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  /** Where in the document, such as `/roles/0/apps/2`; empty for the text as a whole. */
  readonly path: string;
  readonly message: string;
  /** `empty`: the policy would leave a seat with nothing to do. */
  readonly kind: 'syntax' | 'schema' | 'empty' | 'contradiction';
}

export type ParsedPolicy =
  | { readonly ok: true; readonly document: PolicyDocument }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export interface ParseOptions {
  /** Comments and trailing commas, for what people write; a signed payload has neither. */
  readonly comments: boolean;
}

const checker = Compile(PolicyDocument);
/** More problems than this help nobody. */
const PROBLEM_LIMIT = 50;
/** Deeper nesting is no policy. */
const DEPTH_LIMIT = 16;
const EMPTY = 'The file is empty. A policy goes into it.';

/** Reads and checks a policy text: syntax, repeated fields, schema, then what contradicts itself. */
export function parsePolicy(text: string, options: ParseOptions): ParsedPolicy {
  const at = positions(text);
  if (text.trim() === '') return refused([at('syntax', 0, '', EMPTY)]);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: !options.comments, allowTrailingComma: options.comments });
  if (tree === undefined || errors.length > 0) {
    const found = errors.map((error) => at('syntax', error.offset, '', `${spoken(printParseErrorCode(error.error))}.`));
    return refused(found.length > 0 ? found : [at('syntax', 0, '', EMPTY)]);
  }
  const repeated = [...repeatedFields(tree, '', 0)].map(({ node, path }) =>
    at('schema', node.offset, path, `The field ${path.split('/').at(-1)} stands twice.`),
  );
  if (repeated.length > 0) return refused(repeated);
  const value: unknown = plainValue(tree);
  if (!checker.Check(value)) {
    return refused(checker.Errors(value).flatMap((error) => problemsOf(error, tree, at)));
  }
  const empty = emptiness(value);
  const wrong = contradictions(value).map(({ path, message }) =>
    at('contradiction', locate(tree, path).offset, `/${path.join('/')}`, message),
  );
  const problems = [...(empty === null ? [] : [at('empty', 0, '', empty)]), ...wrong];
  return problems.length > 0 ? refused(problems) : { ok: true, document: value };
}

function refused(problems: readonly PolicyProblem[]): ParsedPolicy {
  const ordered = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const seen = new Set<string>();
  const once = ordered.filter((problem) => {
    const key = `${problem.path}\n${problem.message}`;
    return seen.has(key) ? false : seen.add(key).size > 0;
  });
  return { ok: false, problems: once.slice(0, PROBLEM_LIMIT) };
}

function positions(text: string): (kind: PolicyProblem['kind'], offset: number, path: string, message: string) => PolicyProblem {
  return (kind, offset, path, message) => {
    const before = text.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    return { line: before.split('\n').length, column: offset - lineStart + 1, path, message, kind };
  };
}

/** `PropertyNameExpected` as people say it. */
function spoken(code: string): string {
  const words = code.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function* repeatedFields(node: Node, path: string, depth: number): Generator<{ readonly node: Node; readonly path: string }> {
  if (depth > DEPTH_LIMIT) return;
  const names = new Set<string>();
  for (const [index, child] of (node.children ?? []).entries()) {
    const [key, value] = child.type === 'property' ? (child.children ?? []) : [undefined, child];
    const name = key === undefined ? String(index) : String(key.value);
    if (key !== undefined && names.has(name)) yield { node: key, path: `${path}/${name}` };
    names.add(name);
    if (value !== undefined) yield* repeatedFields(value, `${path}/${name}`, depth + 1);
  }
}

/** The plain value of a node; `__proto__` becomes an ordinary field and is then refused as unknown. */
function plainValue(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(plainValue);
  if (node.type !== 'object') return node.value;
  return Object.fromEntries(
    (node.children ?? []).flatMap(({ children }) => {
      const [key, value] = children ?? [];
      return key === undefined || value === undefined ? [] : [[String(key.value), plainValue(value)]];
    }),
  );
}

interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message: string;
  readonly params: object;
}

/** `false` schemas only say again what `additionalProperties` says with the field's name. */
function problemsOf(error: SchemaError, tree: Node, at: ReturnType<typeof positions>): readonly PolicyProblem[] {
  const node = nodeAt(tree, error.instancePath);
  if (error.keyword === 'boolean') return [];
  if (error.keyword !== 'additionalProperties') return [at('schema', node.offset, error.instancePath, sentence(error))];
  return namesIn(error.params, 'additionalProperties').map((name) => {
    const key = node.children?.find((child) => child.children?.[0]?.value === name) ?? node;
    return at('schema', key.offset, `${error.instancePath}/${name}`, `Unknown field: ${name}. Check the spelling.`);
  });
}

function sentence(error: SchemaError): string {
  if (error.keyword === 'required') return `Missing: ${namesIn(error.params, 'requiredProperties').join(', ')}.`;
  const text = error.message;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function namesIn(params: object, list: string): readonly string[] {
  const found: unknown = Object.entries(params).find(([name]) => name === list)?.[1];
  return Array.isArray(found) ? found.map(String) : [];
}

function nodeAt(tree: Node, pointer: string): Node {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return locate(tree, path);
}

/** The node at a path, or the deepest one on the way to it. */
function locate(tree: Node, path: readonly (string | number)[]): Node {
  let node = tree;
  for (const part of path) {
    const segment = node.type === 'array' ? Number(part) : String(part);
    const next = findNodeAtLocation(node, [segment]);
    if (next === undefined) return node;
    node = next;
  }
  return node;
}
