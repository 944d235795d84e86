/**
 * Reads a policy text into a document, or says where it is wrong: line and column of each problem. A misspelt or repeated
 * field is a problem, because a restriction that is not read restricts nothing. It never fills in a default.
 */
import { createScanner, findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { Compile } from 'typebox/compile';
import { contradictions, emptiness } from '../core/policy/candidate.ts';
import type { Contradiction } from '../core/policy/facts.ts';
import { NO_MACHINE, neverBrick, type OwnPrograms } from '../core/policy/never-brick.ts';
import { type Misfit, misfits } from './misfits.ts';
import { PolicyDocument } from './schema.ts';
import { webContradictions } from './web-addresses.ts';

/** One place that is wrong. `line` and `column` start at 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  /** Where in the document, such as `/roles/0/apps/2`; empty for the text as a whole. */
  readonly path: string;
  readonly message: string;
  /** `empty`: the policy would leave a seat with nothing to do. `bricks`: it could take away what a seat must always have. */
  readonly kind: 'syntax' | 'schema' | 'empty' | 'contradiction' | 'bricks';
}

/** The code under which a refused policy is reported. */
export function refusalCode([first]: readonly PolicyProblem[]): 'POLICY_EMPTY' | 'POLICY_BRICKS' | 'POLICY_MALFORMED' {
  if (first?.kind === 'empty') return 'POLICY_EMPTY';
  return first?.kind === 'bricks' ? 'POLICY_BRICKS' : 'POLICY_MALFORMED';
}

export type ParsedPolicy =
  | { readonly ok: true; readonly document: PolicyDocument }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

export interface ParseOptions {
  /** Comments and trailing commas, for what people write; a signed payload has neither. */
  readonly comments: boolean;
  /** The seat's own parts as they are on this machine; without it the names of the never-brick set alone are held to. */
  readonly own?: () => OwnPrograms;
}

const checker = Compile(PolicyDocument);
/** More problems than this help nobody. */
const PROBLEM_LIMIT = 50;
/** Deeper nesting is no policy. */
const DEPTH_LIMIT = 16;
const EMPTY = 'The file is empty. A policy goes into it.';
const NOTHING = 'Nothing but comments stands here. A policy goes into it.';
const CLOSES_NOTHING = 'This bracket closes none that is open here.';
const TOO_DEEP = `Nested deeper than ${DEPTH_LIMIT} brackets: no policy is.`;

/** Reads and checks a policy text: syntax, repeated fields, schema, then what contradicts itself. */
export function parsePolicy(text: string, options: ParseOptions): ParsedPolicy {
  const at = positions(text);
  if (text.trim() === '') return refused([at('syntax', 0, '', EMPTY)]);
  const tangled = tangledAt(text);
  if (tangled !== null) return refused([at('syntax', tangled.offset, '', tangled.message)]);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: !options.comments, allowTrailingComma: options.comments });
  if (tree === undefined || errors.length > 0) {
    const found = errors
      .slice(0, PROBLEM_LIMIT)
      .map((error) => at('syntax', error.offset, '', `${spoken(printParseErrorCode(error.error))}.`));
    return refused(found.length > 0 ? found : [at('syntax', 0, '', NOTHING)]);
  }
  const repeated = first(repeatedFields(tree, ''), ({ node, path }) =>
    at('schema', node.offset, path, `The field ${path.split('/').at(-1)} stands twice.`),
  );
  if (repeated.length > 0) return refused(repeated);
  const value: unknown = plainValue(tree);
  if (!checker.Check(value)) {
    const found = first(misfits(PolicyDocument, value), (misfit) => problemOf(misfit, tree, at));
    return refused(found.length > 0 ? found : [at('schema', tree.offset, '', 'The policy does not fit its schema.')]);
  }
  const empty = emptiness(value);
  const placed = (kind: PolicyProblem['kind'], found: readonly Contradiction[]): readonly PolicyProblem[] =>
    found.map(({ path, message }) => at(kind, locate(tree, path).offset, `/${path.join('/')}`, message));
  const wrong = placed('contradiction', [...contradictions(value), ...webContradictions(value)]);
  // What leads nowhere or is empty is said first: what it would brick is then a consequence.
  const bricked = wrong.length > 0 || empty !== null ? [] : placed('bricks', neverBrick(value, options.own ?? (() => NO_MACHINE)));
  const problems = [...(empty === null ? [] : [at('empty', 0, '', empty)]), ...wrong, ...bricked];
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

/**
 * The first bracket that nests too deep or closes none that is open; null where there is none. By tokens alone: a reader that
 * recurses, as the parser does, would end in an overflow of its stack.
 */
function tangledAt(text: string): { readonly offset: number; readonly message: string } | null {
  const scanner = createScanner(text, true);
  const open: string[] = [];
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const bracket = scanner.getTokenLength() === 1 ? text.charAt(offset) : '';
    const closing = CLOSING.get(bracket);
    if (closing !== undefined) open.push(closing);
    else if (CLOSINGS.has(bracket) && open.pop() !== bracket) return { offset, message: CLOSES_NOTHING };
    if (open.length > DEPTH_LIMIT) return { offset, message: TOO_DEEP };
  }
  return null;
}

const CLOSING = new Map([
  ['{', '}'],
  ['[', ']'],
]);
const CLOSINGS = new Set(CLOSING.values());

/** As many as help, and none is looked for beyond. */
function first<T>(found: Iterable<T>, spokenOf: (one: T) => PolicyProblem): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  for (const one of found) {
    problems.push(spokenOf(one));
    if (problems.length === PROBLEM_LIMIT) break;
  }
  return problems;
}

function* repeatedFields(node: Node, path: string): Generator<{ readonly node: Node; readonly path: string }> {
  const names = new Set<string>();
  for (const [index, child] of (node.children ?? []).entries()) {
    const [key, value] = child.type === 'property' ? (child.children ?? []) : [undefined, child];
    const name = key === undefined ? String(index) : String(key.value);
    if (key !== undefined && names.has(name)) yield { node: key, path: `${path}/${name}` };
    names.add(name);
    if (value !== undefined) yield* repeatedFields(value, `${path}/${name}`);
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

function problemOf({ path, at: place, message }: Misfit, tree: Node, at: ReturnType<typeof positions>): PolicyProblem {
  const node = locate(tree, path);
  const { offset } = place === 'field' ? (node.parent ?? node) : node;
  return at('schema', offset, path.map((part) => `/${pointerPart(part)}`).join(''), message);
}

const pointerPart = (part: string | number): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

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
