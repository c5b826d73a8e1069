import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../core/errors.js'
import { parseOptions } from './options.js'

describe('the options of postgres()', () => {
  it('have defaults', () => {
    expect(parseOptions({})).toEqual({
      maxConnections: 10,
      stateSchema: 'lockstep',
      limits: { connectMs: 5_000, statementMs: 30_000, lockMs: 10_000, idleTransactionMs: 60_000 },
      tls: { insecureTls: false },
    })
  })

  it.each([
    ['maxConnections', { maxConnections: 0 }],
    ['statementMs', { statementMs: 1.5 }],
    ['stateSchema', { stateSchema: 'x'.repeat(64) }],
    ['stateSchema', { stateSchema: 'a\0b' }],
    ['ca', { ca: 'ca.pem' }],
  ])('%s is checked', (key, options) => {
    const parse = () => parseOptions(options)
    expect(parse).toThrow(ConfigError)
    expect(parse).toThrow(new RegExp(`postgres\\(url, \\{ ${key} \\}\\)`))
  })

  it('do not pass over a misspelt one', () => {
    const misspelt: object = { statementMS: 5 }
    expect(() => parseOptions(misspelt)).toThrow(/statementMS.*\n.*known are maxConnections/)
  })
})
