export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'IN' | 'NOT IN';

export type Literal =
  | { kind: 'string' | 'date' | 'datetime'; text: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null' };

export type Condition =
  | { kind: 'and' | 'or'; parts: readonly Condition[] }
  | { kind: 'not'; part: Condition }
  | { kind: 'compare'; field: string; operator: Operator; literals: readonly Literal[] };

export interface Order {
  field: string;
  descending: boolean;
  nullsLast: boolean;
}

/** What the sandbox understands of SOQL. */
export interface Query {
  /** `count`: `SELECT COUNT()`. */
  select: readonly string[] | 'count';
  from: string;
  where?: Condition;
  orderBy: readonly Order[];
  limit?: number;
  offset?: number;
}
