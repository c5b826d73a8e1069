import ts from 'typescript'

/** The titles of tests and groups in the text of a test file, with `…` for what a template fills in. */
export function titlesIn(text: string): ReadonlySet<string> {
  const tree = ts.createSourceFile('test.ts', text, ts.ScriptTarget.Latest, true)
  const titles = new Set<string>()
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) ? titleOf(node) : undefined
    if (title !== undefined) titles.add(title)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return titles
}

/** Of `test('title', work)`, whatever the function is called: also `test.each(rows)('title', { timeout }, work)`. */
function titleOf({ arguments: [title, ...rest] }: ts.CallExpression): string | undefined {
  if (title === undefined || !rest.some(isFunction)) return undefined
  if (ts.isStringLiteralLike(title)) return title.text
  if (!ts.isTemplateExpression(title)) return undefined
  return title.head.text + title.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
}

function isFunction(node: ts.Node): boolean {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node)
}
