import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanJson, cleanText, isCleanJson } from './clean-text.js'

const NUL = '\u0000'
const HIGH = '\ud83d'
const LOW = '\ude00'

describe('text that a database cannot hold', () => {
  it.each([
    [`a${NUL}b`, 'ab', 'a\\u0000b'],
    [`a${HIGH}b`, 'ab', 'a\\ud83db'],
    [`${LOW}${HIGH}`, '', '\\ude00\\ud83d'],
  ])('%j is refused, stripped or escaped', (text, stripped, escaped) => {
    expect(cleanText(text, 'reject')).toBeUndefined()
    expect(cleanText(text, 'strip')).toBe(stripped)
    expect(cleanText(text, 'escape')).toBe(escaped)
  })

  it('is not a whole pair, or anything else', () => {
    for (const text of ['', `x${HIGH}${LOW}`, '\\u0000', '\u0001\uffff']) {
      for (const policy of ['reject', 'strip', 'escape'] as const) expect(cleanText(text, policy)).toBe(text)
    }
  })
})

describe('JSON text', () => {
  const json = (value: unknown): string => JSON.stringify(value)

  it.each([
    [{ [`k${NUL}`]: `a${NUL}` }, { k: 'a' }, { 'k\\u0000': 'a\\u0000' }],
    [[`${HIGH}x`], ['x'], ['\\ud83dx']],
  ])('%j is refused, stripped or escaped within its strings', (value, stripped, escaped) => {
    expect(cleanJson(json(value), 'reject')).toBeUndefined()
    expect(JSON.parse(cleanJson(json(value), 'strip') ?? '')).toEqual(stripped)
    expect(JSON.parse(cleanJson(json(value), 'escape') ?? '')).toEqual(escaped)
  })

  it('with an escaped backslash before u0000, or with a pair as escapes, is as it should be', () => {
    for (const text of [json('\\u0000'), json('\\\\u0000'), '"\\ud83d\\ude00"']) {
      for (const policy of ['reject', 'strip', 'escape'] as const) expect(cleanJson(text, policy)).toBe(text)
    }
  })

  it('of any string comes out as its cleaned string', () => {
    const unit = fc.constantFrom('a', '\\', '"', 'u0000', 'ud83d', NUL, HIGH, LOW, '\n')
    fc.assert(
      fc.property(
        fc.array(unit).map((units) => units.join('')),
        fc.constantFrom('strip', 'escape'),
        (text, policy) => {
          expect(JSON.parse(cleanJson(json(text), policy) ?? '')).toBe(cleanText(text, policy))
          expect(cleanJson(json(text), 'reject') === undefined).toBe(cleanText(text, 'reject') === undefined)
          if (isCleanJson(json(text))) expect(cleanText(text, 'reject')).toBe(text)
        },
      ),
    )
  })
})
