import { describe, expect, it } from 'vitest'
import type { TableSchema } from '../../core/table.js'
import { comparesWith } from './table-differences.js'

const column = (name: string, type = 'text') => ({ name, type, nullable: false, hasDefault: false })
const base: TableSchema = { name: 'public.records', key: ['id'], columns: [column('id', 'uuid'), column('body')] }

describe('comparesWith', () => {
  it('has nothing to say of equal tables, in whatever order their columns are', () => {
    const other = { ...base, name: 'other.copies', columns: [column('body'), column('id', 'uuid')] }
    expect(comparesWith(base, other)).toEqual([])
  })

  it('names every difference', () => {
    const other: TableSchema = {
      name: 'public.records',
      key: ['id', 'body'],
      version: 'body',
      columns: [column('id', 'text'), column('body'), column('more')],
    }
    expect(comparesWith(other, base)).toEqual([
      'column more is missing on the right',
      'column id is text on the left and uuid on the right',
      'the key is (id, body) on the left and (id) on the right',
      'the version column is body on the left and not set on the right',
    ])
    expect(comparesWith(base, other)[0]).toBe('column more is missing on the left')
  })
})
