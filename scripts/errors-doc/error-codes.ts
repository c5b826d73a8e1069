import ts from 'typescript'

export interface ErrorCode {
  readonly errorClass: string
  readonly code: string
  /** With `…` for what is filled in; empty when the source puts it together from parts. */
  readonly message: string
  readonly fix: string
}

const CODE = /^[a-z]+(-[a-z0-9]+)*$/

/** The errors that a source text throws under a literal code. */
export function errorCodesIn(text: string): ErrorCode[] {
  const tree = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  const found: ErrorCode[] = []
  function visit(node: ts.Node): void {
    const code = ts.isNewExpression(node)
      ? ofNew(node)
      : ts.isObjectLiteralExpression(node)
        ? ofObject(node)
        : undefined
    if (code !== undefined && CODE.test(code.code)) found.push(code)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

/** `new DataError('code', 'message')` */
function ofNew(node: ts.NewExpression): ErrorCode | undefined {
  const errorClass = ts.isIdentifier(node.expression) ? node.expression.text : ''
  if (!/^(Unavailable|Conflict|Data)Error$/.test(errorClass)) return undefined
  const [code, message] = node.arguments ?? []
  return { errorClass, code: textOf(code), message: textOf(message), fix: '' }
}

/** `{ code: 'code', message: 'message', fix: 'fix' }`: what a `ConfigError` is made of, in its call or before it. */
function ofObject(node: ts.ObjectLiteralExpression): ErrorCode | undefined {
  const names = node.properties.map((property) => property.name?.getText())
  if (!['code', 'message', 'fix'].every((name) => names.includes(name))) return undefined
  const value = (name: string): string => {
    const property = node.properties.find((each) => each.name?.getText() === name)
    return property !== undefined && ts.isPropertyAssignment(property) ? textOf(property.initializer) : ''
  }
  return { errorClass: 'ConfigError', code: value('code'), message: value('message'), fix: value('fix') }
}

/** A literal's text; what a template fills in becomes `…`; anything else is empty. */
function textOf(node: ts.Node | undefined): string {
  if (node === undefined) return ''
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('')
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right)
  return ''
}
