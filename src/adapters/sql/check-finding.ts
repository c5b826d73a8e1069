import { z } from 'zod'
import type { FindingKind, StoredFinding } from '../../core/check-store.js'
import { jsonText, parsed } from './check-record.js'

/** A finding in columns; whatever is not in one of its own is in `details`. */
export interface FindingRow {
  readonly number: number
  readonly kind: FindingKind
  readonly key: string
  readonly details: string
}

export function findingRow({ number, kind, key, ...details }: StoredFinding): FindingRow {
  return { number, kind, key: jsonText(key), details: jsonText(details) }
}

const text = z.string().nullable()
const Sources = z.array(z.object({ name: z.string(), value: text }))
const StoredRow = z.object({ number: z.coerce.number(), kind: z.string(), key: z.string(), details: z.string() })
const Finding = z.discriminatedUnion('about', [
  z.object({
    about: z.literal('row'),
    number: z.number(),
    kind: z.enum(['missing-left', 'missing-right', 'changed', 'unstable', 'copies']),
    key: z.array(text),
    columns: z.array(z.string()),
    copies: z.object({ left: z.number(), right: z.number() }).exactOptional(),
    left: z.array(text).exactOptional(),
    right: z.array(text).exactOptional(),
  }),
  z.object({
    about: z.literal('number'),
    number: z.number(),
    kind: z.enum(['mismatch', 'unreferenced', 'orphan', 'unstable']),
    key: z.string(),
    expected: text,
    stored: text.optional(),
    sources: Sources,
  }),
])

/** The finding in a row whose columns are selected under the names of `FindingRow`. */
export function storedFinding(row: unknown): StoredFinding {
  const { details, key, ...columns } = StoredRow.parse(row)
  const finding = Finding.parse({ ...Details.parse(parsed(details)), ...columns, key: parsed(key) })
  return finding.about === 'number' ? { ...finding, stored: finding.stored } : finding
}

const Details = z.record(z.string(), z.unknown())
