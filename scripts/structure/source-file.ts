import ts from 'typescript'

export interface Import {
  /** As written: `./batch.js`, `pg`, `node:util`. */
  readonly specifier: string
  readonly line: number
}

export interface FunctionFacts {
  readonly name: string
  readonly line: number
  readonly lines: number
  readonly parameters: number
}

export interface Place {
  readonly what: string
  readonly line: number
}

/** What the checks need to know of a file. */
export interface SourceFile {
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly functions: readonly FunctionFacts[]
  /** Uses of the globals `process` and `console`. */
  readonly globals: readonly Place[]
  readonly defaultExports: readonly Place[]
  readonly starExports: readonly Place[]
  /** It holds re-exports and nothing else. */
  readonly onlyReexports: boolean
  /** Names of interfaces and types. */
  readonly types: readonly Place[]
  /** `x as T`, but for `as const`. */
  readonly assertions: readonly Place[]
}

const GLOBALS = new Set(['process', 'console'])

export function readSourceFile(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found = {
    imports: [] as Import[],
    functions: [] as FunctionFacts[],
    globals: [] as Place[],
    defaultExports: [] as Place[],
    starExports: [] as Place[],
    types: [] as Place[],
    assertions: [] as Place[],
  }
  const lineOf = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1

  function visit(node: ts.Node): void {
    const specifier = specifierOf(node)
    if (specifier !== undefined) found.imports.push({ specifier, line: lineOf(node) })
    if (isStarExport(node)) found.starExports.push({ what: 'export *', line: lineOf(node) })
    if (isDefaultExport(node)) found.defaultExports.push({ what: 'export default', line: lineOf(node) })
    if (ts.isIdentifier(node) && GLOBALS.has(node.text) && isUse(node))
      found.globals.push({ what: node.text, line: lineOf(node) })
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      found.types.push({ what: node.name.text, line: lineOf(node) })
    if (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) {
      found.assertions.push({ what: node.type.getText(tree), line: lineOf(node) })
    }
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined)
      found.functions.push(functionFacts(node, tree))
    ts.forEachChild(node, visit)
  }

  visit(tree)
  const onlyReexports =
    tree.statements.length > 0 &&
    tree.statements.every((each) => ts.isExportDeclaration(each) && each.moduleSpecifier !== undefined)
  return { path, lines: text.trimEnd().split('\n').length, onlyReexports, ...found }
}

/** The module that an import, a re-export, `import()` or `import('x').Type` names. */
function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier)
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return textOf(node.arguments[0])
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal)
  return undefined
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined
}

function isStarExport(node: ts.Node): boolean {
  return ts.isExportDeclaration(node) && node.exportClause === undefined
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some((each) => each.kind === ts.SyntaxKind.DefaultKeyword)
  )
}

/** Not the name of a member, a declaration or a key. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  return (
    !('name' in parent && parent.name === node) &&
    !('propertyName' in parent && parent.propertyName === node) &&
    !ts.isQualifiedName(parent)
  )
}

function functionFacts(node: ts.SignatureDeclaration, tree: ts.SourceFile): FunctionFacts {
  const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line
  const last = tree.getLineAndCharacterOfPosition(node.end).line
  const owner = node.parent
  const named =
    node.name ?? (ts.isVariableDeclaration(owner) || ts.isPropertyAssignment(owner) ? owner.name : undefined)
  const name = ts.isConstructorDeclaration(node) ? 'constructor' : (named?.getText(tree) ?? 'a function')
  return { name, line: first + 1, lines: last - first + 1, parameters: node.parameters.length }
}
