import type { Condition, Literal, Operator, Order, Query } from './query.js';
import { malformed, tokenize, type Token } from './tokens.js';

const OPERATORS: readonly string[] = ['=', '!=', '<>', '<', '<=', '>', '>='];

/** Reads a query, or throws MALFORMED_QUERY with the place. What SOQL has beyond this subset is refused by its name. */
export function parseQuery(text: string): Query {
  return new Parser(text).parse();
}

class Parser {
  private readonly tokens: Token[];
  private next = 0;

  constructor(private readonly text: string) {
    this.tokens = tokenize(text);
  }

  parse(): Query {
    this.expectWord('SELECT');
    const select = this.parseSelect();
    this.expectWord('FROM');
    const from = this.expectName();
    const where = this.takeWord('WHERE') ? this.parseCondition() : undefined;
    const orderBy = this.takeWord('ORDER') ? this.parseOrders() : [];
    const limit = this.takeWord('LIMIT') ? this.expectCount() : undefined;
    const offset = this.takeWord('OFFSET') ? this.expectCount() : undefined;
    if (this.peek()) throw this.unexpected();
    return { select, from, ...(where && { where }), orderBy, limit, offset };
  }

  private parseSelect(): Query['select'] {
    if (this.takeWord('COUNT')) {
      this.expectSign('(');
      this.expectSign(')');
      return 'count';
    }
    return this.parseList(() => this.expectName());
  }

  /** AND and OR side by side need parentheses, as in SOQL. */
  private parseCondition(): Condition {
    const first = this.parseTerm();
    const word = this.peekWord('AND') ? 'AND' : 'OR';
    const parts = [first];
    while (this.takeWord(word)) parts.push(this.parseTerm());
    if (this.peekWord('AND') || this.peekWord('OR')) throw this.unexpected();
    return parts.length === 1 ? first : { kind: word === 'AND' ? 'and' : 'or', parts };
  }

  private parseTerm(): Condition {
    if (this.takeWord('NOT')) return { kind: 'not', part: this.parseTerm() };
    if (!this.takeSign('(')) return this.parseComparison();
    const condition = this.parseCondition();
    this.expectSign(')');
    return condition;
  }

  private parseComparison(): Condition {
    const field = this.expectName();
    const operator = this.parseOperator();
    const isList = operator === 'IN' || operator === 'NOT IN';
    if (!isList) return { kind: 'compare', field, operator, literals: [this.parseLiteral()] };
    this.expectSign('(');
    const literals = this.parseList(() => this.parseLiteral());
    this.expectSign(')');
    return { kind: 'compare', field, operator, literals };
  }

  private parseOperator(): Operator {
    if (this.takeWord('LIKE')) return 'LIKE';
    if (this.takeWord('IN')) return 'IN';
    if (this.takeWord('NOT')) {
      this.expectWord('IN');
      return 'NOT IN';
    }
    const token = this.take();
    if (token?.kind !== 'sign' || !OPERATORS.includes(token.text)) throw this.unexpected(token);
    return (token.text === '<>' ? '!=' : token.text) as Operator;
  }

  private parseLiteral(): Literal {
    const token = this.take();
    if (!token || token.kind === 'sign') throw this.unexpected(token);
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) };
    if (token.kind !== 'word') return { kind: token.kind, text: token.text };
    const word = token.text.toLowerCase();
    if (word === 'null') return { kind: 'null' };
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' };
    throw this.unexpected(token);
  }

  private parseOrders(): Order[] {
    this.expectWord('BY');
    return this.parseList(() => this.parseOrder());
  }

  private parseOrder(): Order {
    const field = this.expectName();
    const descending = this.takeWord('DESC');
    if (!descending) this.takeWord('ASC');
    const nullsLast = this.takeWord('NULLS') && this.expectOneOf('FIRST', 'LAST') === 'LAST';
    return { field, descending, nullsLast };
  }

  private parseList<T>(parse: () => T): T[] {
    const list = [parse()];
    while (this.takeSign(',')) list.push(parse());
    return list;
  }

  private peek(): Token | undefined {
    return this.tokens[this.next];
  }

  private take(): Token | undefined {
    return this.tokens[this.next++];
  }

  private peekWord(word: string): boolean {
    const token = this.peek();
    return token?.kind === 'word' && token.text.toUpperCase() === word;
  }

  private takeWord(word: string): boolean {
    if (!this.peekWord(word)) return false;
    this.next += 1;
    return true;
  }

  private takeSign(sign: string): boolean {
    const token = this.peek();
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.next += 1;
    return true;
  }

  private expectWord(word: string): void {
    if (!this.takeWord(word)) throw this.unexpected(this.peek(), `expecting ${word}`);
  }

  private expectOneOf(...words: string[]): string {
    const found = words.find((word) => this.takeWord(word));
    if (found === undefined) throw this.unexpected(this.peek(), `expecting ${words.join(' or ')}`);
    return found;
  }

  private expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw this.unexpected(this.peek(), `expecting '${sign}'`);
  }

  private expectName(): string {
    const token = this.take();
    if (token?.kind !== 'word') throw this.unexpected(token, 'expecting a name');
    return token.text;
  }

  private expectCount(): number {
    const token = this.take();
    if (token?.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.unexpected(token, 'expecting a whole number');
    return Number(token.text);
  }

  private unexpected(token: Token | undefined = this.peek(), hint?: string): Error {
    const what = token ? `unexpected token: '${token.text}'` : 'unexpected end of query';
    return malformed(this.text, token?.at ?? this.text.length, hint === undefined ? what : `${what}, ${hint}`);
  }
}
