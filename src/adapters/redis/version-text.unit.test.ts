import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeVersion, encodeVersion } from './version-text.js'

describe('a version as text', () => {
  it('comes back as it was, with its type', () => {
    const version = fc.oneof(
      fc.string(),
      fc.bigInt(),
      fc.double({ noNaN: true }).map((value) => value + 0),
    )
    fc.assert(
      fc.property(version, (value) => {
        expect(decodeVersion(encodeVersion(value))).toBe(value)
      }),
    )
  })

  it('is not made of anything else', () => {
    for (const text of [null, undefined, '', 'n', 'nx', 'i', 'i1.5', 'x1', '17']) {
      expect(decodeVersion(text)).toBeUndefined()
    }
  })
})
