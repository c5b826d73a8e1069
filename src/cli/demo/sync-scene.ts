import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { UnavailableError } from '../../core/errors.js'
import { count, span } from '../render/format.js'
import { LagProbe } from './lag-probe.js'
import { type Inventory, Oracle } from './oracle.js'
import type { Outcome, Product } from './product.js'
import type { Scene, SceneResult } from './scene.js'
import type { Stage } from './stage.js'
import { SyncMeter, type Sides } from './sync-meter.js'
import { syncView } from './sync-view.js'

/** What a user would write. */
const CONFIG = `import { defineConfig, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'

const left = postgres(env('LEFT_URL')), right = postgres(env('RIGHT_URL'))

export default defineConfig({
  flows: { mirror: sync({ table: 'records', between: [left, right] }) },
})
`

const FIRST_ROWS: Sides<number> = { left: 10_000, right: 5_000 }
/** After the load: this long, and a second more for so many rows. */
const CATCH_UP_MS = 60_000
const CATCH_UP_ROWS_PER_SECOND = 5_000

const Loaded = z.object({ rows: z.number(), seconds: z.number(), rowsPerSecond: z.number() })
const Checked = z.looseObject({ verdict: z.string() })

/** A round of the scene, measured. */
interface Round {
  readonly loaded: z.infer<typeof Loaded>
  readonly probe: LagProbe
  /** From the end of the load until both sides had all rows, in ms; `undefined`: they had not in time. */
  readonly convergedMs: number | undefined
  readonly syncRowsPerSecond: number
}

interface Setting {
  readonly oracles: Sides<Oracle>
  readonly env: Readonly<Record<string, string>>
  readonly sync: Product
}

/** `sync` between two servers while `load` writes to both. */
export class SyncScene implements Scene {
  readonly name = 'sync'
  readonly title = 'one table in two PostgreSQL servers, kept identical while a load writes to both'
  #setting: Setting | undefined
  #round: Round | undefined

  async prepare(stage: Stage): Promise<void> {
    const { board } = stage
    board.waiting('starting two PostgreSQL servers')
    const startMs = performance.now()
    const [left, right] = await Promise.all([stage.server('left'), stage.server('right')])
    const urls: Sides<string> = { left: left.url(), right: right.url() }
    const oracles = { left: await Oracle.connect(urls.left), right: await Oracle.connect(urls.right) }
    const version = await oracles.left.version()
    board.done(`two PostgreSQL ${version} servers on ports ${left.port} and ${right.port}, in ${span(performance.now() - startMs)}`)

    await Promise.all([oracles.left.create(FIRST_ROWS.left), oracles.right.create(FIRST_ROWS.right)])
    board.done(
      `table records (id uuid primary key, value text not null): ${count(FIRST_ROWS.left)} rows on the left, ${count(FIRST_ROWS.right)} others on the right`,
    )

    await writeFile(join(stage.folder, 'lockstep.config.ts'), CONFIG)
    const env = { LEFT_URL: urls.left, RIGHT_URL: urls.right }
    const sync = stage.product(['run', 'mirror'], { env })
    board.done(`process ${sync.pid}: lockstep run mirror`)
    this.#setting = { oracles, env, sync }
  }

  async run(stage: Stage): Promise<void> {
    const { oracles, env, sync } = this.#ready()
    const { rows, seconds } = stage.options
    const base = await counts(oracles)
    const probe = new LagProbe(...(await probeConnections(env)))
    const meter = new SyncMeter(oracles, base, { probe, wanted: seconds === undefined ? rows : undefined })
    const bound = seconds === undefined ? ['--rows', String(rows)] : ['--rows', String(rows), '--seconds', String(seconds)]
    const args = ['load', '--table', 'records', '--into', env['LEFT_URL'] ?? '', '--into', env['RIGHT_URL'] ?? '']
    const load = stage.product([...args, ...bound, '--progress', '250', '--json'], { log: (line) => meter.takeLoadLine(line) })
    stage.board.done(`process ${load.pid}: lockstep load, ${count(rows)} rows, each batch into a side picked at random`)
  }

  async verify(stage: Stage): Promise<SceneResult> {
    throw new Error(String(stage))
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #ready(): Setting {
    if (this.#setting === undefined) throw new Error('the scene was not prepared')
    return this.#setting
  }
}
