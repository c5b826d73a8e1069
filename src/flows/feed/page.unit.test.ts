import { describe, expect, it } from 'vitest'
import { csvLine } from './csv-text.js'
import { fieldText, jsonText } from './encode.js'
import { feedNames, isFeedName } from './names.js'
import { linesPage, textPage } from './page.js'

const textOf = ({ chunks }: { readonly chunks: readonly Uint8Array[] }): string => Buffer.concat(chunks).toString()

describe('a page', () => {
  it.each([
    { name: 'of text', page: textPage(4, Buffer.from(',\n{"a":1},\n{"a":2},\n{"a":3},\n{"a":4}'), ',\n') },
    { name: 'of lines', page: linesPage(['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}'], ',\n') },
  ])('$name is cut between rows', ({ page }) => {
    const [first, rest] = page.cut(1)
    expect([first.rows, textOf(first)]).toEqual([1, ',\n{"a":1}'])
    const [second, last] = rest.cut(2)
    expect([second.rows, textOf(second)]).toEqual([2, ',\n{"a":2},\n{"a":3}'])
    expect([last.rows, textOf(last)]).toEqual([1, ',\n{"a":4}'])
  })

  it('of lines keeps line ends within a row together', () => {
    const [first, rest] = linesPage(['1,"a\nb"', '2,c'], '\n').cut(1)
    expect([textOf(first), textOf(rest)]).toEqual(['\n1,"a\nb"', '\n2,c'])
  })
})

describe('a large row', () => {
  it('is made of views of one size, so that it is compressed piece by piece', () => {
    const body = 'x'.repeat(1_500_000)
    const { rows, chunks } = linesPage([body], '\n')
    expect([rows, Buffer.concat(chunks).toString() === `\n${body}`]).toEqual([1, true])
    expect(chunks.map(({ length }) => length)).toEqual([524_288, 524_288, 1_500_001 - 1_048_576])
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(1)
  })
})

describe('names of a feed', () => {
  it('tell one feed from another whose name begins the same', () => {
    const run = '0123456789abcdef'
    const outer = feedNames('a')
    const inner = feedNames('a-00000001')
    const own = [
      outer.manifest(7),
      outer.data({ sequence: 7, run }, 3, 'json.gz'),
      outer.rejected({ sequence: 7, run }),
    ]
    expect(own.map((name) => outer.parse(name)?.sequence)).toEqual([7, 7, 7])
    const others = [inner.manifest(7), inner.data({ sequence: 7, run }, 3, 'json.gz'), inner.latest, outer.latest]
    expect(others.map((name) => outer.parse(name))).toEqual([undefined, undefined, undefined, undefined])
  })

  it('lead nowhere', () => {
    for (const name of ['../a', 'a/b', '', '.a', '-a', 'a b', 'a\0', 'a:b', 'x'.repeat(101), 'a..b', '..'])
      expect(isFeedName(name), name).toBe(false)
    for (const name of ['facilities', 'reservewithgoogle.entity', 'A-1']) expect(isFeedName(name), name).toBe(true)
  })
})

describe('what map made', () => {
  it('becomes JSON unless JSON would change it', () => {
    expect(jsonText({ a: null, b: 'null \\ud800', c: [1, undefined], d: new Date(0) })).toBe(
      '{"a":null,"b":"null \\\\ud800","c":[1,null],"d":"1970-01-01T00:00:00.000Z"}',
    )
    for (const value of [{ a: Number.NaN }, [[Number.POSITIVE_INFINITY]], { a: new Date(Number.NaN) }])
      expect(() => jsonText(value)).toThrow('NaN')
    for (const value of [{ a: '\udc00' }, { '\ud800': 1 }]) expect(() => jsonText(value)).toThrow('surrogate')
    for (const value of [{ a: 1n }, () => 1]) expect(() => jsonText(value)).toThrow('map made')
  })

  it('becomes fields of a CSV', () => {
    const values = [null, undefined, '', 'a"b', 'a,b', ' a', 'a\r\nb', 1.5, 10n, true, new Date(0), { a: [1] }, 'ü']
    expect(csvLine(values.map(fieldText))).toBe(
      ',,"","a""b","a,b"," a","a\r\nb",1.5,10,true,1970-01-01T00:00:00.000Z,"{""a"":[1]}",ü',
    )
    expect(() => fieldText(Number.NaN)).toThrow('NaN')
    expect(() => fieldText('\ud800')).toThrow('surrogate')
  })
})
