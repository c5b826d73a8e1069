import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CopyJson, type JsonField, type JsonRows } from './copy-json.js'
import { copyParts } from './copy-lines.js'

/** The least that `copyParts` takes, twice. */
const PAGE_BYTES = 8_192

const FIELDS: readonly JsonField[] = [
  { name: 'id', form: 'number' },
  { name: 'done', form: 'boolean' },
  { name: 'body', form: 'string' },
  { name: 'digits', form: 'number' },
  { name: 'at', form: 'timestamptz' },
  { name: 'more', form: 'json' },
]
const SEQUENCES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** As COPY prints text. */
const printed = (text: string): string => text.replace(/[\\\b\f\n\r\t\v]/g, (character) => SEQUENCES[character] ?? '')

interface Large {
  readonly unit: string
  readonly bytes: number
}

const small = fc.string({ unit: 'binary', maxLength: 20 })
/** Pieces end anywhere in its sequences, as a unit has an odd number of bytes mostly. */
const large = fc.record({
  unit: fc.constantFrom('a', '\\', '\t\\', '"\v\u0001', 'text\n', 'ü\\"', '\\\\\\b'),
  bytes: fc.integer({ min: 1, max: 5 * PAGE_BYTES }),
})
const body = fc.oneof({ weight: 3, arbitrary: small }, { weight: 1, arbitrary: large })
const textOf = (value: string | Large): string =>
  typeof value === 'string' ? value : value.unit.repeat(Math.ceil(value.bytes / value.unit.length))
const row = fc.record({ body, digits: fc.integer({ min: 1, max: 10_000 }), more: body })

interface Line {
  readonly line: string
  readonly json: string
}

function lineOf(
  { body, digits, more }: { body: string | Large; digits: number; more: string | Large },
  id: number,
): Line {
  const [text, json, number] = [textOf(body), JSON.stringify([textOf(more)]), '7'.repeat(digits)]
  const values = [String(id), 't', printed(text), number, '2026-01-01 00:00:00+00', printed(json)]
  const expected = `{"id":${id},"done":true,"body":${JSON.stringify(text)},"digits":${number},"at":"2026-01-01T00:00:00+00:00","more":${json}}`
  return { line: `${values.join('\t')}\n`, json: expected }
}

async function* piecesOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function pagesOf(bytes: Buffer, size: number): Promise<JsonRows[]> {
  const json = new CopyJson(FIELDS, '\n', PAGE_BYTES)
  const pages: JsonRows[] = []
  for await (const some of copyParts(piecesOf(bytes, size), PAGE_BYTES)) pages.push(...json.pages(some))
  return [...pages, ...json.rest()]
}

const shapeOf = (pages: readonly JsonRows[]): unknown =>
  pages.map(({ rows, chunks }) => [rows, ...chunks.map(({ length }) => length)])

describe('JSON of what COPY prints', () => {
  it('is that of the rows, in the same pages and chunks, however large they are and wherever its pieces end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 700, max: 3_000 }),
        async (rows, size) => {
          const lines = rows.map(lineOf)
          const bytes = Buffer.from(lines.map(({ line }) => line).join(''))
          const pages = await pagesOf(bytes, size)
          const text = Buffer.concat(pages.flatMap(({ chunks }) => chunks)).toString()
          expect(text).toBe(lines.map(({ json }) => `\n${json}`).join(''))
          expect(pages.reduce((sum, page) => sum + page.rows, 0)).toBe(rows.length)
          expect(shapeOf(pages)).toEqual(shapeOf(await pagesOf(bytes, bytes.length)))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is right where a part could end within a value that is not to be cut', async () => {
    for (let bytes = PAGE_BYTES - 80; bytes < PAGE_BYTES; bytes++) {
      const { line, json } = lineOf({ body: { unit: 'x', bytes }, digits: 1, more: 'x' }, 1)
      const pages = await pagesOf(Buffer.from(line), PAGE_BYTES + 1)
      expect(Buffer.concat(pages.flatMap(({ chunks }) => chunks)).toString()).toBe(`\n${json}`)
    }
  })

  it('has a large row in chunks of one size, a page of its own', async () => {
    const lines = [3, 30_000, 3].map(
      (bytes, id) => lineOf({ body: { unit: 'x', bytes }, digits: 1, more: '' }, id).line,
    )
    const pages = await pagesOf(Buffer.from(lines.join('')), 1_000)
    expect(pages.map(({ rows }) => rows)).toEqual([1, 1, 1])
    const [, { chunks } = { chunks: [] }] = pages
    expect(chunks.slice(0, -1).map(({ length }) => length)).toEqual([PAGE_BYTES, PAGE_BYTES, PAGE_BYTES])
  })
})
