import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { UnavailableError } from '../../core/errors.js'
import type { Values } from '../../core/upsert.js'
import { checkedMap } from './checked-map.js'
import { jsonText } from './encode.js'
import { mappedRows, type RowMap } from './mapped-rows.js'
import { Rejections } from './rejections.js'

async function through(map: RowMap | undefined, rows: readonly Values[]) {
  const rejections = new Rejections()
  const lines = await mappedRows(rows, { map: map ?? ((row) => row), encode: jsonText, key: ['id'], rejections })
  return { lines, rejected: rejections.take(), skipped: rejections.skipped }
}

const Place = z.object({ id: z.number(), name: z.string().trim(), at: z.object({ lat: z.number().max(90) }) })
const good = { id: 1, name: ' One ', at: { lat: 59 } }

describe('a schema of a feed', () => {
  it('publishes what it makes of a row, and rejects a row by its key, path and reason, without a value of it', async () => {
    const secret = 'a secret text'
    const { lines, rejected } = await through(checkedMap(undefined, Place), [
      good,
      { id: 2, name: secret, at: { lat: 4711 } },
      { id: 3, name: 7 },
    ])
    expect(lines).toEqual(['{"id":1,"name":"One","at":{"lat":59}}'])
    expect(rejected.map(({ key, code }) => ({ key, code }))).toEqual([
      { key: [2], code: 'schema-mismatch' },
      { key: [3], code: 'schema-mismatch' },
    ])
    expect(rejected[0]?.reason).toBe('at.lat: expected at most 90')
    expect(rejected[1]?.reason).toMatch(/name: .*; at: /)
    expect(JSON.stringify(rejected)).not.toMatch(/secret|4711/)
  })

  it('checks what map made, also later, and leaves alone what map left out', async () => {
    const later = v.pipeAsync(
      v.object({ id: v.number() }),
      v.checkAsync(async ({ id }) => id !== 3, 'is taken'),
    )
    for (const map of [(row: Values) => row['made'], async (row: Values) => row['made']]) {
      const rows = [
        { id: 1, made: { id: 1 } },
        { id: 2, made: null },
        { id: 3, made: { id: 3 } },
        { id: 4, made: {} },
      ]
      const { lines, rejected, skipped } = await through(checkedMap(map, later), rows)
      expect(lines).toEqual(['{"id":1}'])
      expect(skipped).toBe(1)
      expect(rejected.map(({ key, reason }) => [key, reason])).toEqual([
        [[3], 'value: is taken'],
        [[4], 'id: expected "id"'],
      ])
    }
  })

  it('tells a schema that throws from a database that it asked and that is away', async () => {
    const broken = z.custom<object>(() => {
      throw new TypeError('a secret text')
    })
    const { rejected } = await through(checkedMap(undefined, broken), [good])
    expect(rejected).toEqual([{ key: [1], code: 'schema-failed', reason: 'schema threw TypeError' }])
    const away = z.custom<object>(() => {
      throw new UnavailableError('away', 'the database is away')
    })
    await expect(through(checkedMap(undefined, away), [good])).rejects.toThrow('the database is away')
  })
})
