export interface CodeBlock {
  /** As its first line says (`// schema.ts`), when no block before has that name; else `block-<n>.ts`. */
  readonly name: string
  /** Of the page, on which the code begins; 1 is the first. */
  readonly line: number
  readonly text: string
}

/** The TypeScript blocks of a page in Markdown, in order. */
export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = []
  const lines = markdown.split('\n')
  for (let index = 0; index < lines.length; index++) {
    if (lines[index]?.trim() !== '```ts') continue
    const end = lines.findIndex((line, later) => later > index && line.trim() === '```')
    const code = lines.slice(index + 1, end === -1 ? undefined : end)
    const named = /^\/\/ ([\w.-]+\.ts)$/.exec(code[0] ?? '')?.[1]
    const taken = blocks.some(({ name }) => name === named)
    const name = named === undefined || taken ? `block-${blocks.length + 1}.ts` : named
    blocks.push({ name, line: index + 2, text: code.join('\n') })
    index += code.length + 1
  }
  return blocks
}
