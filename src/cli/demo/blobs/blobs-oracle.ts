import type { Connection } from 'mysql2/promise'

/** A key and what is wrong with it, as one text, so that lists can be compared. */
export type Fault = string

export function faultOf(kind: string, key: string, stored: string | undefined, expected: string): Fault {
  return `${kind} ${key}: ${stored ?? 'no row'}, ${expected} counted`
}

const IN_GLOBAL = ['SentMessage.BlobStorageID', 'SentAttachment.BlobStorageID']
const IN_SHARD = [
  'Attachment.BlobStorageID',
  'ContactData.BlobStorageID',
  'OutsideAttachment.BlobStorageID',
  'MessageData.Body',
  'MessageData.Header',
]

/** All faults, by plain SQL that counts everything at once; nothing here shares code with the product. */
export async function faultsBySql(global: Connection, shard: Connection): Promise<readonly Fault[]> {
  const counted = new Map<string, number>()
  for (const [connection, columns] of [
    [global, IN_GLOBAL],
    [shard, IN_SHARD],
  ] as const) {
    for (const { key, number } of await pairs(connection, referencesSql(columns))) {
      counted.set(key, (counted.get(key) ?? 0) + number)
    }
  }
  const stored = new Map<string, number>()
  const all = 'select cast(ID as char) as k, NumReferences as n from BlobStorage'
  for (const { key, number } of await pairs(global, all)) stored.set(key, number)
  return [...new Set([...stored.keys(), ...counted.keys()])].flatMap((key) =>
    fault(key, stored.get(key), counted.get(key)),
  )
}

function fault(key: string, stored: number | undefined, counted = 0): readonly Fault[] {
  if (stored === counted) return []
  const kind = stored === undefined ? 'orphan' : counted === 0 ? 'unreferenced' : 'mismatch'
  return [faultOf(kind, key, stored === undefined ? undefined : String(stored), String(counted))]
}

function referencesSql(columns: readonly string[]): string {
  const each = columns.map((column) => {
    const [table = '', name = ''] = column.split('.')
    return `select ${name} as k from ${table}`
  })
  return `select cast(k as char) as k, count(*) as n from (${each.join(' union all ')}) every_reference
    where k is not null and k <> 0 group by k`
}

async function pairs(connection: Connection, sql: string): Promise<readonly { key: string; number: number }[]> {
  const rows: unknown = (await connection.query({ sql, rowsAsArray: true }))[0]
  if (!Array.isArray(rows)) return []
  return rows.map((row: unknown) => {
    const [key, number] = Array.isArray(row) ? row : []
    return { key: String(key), number: Number(number) }
  })
}
