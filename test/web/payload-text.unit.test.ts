import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decoded, pretty } from '../../web/src/payload-text.js'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('a payload of bytes, for a person', () => {
  it('is its text where all of it is UTF-8, also when it was cut in the middle of a character', () => {
    const whole = base64('{"name":"Zoë 🚲"}')
    expect(decoded(whole)).toEqual({ text: '{"name":"Zoë 🚲"}', exact: true })
    expect(decoded(whole.slice(0, 20))).toEqual({ text: '{"name":"Zoë ', exact: true })
  })

  it('has a sign for what is no text, and leaves the rest readable', () => {
    const bytes = Buffer.concat([Buffer.from('{"name":"Zo'), Buffer.from([0xeb, 0x00]), Buffer.from('"}')])
    expect(decoded(bytes.toString('base64'))).toEqual({ text: '{"name":"Zo\ufffd\u2400"}', exact: false })
  })

  it('is nothing where hardly a byte is text, or it is no base64', () => {
    expect(decoded(Buffer.from([0x89, 0xff, 0xfe, 0x00, 0x01, 0x41]).toString('base64'))).toBeUndefined()
    expect(decoded('%%%%')).toBeUndefined()
  })

  it('never fails, whatever the bytes are and wherever they are cut', () => {
    void fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(140), (bytes, at) => {
        const found = decoded(Buffer.from(bytes).toString('base64').slice(0, at))
        expect(found?.text ?? '').not.toContain('\0')
      }),
    )
  })
})

describe('a payload of text', () => {
  it('has its lines where it is JSON, and is as it came where it is not', () => {
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
    expect(pretty('{"a":')).toBe('{"a":')
  })
})
