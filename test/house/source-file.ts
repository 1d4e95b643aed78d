/** A source file as the rules of the house see it: what it imports, what it exports, what it reaches for. */
import { parseAst } from 'vitest/node';

export interface SourceFile {
  /** From the root of the checkout, with forward slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
  readonly hasDefaultExport: boolean;
  readonly hasStarExport: boolean;
  /** Names that it uses and that nobody declares in it: globals, or misspelt. With their member where one follows: `Math.random`. */
  readonly globals: ReadonlySet<string>;
}

export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** Whether it is gone when the program runs. */
  readonly isType: boolean;
}

/** As much of the tree as we look at: oxc's ESTree, with TypeScript's nodes. */
interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';

export function readSource(path: string, text: string): SourceFile {
  const imports: Import[] = [];
  const declared = new Set<string>();
  const used = new Set<string>();
  let hasDefaultExport = false;
  let hasStarExport = false;

  const visit = (node: Node, declares: boolean): void => {
    const { source } = node;
    if (isNode(source) && typeof source['value'] === 'string') {
      const isType = node['importKind'] === 'type' || node['exportKind'] === 'type' || node.type === 'TSImportType';
      imports.push({ specifier: source['value'], isType });
    }
    if (node.type === 'ExportDefaultDeclaration') hasDefaultExport = true;
    if (node.type === 'ExportSpecifier' && nameOf(node['exported']) === 'default') hasDefaultExport = true;
    if (node.type === 'ExportAllDeclaration') hasStarExport = true;
    if (node.type === 'MemberExpression' && node['computed'] === false) {
      const object = nameOf(node['object']);
      if (object !== undefined) used.add(`${object}.${nameOf(node['property'])}`);
    }
    const name = nameOf(node);
    if (name !== undefined) (declares ? declared : used).add(name);
    for (const [field, value] of Object.entries(node)) {
      if (isLabel(node, field)) continue;
      const declaresThere = isDeclaration(node, field, declares);
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, declaresThere);
    }
  };
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node, false);

  const globals = new Set([...used].filter((name) => !declared.has(name.split('.', 1)[0]!)));
  return { path, imports, hasDefaultExport, hasStarExport, globals };
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' ? (node['name'] as string) : undefined;
}

/** Whether what stands at `field` of `node` brings names into being; `declares` says whether `node` does. */
function isDeclaration(node: Node, field: string, declares: boolean): boolean {
  switch (field) {
    case 'id':
    case 'params':
    case 'param':
      return true;
    case 'local':
      return node.type.startsWith('Import');
    // Of `{ a: [b = c], ...d }` where it declares: b and d.
    case 'properties':
    case 'elements':
    case 'value':
    case 'left':
    case 'argument':
      return declares;
    default:
      return false;
  }
}

/** Whether what stands at `field` of `node` names a member, and so nothing in scope. */
function isLabel(node: Node, field: string): boolean {
  if (field === 'property' || field === 'key') return node['computed'] !== true;
  return field === 'imported' || field === 'exported' || field === 'label';
}
