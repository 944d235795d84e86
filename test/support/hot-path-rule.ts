/**
 * The rule of the hot path: every statement that taking in a seat's log needs (entries, anchors, receipts, finding the place
 * to go on) names the seat, so that a distributed database finds the one shard and two seats never wait for each other. Judges
 * one statement by its syntax tree.
 */
import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  DeleteQueryNode,
  IdentifierNode,
  InsertQueryNode,
  JoinNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  RawNode,
  ReferenceNode,
  SelectQueryNode,
  TableNode,
  UpdateQueryNode,
} from 'kysely';

const SEAT = 'workstation_id';

export interface HotPathTables {
  /** Tables that have the seat among their columns. */
  readonly ofSeats: ReadonlySet<string>;
  /** Tables without it that the hot path may write to, each with a reason where it is named. */
  readonly allowed: ReadonlySet<string>;
  /** SQL that is not made of nodes and may run there. */
  readonly allowedRaw: readonly RegExp[];
}

/** What is wrong with a statement on the hot path; null when it names the seat for every table that it touches. */
export function faultOf(root: OperationNode, sql: string, tables: HotPathTables): string | null {
  if (RawNode.is(root)) return tables.allowedRaw.some((known) => known.test(sql)) ? null : 'SQL that is not made of nodes cannot be judged';
  // What a common table expression answers is a table of no key: the query that makes it is judged instead.
  const allowed = new Set([...tables.allowed, ...expressionsIn(root)]);
  for (const query of queriesIn(root)) {
    const fault = faultOfQuery(query, { ...tables, allowed });
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfQuery(query: OperationNode, tables: HotPathTables): string | null {
  const touched = tablesOf(query);
  const bound = boundTables(query, touched);
  for (const { name, alias } of touched) {
    if (!tables.ofSeats.has(name)) {
      if (!tables.allowed.has(name)) return `${name} has no seat in it`;
    } else if (!bound.has(alias)) return `${name} without its ${SEAT}`;
  }
  return null;
}

interface Touched {
  readonly name: string;
  /** As conditions call it. */
  readonly alias: string;
}

export function tablesOf(query: OperationNode): Touched[] {
  if (InsertQueryNode.is(query)) return query.into === undefined ? [] : [named(query.into)].flat();
  if (SelectQueryNode.is(query)) return [...(query.from?.froms ?? []), ...(query.joins ?? []).map(({ table }) => table)].flatMap(named);
  if (DeleteQueryNode.is(query)) return [...query.from.froms, ...(query.joins ?? []).map(({ table }) => table)].flatMap(named);
  if (!UpdateQueryNode.is(query)) return [];
  const froms = query.from === undefined ? [] : query.from.froms;
  return [query.table, ...froms, ...(query.joins ?? []).map(({ table }) => table)].flatMap((node) =>
    node === undefined ? [] : named(node),
  );
}

/** Nothing for a subquery: it is judged by itself. */
function named(node: OperationNode): Touched[] {
  if (AliasNode.is(node)) {
    const inner = named(node.node);
    return IdentifierNode.is(node.alias) ? inner.map(({ name }) => ({ name, alias: aliasOf(node) })) : inner;
  }
  return TableNode.is(node) ? [{ name: nameOf(node), alias: nameOf(node) }] : [];
}

function aliasOf({ alias }: AliasNode): string {
  return IdentifierNode.is(alias) ? alias.name : '';
}

function nameOf({ table }: TableNode): string {
  return table.identifier.name;
}

/** Tables whose seat is a value, directly or by being equal to another's. */
function boundTables(query: OperationNode, touched: readonly Touched[]): ReadonlySet<string> {
  if (InsertQueryNode.is(query)) {
    const names = (query.columns ?? []).map(({ column }) => column.name);
    return new Set(names.includes(SEAT) ? touched.map(({ alias }) => alias) : []);
  }
  const conditions = conditionsOf(query);
  const only = touched.length === 1 ? (touched[0]?.alias ?? '') : '';
  const bound = new Set<string>();
  for (let before = -1; before < bound.size; ) {
    before = bound.size;
    for (const { left, right } of conditions) {
      const [a, b] = [seatColumn(left, only), seatColumn(right, only)];
      if (a !== null && (b === null ? !ReferenceNode.is(right) : bound.has(b))) bound.add(a);
      if (b !== null && a !== null && bound.has(a)) bound.add(b);
    }
  }
  return bound;
}

interface Equality {
  readonly left: OperationNode;
  readonly right: OperationNode;
}

/** Equalities that hold for every row: what stands under an OR or a NOT does not count. */
function conditionsOf(query: OperationNode): Equality[] {
  if (!SelectQueryNode.is(query) && !UpdateQueryNode.is(query) && !DeleteQueryNode.is(query)) return [];
  const ons = (query.joins ?? [])
    .filter(JoinNode.is)
    .flatMap(({ joinType, on }) => (on === undefined || joinType.startsWith('Full') ? [] : [on.on]));
  return [...(query.where === undefined ? [] : [query.where.where]), ...ons].flatMap(equalities);
}

function equalities(node: OperationNode): Equality[] {
  if (AndNode.is(node)) return [...equalities(node.left), ...equalities(node.right)];
  if (ParensNode.is(node)) return equalities(node.node);
  if (!BinaryOperationNode.is(node) || !OperatorNode.is(node.operator) || !['=', 'in'].includes(node.operator.operator)) return [];
  return [{ left: node.leftOperand, right: node.rightOperand }];
}

/** Which table's seat this is; null when it is none. */
function seatColumn(node: OperationNode, only: string): string | null {
  if (!ReferenceNode.is(node) || !ColumnNode.is(node.column) || node.column.column.name !== SEAT) return null;
  return node.table === undefined ? only : nameOf(node.table);
}

/** The query itself and every one inside of it: common table expressions, subqueries, what an insert selects. */
function queriesIn(node: unknown): OperationNode[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(queriesIn);
  const inner = Object.values(node).flatMap(queriesIn);
  return isQuery(node) ? [node, ...inner] : inner;
}

/** Names of common table expressions. */
function expressionsIn(root: OperationNode): string[] {
  const { with: named } =
    SelectQueryNode.is(root) || InsertQueryNode.is(root) || UpdateQueryNode.is(root) || DeleteQueryNode.is(root) ? root : {};
  return (named?.expressions ?? []).map(({ name }) => nameOf(name.table));
}

function isQuery(node: object): node is OperationNode {
  return 'kind' in node && ['SelectQueryNode', 'InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode'].includes(String(node.kind));
}
