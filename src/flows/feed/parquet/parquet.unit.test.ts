import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnTypeOf } from './column-type.js'
import { columnValue } from './column-value.js'
import { parquet } from './parquet.js'

describe('the type of a Parquet column', () => {
  it.each([
    ['bigint', 'int64'],
    ['bigint(20) unsigned', 'decimal(20,0)'],
    ['int(10) unsigned', 'int64'],
    ['int(11)', 'int32'],
    ['integer', 'int32'],
    ['integer[]', 'utf8'],
    ['tinyint(1)', 'bool'],
    ['numeric(10,2)', 'decimal(10,2)'],
    ['decimal(65,30)', 'utf8'],
    ['numeric', 'utf8'],
    ['timestamp with time zone', 'timestamptz'],
    ['timestamp(3) without time zone', 'timestamp'],
    ['datetime(6)', 'timestamp'],
    ['double precision', 'double'],
    ['varbinary(16)', 'bytes'],
    ['character varying(20)', 'utf8'],
  ])('of %s is %s', (type, expected) => {
    expect(columnTypeOf(type)).toBe(expected)
  })
})

describe('a value of a Parquet column', () => {
  it('is a moment to the microsecond', () => {
    const moments = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(moments, fc.integer({ min: 0, max: 999 }), (moment, micros) => {
        const printed = moment.toISOString().replace('T', ' ').replace('Z', String(micros).padStart(3, '0'))
        const expected = BigInt(moment.getTime()) * 1_000n + BigInt(micros)
        expect(columnValue('timestamp', printed)).toBe(expected)
        expect(columnValue('timestamptz', `${printed}+00`)).toBe(expected)
        expect(columnValue('timestamptz', `${printed}-03:30`)).toBe(expected + 12_600_000_000n)
      }),
    )
  })

  it('is a decimal without a digit lost', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), (unscaled) => {
        const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(11, '0')
        const printed = `${unscaled < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`
        expect(columnValue('decimal(38,10)', printed)).toBe(unscaled)
      }),
    )
  })

  it.each([
    ['int32', '2147483648'],
    ['int64', '9223372036854775808'],
    ['decimal(4,2)', '100.00'],
    ['decimal(4,2)', '1.005'],
    ['decimal(4,2)', 'NaN'],
    ['date', 'infinity'],
    ['date', '0044-03-15 BC'],
    ['timestamptz', '-infinity'],
    ['bytes', 'ab'],
    ['uuid', 'x'],
    ['bool', 'maybe'],
  ] as const)('%s refuses what it cannot hold', (type, value) => {
    expect(() => columnValue(type, value)).toThrow(expect.objectContaining({ code: 'value-not-parquet' }))
  })
})

describe('parquet', () => {
  it('has zstd where Node has it, and says where not', () => {
    if (Reflect.has(zlib, 'zstdCompressSync')) expect(parquet({ compression: 'zstd' }).name).toBe('parquet')
    else expect(() => parquet({ compression: 'zstd' })).toThrow(/Node 22\.15/)
  })

  it('refuses types and compressions there are not', () => {
    const wrong: Record<string, never> = JSON.parse('{"compression":"brotli"}')
    expect(() => parquet(wrong)).toThrow(/snappy, gzip, zstd, none/)
    const types: Record<string, never> = JSON.parse('{"id":"number"}')
    expect(() => parquet({ columns: types })).toThrow(/is no type/)
  })
})
