import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from './repository.js';

/** What others build upon. */
const DOORS = [
  'libs/contract/src/index.ts',
  'libs/contract/src/checking.ts',
  'libs/contract/src/records/index.ts',
  'libs/sdk/src/index.ts',
  'libs/sdk/src/running/index.ts',
  'libs/sdk/src/testing/index.ts',
];

/** Fields of records whose names say all that there is to say. */
const PLAIN = ['city', 'firstName', 'lastName', 'street', 'postalCode'];

describe('docstrings', () => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, ROOT);
  const files = DOORS.map((file) => join(ROOT, file));
  const program = ts.createProgram(files, { ...options, noEmit: true, customConditions: ['@crm-mesh/source'] });
  const checker = program.getTypeChecker();

  it.each(DOORS)('stand on everything that %s exports, and on its members', (door) => {
    const source = program.getSourceFile(join(ROOT, door));
    const module = source && checker.getSymbolAtLocation(source);
    const exported = module ? checker.getExportsOfModule(module).map(resolve) : [];
    expect(exported.length).toBeGreaterThan(3);
    const missing = exported.flatMap((symbol) => [
      ...(isExplained(symbol) ? [] : [symbol.name]),
      ...listMembers(symbol)
        .filter((member) => !PLAIN.includes(member.name) && !isExplained(member))
        .map((member) => `${symbol.name}.${member.name}`),
    ]);
    expect(missing).toEqual([]);
  });

  function resolve(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  function isExplained(symbol: ts.Symbol): boolean {
    return symbol.getDocumentationComment(checker).length > 0;
  }

  /** Of our own interfaces, classes and object types; not what a type makes of others. */
  function listMembers(symbol: ts.Symbol): ts.Symbol[] {
    const declarations = symbol.declarations ?? [];
    const isShape = declarations.some(
      (node) =>
        ts.isInterfaceDeclaration(node) ||
        ts.isClassDeclaration(node) ||
        (ts.isTypeAliasDeclaration(node) && ts.isTypeLiteralNode(node.type)),
    );
    if (!isShape) return [];
    return checker
      .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
      .filter((member) => member.declarations?.some((node) => isOurs(node) && !isPrivate(node) && !isOverride(node)));
  }

  function isOurs(node: ts.Node): boolean {
    return /\/libs\/(contract|sdk)\/src\//.test(node.getSourceFile().fileName);
  }

  function isPrivate(node: ts.Node): boolean {
    return Boolean(ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Private);
  }

  /** `name` of an error says what the class says. */
  function isOverride(node: ts.Node): boolean {
    return Boolean(ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Override);
  }
});
