import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { ExportOptions } from '../../../core/export.js'
import type { RawRow } from '../../sql/export/row-export.js'
import { SnapshotAge } from '../../sql/export/snapshot-age.js'
import { Pace } from '../../sql/pace.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { MysqlHandle } from '../handle.js'
import type { ReadPass } from '../session/read-pass.js'
import { beyond, type KeyColumn, keyColumnOf, rangeCondition } from './key-range.js'
import { textsOf } from './raw-texts.js'

/** Each chunk, writing it included, takes about so long. */
const PACE = { targetMs: 500, first: 2_000, least: 10, most: 50_000 }

interface Asked {
  readonly rows: ReadableRows
  /** SQL of the columns of the row `t`. */
  readonly list: string
  readonly label: string
}

/**
 * Chunks of the key's order, each in a snapshot of its own. Where a chunk ends the server keeps in variables of the session, so that values
 * of all types are compared as they are, by the key's index.
 */
export async function* readChunks(
  database: MysqlHandle,
  { rows, list, label }: Asked,
  { signal, maxSnapshotAgeMs, range: { after, upTo } = {} }: ExportOptions,
): AsyncGenerator<readonly RawRow<string>[]> {
  await using pass = await database.pass({ what: `exporting ${rows.name}`, signal })
  const pace = new Pace(PACE)
  const key = rows.key.map(keyColumnOf)
  const order = key.map(({ side }) => side).join(', ')
  const end = rangeCondition(key, { upTo })
  let begun = `${end} and ${rangeCondition(key, { after })}`
  for (let chunk = 0; ; chunk++) {
    const age = new SnapshotAge(label, maxSnapshotAgeMs)
    const border = key.map((_, at) => `@lockstep_${chunk % 2}_${at}`)
    const ended = !(await setBorder(pass, { source: rows.source, key, order, begun, border }, pace.size))
    const within = ended ? begun : `${begun} and not ${beyond(key, border)}`
    for await (const page of pass.stream(`select ${list} from ${rows.source} t where ${within} order by ${order}`)) {
      age.check()
      yield page.map(textsOf)
    }
    if (ended) break
    begun = `${end} and ${beyond(key, border)}`
    const restMs = pace.took(age.ms)
    if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined)
    await pass.renew()
  }
  pass.finish()
}

interface Walk extends Pick<ReadableRows, 'source'> {
  readonly key: readonly KeyColumn[]
  readonly order: string
  readonly begun: string
  readonly border: readonly string[]
}

const Found = z.tuple([z.object({ found: z.coerce.number() })])

/** Puts the key of the row that stands `rows` rows ahead into the variables. `false`: there are fewer. */
async function setBorder(pass: ReadPass, walk: Walk, rows: number): Promise<boolean> {
  const { border, source, begun, order } = walk
  await pass.execute(sql.raw(`set ${border.map((variable) => `${variable} = null`).join(', ')}`))
  const into = `limit ${rows - 1}, 1 into ${border.join(', ')}`
  await pass.execute(sql.raw(`select ${order} from ${source} t where ${begun} order by ${order} ${into}`))
  const [{ found }] = Found.parse(await pass.execute(sql.raw(`select ${border[0]} is not null as found`)))
  return found === 1
}
