import { parseSync } from 'oxc-parser';

/** A node of the syntax tree; what we do not look at has no type here. */
interface Node {
  type: string;
  start: number;
  end: number;
  decorators?: Node[];
  body?: Node | Node[];
  [key: string]: unknown;
}

interface Edit {
  at: number;
  text: string;
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  TSStringKeyword: 'String',
  TSNumberKeyword: 'Number',
  TSBooleanKeyword: 'Boolean',
};

/**
 * Nest injects by the types of a constructor's parameters, which tsc writes down for decorated classes
 * (`emitDecoratorMetadata`) and esbuild does not. So they are written into the text, as one more decorator of the class on
 * the same line. Where the text cannot be parsed it is left alone: esbuild says what is wrong.
 */
export function writeParamTypes(file: string, text: string): string {
  // Only Nest asks for them, and whoever decorates for Nest imports it.
  if (!/['"]@nestjs\//.test(text)) return text;
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) return text;
  const edits: Edit[] = [];
  visit(program, (node) => {
    const edit = node.type === 'ClassDeclaration' || node.type === 'ClassExpression' ? describeClass(node) : undefined;
    if (edit) edits.push(edit);
  });
  const fromTheEnd = edits.toSorted((a, b) => b.at - a.at);
  return fromTheEnd.reduce((whole, { at, text: more }) => whole.slice(0, at) + more + whole.slice(at), text);
}

function visit(value: unknown, look: (node: Node) => void): void {
  if (Array.isArray(value)) for (const each of value) visit(each, look);
  else if (typeof value === 'object' && value !== null) {
    if ('type' in value) look(value as Node);
    for (const each of Object.values(value)) visit(each, look);
  }
}

function describeClass(node: Node): Edit | undefined {
  const last = node.decorators?.at(-1);
  const members = (node.body as Node).body as Node[];
  // Overloads have no body.
  const maker = members.find((member) => member['kind'] === 'constructor' && member.type === 'MethodDefinition');
  const params = (maker?.['value'] as { params?: Node[] } | undefined)?.params ?? [];
  if (!last || params.length === 0) return undefined;
  const types = params.map((param) => describeType(readAnnotation(param)));
  return { at: last.end, text: ` @Reflect.metadata('design:paramtypes', [${types.join(', ')}])` };
}

/** Of `private readonly a: A`, `a: A` and `a: A = b`. */
function readAnnotation(param: Node): Node | undefined {
  const inner = (param['parameter'] ?? param['left']) as Node | undefined;
  if (inner) return readAnnotation(inner);
  return (param['typeAnnotation'] as { typeAnnotation?: Node } | null | undefined)?.typeAnnotation;
}

/** What stands for a type at run time; a type that has nothing there (an interface) is an Object. */
function describeType(type: Node | undefined): string {
  if (type?.type === 'TSUnionType') {
    const real = (type['types'] as Node[]).filter((each) => !/^TS(?:Null|Undefined)Keyword$/.test(each.type));
    return real.length === 1 ? describeType(real[0]) : 'Object';
  }
  if (type?.type !== 'TSTypeReference') return PRIMITIVES[type?.type ?? ''] ?? 'Object';
  const path = readPath(type['typeName'] as Node);
  return path === undefined ? 'Object' : `typeof ${path[0]} === 'undefined' ? Object : ${path.join('.')}`;
}

function readPath(name: Node): string[] | undefined {
  if (name.type === 'Identifier') return [String(name['name'])];
  if (name.type !== 'TSQualifiedName') return undefined;
  const left = readPath(name['left'] as Node);
  return left && [...left, String((name['right'] as Node)['name'])];
}
