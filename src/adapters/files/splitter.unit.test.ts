import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Piece, type SplitOptions, Splitter } from './splitter.js'

const LINES = { start: 0, lineBytes: 1_000, quotes: undefined } satisfies SplitOptions
const RECORDS = { ...LINES, quotes: { quote: 0x22, delimiter: 0x2c } } satisfies SplitOptions

/** Splits content that comes in chunks which end at `cuts`. */
function split(content: Buffer, options: SplitOptions, cuts: readonly number[] = []): readonly Piece[] {
  const splitter = new Splitter(options)
  const pieces: Piece[] = []
  const borders = [...new Set([0, ...cuts.map((cut) => cut % (content.length + 1)), content.length])]
  borders.sort((left, right) => left - right)
  for (const [index, border] of borders.slice(1).entries()) {
    splitter.push(content.subarray(borders[index], border))
    for (let piece = splitter.next(); piece !== undefined; piece = splitter.next()) pieces.push(piece)
  }
  const last = splitter.last()
  return last === undefined ? pieces : [...pieces, last]
}

const texts = (pieces: readonly Piece[]) => pieces.map(({ bytes }) => bytes.toString('latin1'))

describe('the splitter', () => {
  it('gives lines without their newlines, and where they begin and end', () => {
    expect(split(Buffer.from('a\r\n\nbc\n\r\nd'), LINES)).toMatchObject([
      { start: 0, end: 3, bytes: Buffer.from('a'), cut: false },
      { start: 4, end: 7, bytes: Buffer.from('bc'), cut: false },
      { start: 9, end: 10, bytes: Buffer.from('d'), cut: false },
    ])
  })

  it('leaves out the byte order mark at the beginning of the content, and only there', () => {
    const bom = '\u00ef\u00bb\u00bf'
    const content = Buffer.from(`${bom}a\n${bom}b\n`, 'latin1')
    expect(texts(split(content, LINES))).toEqual(['a', `${bom}b`])
    expect(texts(split(content, { ...LINES, start: 10 }))).toEqual([`${bom}a`, `${bom}b`])
  })

  it('keeps newlines within quotes, and takes a quote within a field for no quote', () => {
    const content = Buffer.from('a,"1\n""2"\n5" disk,b\n\xef\n"\n,"\n', 'latin1')
    expect(texts(split(content, RECORDS))).toEqual(['a,"1\n""2"', '5" disk,b', '\u00ef', '"\n,"'])
  })

  it('gives what is over the limit cut, and then goes on with the next line', () => {
    const content = Buffer.from(`${'x'.repeat(2_000)}\nb\n${'y'.repeat(1_000)}\n"${'z'.repeat(1_500)}\nc\n`)
    for (const cuts of [[], [10, 1_500, 1_999, 2_000, 2_001]]) {
      const pieces = split(content, RECORDS, cuts)
      expect(pieces.map(({ bytes, cut }) => [bytes[0], bytes.length, cut])).toEqual([
        [0x78, 1_000, true],
        [0x62, 1, false],
        [0x79, 1_000, false],
        [0x22, 1_000, true],
        [0x63, 1, false],
      ])
      expect(pieces.map(({ start, end }) => [start, end])).toEqual([
        [0, 2_001],
        [2_001, 2_003],
        [2_003, 3_004],
        [3_004, 4_506],
        [4_506, 4_508],
      ])
    }
  })

  it('gives an unfinished line again, whole, when more of it comes', () => {
    const splitter = new Splitter(LINES)
    splitter.push(Buffer.from('a\nb'))
    expect(splitter.next()?.bytes.toString()).toBe('a')
    expect(splitter.next()).toBeUndefined()
    expect(splitter.last()).toMatchObject({ start: 2, end: 3 })
    splitter.push(Buffer.from('c\n'))
    expect(splitter.next()).toMatchObject({ start: 2, end: 5, bytes: Buffer.from('bc') })
    expect(splitter.last()).toBeUndefined()
  })

  it('gives the same however the content comes in chunks', () => {
    const letters = fc.constantFrom('a', '"', ',', '\n', '\r', '\n', '\u00ef', '\u00bb', '\u00bf')
    const content = fc.array(letters, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(''), 'latin1'))
    const cuts = fc.array(fc.nat(60), { maxLength: 8 })
    const options = fc.constantFrom(LINES, RECORDS)
    fc.assert(
      fc.property(content, cuts, options, (bytes, at, how) => {
        expect(split(bytes, how, at)).toEqual(split(bytes, how))
      }),
    )
  })

  it('gives every byte but newlines, marks and empty lines', () => {
    const lines = fc.array(fc.string().map((text) => text.replace(/[\r\n\ufeff]/g, '')))
    fc.assert(
      fc.property(lines, (wanted) => {
        const content = Buffer.from(wanted.map((line) => `${line}\r\n`).join(''))
        const pieces = split(content, LINES)
        expect(pieces.map(({ bytes }) => bytes.toString())).toEqual(wanted.filter((line) => line !== ''))
        for (const { at, bytes } of pieces) expect(content.subarray(at, at + bytes.length)).toEqual(bytes)
      }),
    )
  })
})
