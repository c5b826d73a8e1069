/**
 * Fills the table with facilities, and plants rows that the Actions Center would refuse; writes down what it planted, one line
 * each: `{"id", "fault"}`.
 *
 *   node generator.mjs [--rows 20000] [--faults 10] [--seed 1] [--log faults.ndjson]
 *
 * `--faults` is how many of each kind. The table must be there; what is in it is removed first. `DATABASE_URL` is that of
 * PostgreSQL, or of MySQL or MariaDB (`npm install mysql2`), which hold no NaN.
 */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '20000' },
    faults: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string' },
  },
})
const rows = Number(values.rows)
const faults = Number(values.faults)

let state = Number(values.seed) >>> 0
/** From 0 to 1, the same for the same seed (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}
const one = (list) => list[Math.floor(random() * list.length)]
const digits = (count) => Array.from({ length: count }, () => Math.floor(random() * 10)).join('')

const PLACES = [
  ['US', 'Sunnyvale', 'CA', 37.37, -122.03],
  ['US', 'Portland', 'OR', 45.52, -122.68],
  ['DE', 'Köln', null, 50.94, 6.96],
  ['JP', '東京', null, 35.68, 139.69],
  ['BR', 'São Paulo', 'SP', -23.55, -46.63],
]
const KINDS = ['Clinic', 'Café', 'Garage "Zum Anker"', 'Salon & Spa', 'Bäckerei 🥐']

function facility(id) {
  const [country, locality, region, latitude, longitude] = one(PLACES)
  return {
    id,
    name: `${one(KINDS)} ${id}`,
    phone: random() < 0.8 ? `+1-${digits(3)}-${digits(3)}-${digits(4)}` : null,
    url: random() < 0.7 ? `https://facility-${id}.example` : null,
    latitude: latitude + random() - 0.5,
    longitude: longitude + random() - 0.5,
    country,
    locality,
    region,
    postal_code: digits(5),
    street_address: `${1 + Math.floor(random() * 999)} Main St`,
  }
}

const isMysql = /^(mysql|mariadb):/.test(process.env.DATABASE_URL ?? '')
const FAULTS = {
  ...(isMysql ? {} : { 'not a number': (row) => ({ ...row, latitude: Number.NaN }) }),
  'out of range': (row) => ({ ...row, longitude: 180.5 }),
  'no name': (row) => ({ ...row, name: null }),
  'no country': (row) => ({ ...row, country: null }),
  'half a place': (row) => ({ ...row, longitude: null }),
  'bad url': (row) => ({ ...row, url: 'to follow' }),
  'bad phone': (row) => ({ ...row, phone: '555' }),
}

const made = Array.from({ length: rows }, (_, index) => facility(index + 1))
const planted = Object.entries(FAULTS).flatMap(([fault, plant], kind) =>
  Array.from({ length: faults }, (_, index) => {
    const kinds = Object.keys(FAULTS).length
    const at = Math.floor((rows * (index * kinds + kind)) / (faults * kinds))
    made[at] = plant(made[at])
    return { id: made[at].id, fault }
  }),
)

const names = Object.keys(facility(0))

async function fillPostgres(url) {
  const { default: pg } = await import('pg')
  const client = new pg.Client(url)
  await client.connect()
  await client.query('truncate facility restart identity')
  const types = names.map((name) => (name === 'id' ? 'int[]' : name.endsWith('itude') ? 'float8[]' : 'text[]'))
  const lists = types.map((type, index) => `$${index + 1}::${type}`)
  for (const some of pages()) {
    await client.query(
      `insert into facility (${names.join(', ')}) select * from unnest(${lists.join(', ')})`,
      names.map((name) => some.map((row) => row[name])),
    )
  }
  await client.query(`select setval('facility_id_seq', ${Math.max(1, rows)})`)
  await client.end()
}

async function fillMysql(url) {
  const { createConnection } = await import('mysql2/promise')
  const client = await createConnection({ uri: url, charset: 'utf8mb4' })
  await client.query('truncate facility')
  for (const some of pages()) {
    const cells = some.map((row) => names.map((name) => row[name]))
    await client.query(`insert into facility (${names.join(', ')}) values ?`, [cells])
  }
  await client.end()
}

function* pages() {
  for (let from = 0; from < made.length; from += 5_000) yield made.slice(from, from + 5_000)
}

await (isMysql ? fillMysql : fillPostgres)(process.env.DATABASE_URL)

if (values.log !== undefined) {
  const log = createWriteStream(values.log)
  for (const fault of planted) log.write(`${JSON.stringify(fault)}\n`)
  log.end()
  await once(log, 'finish')
}
console.log(`${rows} facilities, ${planted.length} faults`)
