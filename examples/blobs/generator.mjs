/**
 * Fills the tables: blobs, some referred to by very many mails and some by none, with the right numbers; then plants faults
 * of each kind and writes down what it planted, one line each: `{"kind", "key", "stored", "expected"}`.
 *
 *   node generator.mjs [--blobs 20000] [--references 200000] [--faults 25] [--seed 1] [--log faults.ndjson]
 *
 * `--faults` is how many of each kind. The tables must be there; what is in them is removed first.
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { createConnection } from 'mysql2/promise'

const { values } = parseArgs({
  options: {
    blobs: { type: 'string', default: '20000' },
    references: { type: 'string', default: '200000' },
    faults: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string' },
  },
})
const blobs = Number(values.blobs)
const references = Number(values.references)
const faults = Number(values.faults)
const { GLOBAL_URL = '', SHARD_URL = '' } = process.env
const global = await createConnection({ uri: GLOBAL_URL })
const shard = await createConnection({ uri: SHARD_URL })

let state = Number(values.seed) >>> 0
/** From 0 to 1, the same for the same seed (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

/** A few blobs are in most of the mails. One reference in twenty is none: NULL, or 0 in rows of old. */
function blob() {
  if (random() < 0.05) return random() < 0.5 ? null : 0
  return 1 + Math.floor(blobs * 0.95 * random() ** 3)
}

const ROWS = 5_000
const counted = new Map()

async function fill(connection, { table, columns, rows }) {
  for (let made = 0; made < rows; made += ROWS) {
    const some = Array.from({ length: Math.min(ROWS, rows - made) }, () => columns.map(blob))
    for (const id of some.flat()) if (id) counted.set(id, (counted.get(id) ?? 0) + 1)
    await connection.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ?`, [some])
  }
}

const one = ['BlobStorageID']
const TABLES = [
  [global, { table: 'SentMessage', columns: one, rows: references * 0.2 }],
  [global, { table: 'SentAttachment', columns: one, rows: references * 0.1 }],
  [shard, { table: 'Attachment', columns: one, rows: references * 0.2 }],
  [shard, { table: 'ContactData', columns: one, rows: references * 0.05 }],
  [shard, { table: 'OutsideAttachment', columns: one, rows: references * 0.05 }],
  [shard, { table: 'MessageData', columns: ['Body', 'Header'], rows: references * 0.2 }],
]
await global.query('TRUNCATE TABLE BlobStorage')
for (const [connection, { table, columns, rows }] of TABLES) {
  await connection.query(`TRUNCATE TABLE ${table}`)
  await fill(connection, { table, columns, rows: Math.round(rows) })
}
for (let id = 1; id <= blobs; id += ROWS) {
  const some = Array.from({ length: Math.min(ROWS, blobs - id + 1) }, (_, at) => [id + at, counted.get(id + at) ?? 0])
  await global.query('INSERT INTO BlobStorage (ID, NumReferences) VALUES ?', [some])
}

/** Those with the most references first: what a check of a thousand groups would see, and much that it would not. */
const ids = [...counted.keys()].sort((left, right) => left - right)
const at = (share, index) => ids[Math.floor((ids.length * (index + share)) / faults)]
const planted = []
for (let index = 0; index < faults; index++) {
  const wrong = at(0.1, index)
  const should = counted.get(wrong)
  await global.query('UPDATE BlobStorage SET NumReferences = ? WHERE ID = ?', [should + 1 + (index % 3), wrong])
  planted.push({ kind: 'mismatch', key: String(wrong), stored: should + 1 + (index % 3), expected: should })

  const removed = at(0.6, index)
  await global.query('DELETE FROM BlobStorage WHERE ID = ?', [removed])
  planted.push({ kind: 'orphan', key: String(removed), expected: counted.get(removed) })

  const [{ insertId }] = await global.query('INSERT INTO BlobStorage (NumReferences) VALUES (?)', [1 + index])
  planted.push({ kind: 'unreferenced', key: String(insertId), stored: 1 + index, expected: 0 })
}
await Promise.all([global.end(), shard.end()])

if (values.log !== undefined) {
  const log = createWriteStream(values.log)
  for (const fault of planted) log.write(`${JSON.stringify(fault)}\n`)
  log.end()
  await once(log, 'finish')
}
console.log(`${blobs} blobs, ${references} references, ${planted.length} faults`)
