import { customType, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'
import type { Rowset } from '../../src/core/upsert.js'

const inet = customType<{ data: string }>({ dataType: () => 'inet' })

/** As in examples/scans. */
export const scanResults = pgTable(
  'scan_results',
  {
    ip: inet().notNull(),
    port: integer().notNull(),
    service: text().notNull(),
    response: text(),
    lastSeen: timestamp('last_seen', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.ip, table.port, table.service] })],
)

export const CREATE = `create table scan_results (
  ip inet not null, port integer not null, service text not null, response text, last_seen timestamptz not null,
  primary key (ip, port, service))`

const SERVICES = ['HTTP', 'SSH', 'DNS', 'TELNET']

/** Messages `from` to `to`, one row each, in no order of keys. Pass 0 makes the keys, each later pass newer rows for them. */
export function scanRows(from: number, to: number, pass: number): readonly Rowset[] {
  const start = Date.UTC(2026, 0, 1) + pass * 86_400_000
  const rowsets: Rowset[] = []
  for (let at = from; at < to; at++) {
    const n = Math.imul(at, 2_654_435_761) >>> 0
    const row = {
      ip: `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`,
      port: at % 65_536,
      service: SERVICES[at % SERVICES.length],
      response: `response ${pass} of service ${at}: ${n}, with a banner as long as most of them are, protocol 2.0`,
      lastSeen: new Date(start + at),
    }
    rowsets.push({ rows: [[row]] })
  }
  return rowsets
}

/** The same rows as COPY reads them. */
export function* copyLines(count: number, pass: number): Iterable<string> {
  const columns = ['ip', 'port', 'service', 'response', 'lastSeen']
  for (const { rows } of scanRows(0, count, pass)) {
    for (const row of rows[0] ?? []) yield `${columns.map((name) => copyText(row[name])).join('\t')}\n`
  }
}

function copyText(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}
