/**
 * How many rows a read of the hot path takes must stand in the read itself, not in what is believed of the table: a limit, a whole
 * key, a range with two ends, or one row of sums. Judges one statement by its syntax tree.
 */
import {
  AggregateFunctionNode,
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  ReferenceNode,
  SelectQueryNode,
} from 'kysely';
import { tablesOf } from './hot-path-rule.ts';

export interface BoundTables {
  /** Table to the columns of its primary key and of each unique index. */
  readonly uniques: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Tables that may be read whole, each with a reason where it is named. */
  readonly small: ReadonlySet<string>;
}

/** Which tables a read takes as many rows of as there are; null when it says how many, and for what is no read. */
export function unboundedIn(query: OperationNode, { uniques, small }: BoundTables): string | null {
  if (!SelectQueryNode.is(query) || query.limit !== undefined || isOneRow(query)) return null;
  const told = query.where === undefined ? [] : comparisons(query.where.where);
  const loose = tablesOf(query).filter(({ name }) => !small.has(name) && !isBounded(told, uniques.get(name) ?? []));
  return loose.length === 0 ? null : `${loose.map(({ name }) => name).join(', ')} without a bound`;
}

/** Sums over all rows, in no groups. */
function isOneRow({ selections = [], groupBy }: SelectQueryNode): boolean {
  const picked = selections.map(({ selection }) => (AliasNode.is(selection) ? selection.node : selection));
  return groupBy === undefined && picked.length > 0 && picked.every((node) => AggregateFunctionNode.is(node));
}

/** Every column of a key has its value, or is in a list of them; one may lie between two. */
function isBounded(told: readonly Comparison[], keys: readonly (readonly string[])[]): boolean {
  const has = (column: string, ...operators: string[]): boolean =>
    told.some((one) => one.column === column && operators.includes(one.operator));
  return keys.some((columns) => {
    const open = columns.filter((column) => !has(column, '=', 'in'));
    return open.length === 0 || (open.length === 1 && open.every((column) => has(column, '>', '>=') && has(column, '<', '<=')));
  });
}

interface Comparison {
  readonly column: string;
  readonly operator: string;
}

/** What holds for every row, against values: what stands under an OR or a NOT, and what compares columns, does not count. */
function comparisons(node: OperationNode): Comparison[] {
  if (AndNode.is(node)) return [...comparisons(node.left), ...comparisons(node.right)];
  if (ParensNode.is(node)) return comparisons(node.node);
  if (!BinaryOperationNode.is(node) || !OperatorNode.is(node.operator) || isColumnOrQuery(node.rightOperand)) return [];
  const { leftOperand: left, operator } = node;
  if (!ReferenceNode.is(left) || !ColumnNode.is(left.column)) return [];
  return [{ column: left.column.column.name, operator: operator.operator }];
}

function isColumnOrQuery(node: OperationNode): boolean {
  return ReferenceNode.is(node) || SelectQueryNode.is(node);
}
