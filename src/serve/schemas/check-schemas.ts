import { z } from '@hono/zod-openapi'
import type { CheckFinding, CheckRun, RepairSql } from '../../client/wire/checks.js'
import { paged } from './page-schemas.js'

const count = z.number().int().min(0)
const time = z.string().openapi({ format: 'date-time' })
const row = z.array(z.string().nullable())

export const CheckRunSchema: z.ZodType<CheckRun> = z
  .object({
    id: z.string(),
    flow: z.string(),
    kind: z.enum(['tables', 'references']),
    state: z.enum(['running', 'finished', 'failed', 'interrupted']),
    verdict: z.enum(['same', 'different', 'unverified']).nullable(),
    startedAt: time,
    endedAt: time.nullable(),
    exitCode: z.number().int().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    sources: z.array(
      z.object({
        role: z.enum(['left', 'right', 'master', 'reference']),
        label: z.string(),
        where: z.string().nullable(),
        query: z.string().nullable(),
      }),
    ),
    of: z.string().nullable(),
    columns: z.array(z.string()),
    keyColumns: z.array(z.string()),
    figures: z.record(z.string(), z.number()),
    found: z.record(z.string(), count),
    kept: count,
  })
  .openapi('CheckRun')
export const CheckRunPageSchema = paged('CheckRunPage', CheckRunSchema)

export const CheckFindingSchema: z.ZodType<CheckFinding> = z
  .object({
    number: count,
    about: z.enum(['row', 'number']),
    kind: z.string(),
    key: row,
    columns: z.array(z.string()),
    copies: z.object({ left: count, right: count }).nullable(),
    left: row.nullable(),
    right: row.nullable(),
    expected: z.string().nullable(),
    stored: z.string().nullable(),
    references: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
  })
  .openapi('CheckFinding')
export const CheckFindingPageSchema = paged('CheckFindingPage', CheckFindingSchema)

export const RepairSqlSchema: z.ZodType<RepairSql> = z
  .object({
    sql: z.string(),
    side: z.enum(['left', 'right', 'stored']),
    table: z.string(),
    statements: count,
    findings: count,
    changedMeanwhile: count,
    left: z.array(z.object({ reason: z.string(), count })),
    complete: z.boolean(),
    command: z.string(),
  })
  .openapi('RepairSql')
