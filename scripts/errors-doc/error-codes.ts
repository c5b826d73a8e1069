import ts from 'typescript'

export interface ErrorCode {
  /** `Fault`: what was wrong with a message before it came to the sink. */
  readonly errorClass: string
  readonly code: string
  /** With `…` for what is filled in; empty when the source puts it together from parts. */
  readonly message: string
  readonly fix: string
}

const CODE = /^[a-z]+(-[a-z0-9]+)*$/

const CLASSES = /^(Unavailable|Conflict|Data|Systemic|Ranges)Error$/

/** Classes by another name: of a message that is put aside, and of a row of a feed that is. */
const KINDS_OF: Readonly<Record<string, string>> = { Rejection: 'Fault', InvalidRow: 'DataError' }

/** The errors and faults that a source text throws under a literal code. */
export function errorCodesIn(text: string): ErrorCode[] {
  const tree = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  const found: ErrorCode[] = []
  function visit(node: ts.Node): void {
    const codes = ts.isNewExpression(node) ? ofNew(node) : ts.isObjectLiteralExpression(node) ? ofObject(node) : []
    found.push(...codes.filter(({ code }) => CODE.test(code)))
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

/** `new DataError('code', 'message')`, `new Rejection('code', 'reason')` */
function ofNew(node: ts.NewExpression): readonly ErrorCode[] {
  const name = ts.isIdentifier(node.expression) ? node.expression.text : ''
  const errorClass = CLASSES.test(name) ? name : KINDS_OF[name]
  if (errorClass === undefined) return []
  const [code, message] = node.arguments ?? []
  return textsOf(code).map((each) => ({ errorClass, code: each, message: textOf(message), fix: '' }))
}

/**
 * `{ code, message, fix }` is what a `ConfigError` is made of, in its call or before it; `{ code, why }` a row that is
 * refused; `{ code, reason }` the fault of a message.
 */
function ofObject(node: ts.ObjectLiteralExpression): readonly ErrorCode[] {
  const values = new Map(node.properties.map((property) => [property.name?.getText() ?? '', initializerOf(property)]))
  const of = (errorClass: string, message: string): readonly ErrorCode[] =>
    textsOf(values.get('code')).map((code) => ({
      errorClass,
      code,
      message: textOf(values.get(message)),
      fix: textOf(values.get('fix')),
    }))
  if (!values.has('code')) return []
  if (values.has('message') && values.has('fix')) return of('ConfigError', 'message')
  if (values.has('why')) return of('DataError', 'why')
  return values.has('reason') && !values.has('type') ? of('Fault', 'reason') : []
}

function initializerOf(property: ts.ObjectLiteralElementLike): ts.Expression | undefined {
  if (ts.isPropertyAssignment(property)) return property.initializer
  return ts.isShorthandPropertyAssignment(property) ? property.name : undefined
}

/** What a code may be: a literal, or one of two. */
function textsOf(node: ts.Node | undefined): readonly string[] {
  if (node === undefined) return []
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)]
  return [textOf(node)]
}

/** A literal's text, also of a constant beside; what a template fills in becomes `…`; anything else is empty. */
function textOf(node: ts.Node | undefined): string {
  if (node === undefined) return ''
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('')
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right)
  return ts.isIdentifier(node) ? textOf(constantOf(node)) : ''
}

/** The value of a constant of the same name in the blocks around. */
function constantOf(name: ts.Identifier): ts.Expression | undefined {
  for (let scope: ts.Node = name; scope !== undefined; scope = scope.parent) {
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue
      const declared = statement.declarationList.declarations.find((each) => each.name.getText() === name.text)
      if (declared !== undefined) return declared.initializer
    }
  }
  return undefined
}
