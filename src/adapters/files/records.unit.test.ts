import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRecord, recordBody } from './records.js'
import type { Piece } from './splitter.js'

const CSV = { delimiter: ',', quote: '"' } as const
const piece = (bytes: Buffer): Piece => ({ start: 0, end: bytes.length + 1, at: 0, bytes, cut: false })

/** What another parser makes of it. */
function oracle(text: string): unknown {
  try {
    const records: unknown[] = parse(text, { record_delimiter: '\n\0never', relax_column_count: true })
    return records[0]
  } catch {
    return undefined
  }
}

describe('parseRecord', () => {
  it('agrees with csv-parse, on what is a record and what is in it', () => {
    const letters = fc.constantFrom('a', 'b', '"', '"', ',', '\n', ' ')
    const text = fc.array(letters, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (record) => {
        expect(parseRecord(record, CSV)).toEqual(oracle(record))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes quotes as they are when there are none', () => {
    expect(parseRecord('"a";b', { delimiter: ';', quote: null })).toEqual(['"a"', 'b'])
  })
})

describe('recordBody', () => {
  const body = recordBody(['id', '__proto__'], CSV, 100)

  it('gives the texts by column', () => {
    expect(Buffer.from(body(piece(Buffer.from('1,"a ""b""\n"'))).body).toString()).toBe(
      '{"id":"1","__proto__":"a \\"b\\"\\n"}',
    )
  })

  it('keeps what is no record as it is, and says why', () => {
    for (const [text, code] of [
      ['1', 'csv-fields'],
      ['1,2,3', 'csv-fields'],
      ['1,"2', 'csv-quotes'],
      ['1,2"', 'csv-quotes'],
      ['1,"2"3', 'csv-quotes'],
    ] as const) {
      const { body: bytes, fault } = body(piece(Buffer.from(text)))
      expect([Buffer.from(bytes).toString(), fault?.code]).toEqual([text, code])
    }
    expect(body(piece(Buffer.from([0x31, 0x2c, 0xff]))).fault?.code).toBe('invalid-utf8')
    expect(body({ ...piece(Buffer.from('1,2')), cut: true }).fault?.code).toBe('line-too-long')
  })
})
