import { describe, expect, it } from 'vitest'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { keyText } from './key-text.js'

const column = (dataType: string, rest: Partial<MysqlColumn> = {}): MysqlColumn => ({
  name: 'id',
  type: dataType,
  dataType,
  nullable: false,
  hasDefault: false,
  generated: false,
  autoIncrement: false,
  onUpdate: false,
  collation: undefined,
  scale: 0,
  ...rest,
})

describe('the text of a key', () => {
  const SAME: readonly (readonly [MysqlColumn, readonly string[]])[] = [
    [column('bigint'), ['7', "'7'", "'007'", "'+7'"]],
    [column('int'), ['0', "'-0'", "'00'"]],
    [column('decimal', { scale: 2 }), ['1.5', "'1.50'", "'+01.5'", "'1.500000'"]],
    [column('decimal', { scale: 2 }), ['0', "'-0.00'", "'0.0'"]],
    [column('varchar', { collation: 'utf8mb4_bin' }), ["'a'", "'a '", "'a   '"]],
    [column('char', { collation: 'utf8mb4_nopad_bin' }), ["'a'", "'a '"]],
    [column('binary'), ["x'61'", "x'610000'"]],
    [column('datetime', { scale: 6 }), ["'2024-01-01 00:00:00'", "'2024-01-01T00:00:00.000'"]],
  ]
  it.each(SAME)('is one for spellings of one value: %o', (of, spellings) => {
    const texts = new Set(spellings.map(keyText(of)))
    expect(texts.size).toBe(1)
    expect(texts.has(undefined)).toBe(false)
  })

  const DIFFERENT: readonly (readonly [MysqlColumn, readonly string[]])[] = [
    [column('bigint'), ['7', '-7', '70', '9223372036854775807', '9223372036854775806']],
    [column('decimal', { scale: 2 }), ['1.5', '15', '-1.5', '1.05', '10']],
    [column('varchar', { collation: 'utf8mb4_bin' }), ["'a'", "'A'", "' a'", "'a\\t'"]],
    [column('varchar', { collation: 'utf8mb4_0900_bin' }), ["'a'", "'a '"]],
    [column('varchar', { collation: 'utf8mb4_nopad_bin' }), ["'a'", "'a '"]],
    [column('varbinary'), ["x'61'", "x'6100'"]],
    [column('binary'), ["x'61'", "x'0061'", "x'6100ff'"]],
  ]
  it.each(DIFFERENT)('is another for another value: %o', (of, values) => {
    expect(new Set(values.map(keyText(of))).size).toBe(values.length)
  })

  it('is unknown where only the server can tell', () => {
    expect(keyText(column('double'))('1')).toBeUndefined()
    expect(keyText(column('enum'))("'a'")).toBeUndefined()
    expect(keyText(column('bigint'))("'1e3'")).toBeUndefined()
    expect(keyText(column('decimal', { scale: 1 }))("'1.25'")).toBeUndefined()
    expect(keyText(column('datetime'))("'2024-01-01 00:00:00.6'")).toBeUndefined()
    expect(keyText(column('datetime'))("'20240101'")).toBeUndefined()
    expect(keyText(column('varchar', { collation: 'utf8mb4_bin' }))("x'61'")).toBeUndefined()
  })
})
