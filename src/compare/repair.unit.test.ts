import { expect, it } from 'vitest'
import type { Difference } from '../core/difference.js'
import type { TableSchema } from '../core/table.js'
import { repairRows, repairSql } from './repair.js'

const column = (name: string) => ({ name, type: 'text', nullable: true, hasDefault: false })
const schema: TableSchema = { name: 'public.od"d', columns: [column('id'), column('a'), column('b')], key: ['id'] }
const differences: readonly Difference[] = [
  { kind: 'missing-left', key: ['1'], right: ['1', "it's", null] },
  { kind: 'missing-right', key: ['2'], left: ['2', 'x', 'y'] },
  { kind: 'changed', key: ['3'], left: ['3', 'l\\', 'same'], right: ['3', 'r', 'same'] },
  { kind: 'unstable', key: ['4'], left: ['4', 'x', 'y'], right: undefined },
]

it('gives a side what it lacks, and never deletes', () => {
  expect(repairRows(differences, 'left')).toEqual([
    ['1', "it's", null],
    ['3', 'r', 'same'],
  ])
  expect(repairRows(differences, 'right')).toEqual([
    ['2', 'x', 'y'],
    ['3', 'l\\', 'same'],
  ])
})

it('writes statements in which names and values are quoted', () => {
  const insert = 'INSERT INTO "public"."od""d" ("id", "a", "b") VALUES'
  expect([...repairSql(differences, 'left', schema)]).toEqual([
    `${insert} ('1', 'it''s', NULL) ON CONFLICT DO NOTHING;`,
    `UPDATE "public"."od""d" SET "a" = 'r' WHERE "id" = '3';`,
  ])
  expect([...repairSql(differences, 'right', schema)]).toEqual([
    `${insert} ('2', 'x', 'y') ON CONFLICT DO NOTHING;`,
    `UPDATE "public"."od""d" SET "a" = E'l\\\\' WHERE "id" = '3';`,
  ])
})
