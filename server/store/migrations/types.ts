/** The two column types whose names differ between the engines. */
import type { ColumnDataType } from 'kysely';

export interface ColumnTypes {
  readonly bigint: ColumnDataType;
  readonly blob: ColumnDataType;
}
