import type { Row } from '../../../core/table.js'

/** The values of whole lines of COPY, each as the server prints it. */
export function rowsOf(lines: Buffer): Row[] {
  const texts = lines.toString().split('\n')
  // Behind the last line end.
  texts.pop()
  return texts.map((line) => {
    const values: (string | null)[] = line.split('\t')
    // For most rows this is all that has to be looked at.
    if (!line.includes('\\')) return values
    return values.map((value) => (value?.includes('\\') === true ? unescaped(value) : value))
  })
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unescaped(value: string): string | null {
  if (value === '\\N') return null
  return value.replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character)
}
