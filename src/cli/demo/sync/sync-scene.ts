import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { count, span } from '../../render/format.js'
import type { Played, Scene, SceneResult } from '../scene.js'
import type { Stage } from '../stage.js'
import { Oracle } from './oracle.js'
import type { Sides } from './sides.js'
import { firstSync, playRound, type Round, type Setting } from './sync-round.js'
import { judgeRound } from './sync-verdict.js'

/** What a user would write. */
const CONFIG = `import { defineConfig, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { postgres } from 'lockstep/postgres'

const left = postgres(env('LEFT_URL'))
const right = postgres(env('RIGHT_URL'))

export default defineConfig({
  flows: { mirror: sync({ table: 'records', between: [left, right] }) },
})
`

const FIRST_ROWS: Sides<number> = { left: 10_000, right: 5_000 }

/** `sync` between two servers while `load` writes to both. */
export class SyncScene implements Scene {
  readonly name = 'sync'
  readonly title = 'one table in two PostgreSQL servers, kept identical while a load writes to both'
  #setting: Setting | undefined
  #round: Round | undefined

  async prepare(stage: Stage): Promise<void> {
    const urls = await startServers(stage)
    const oracles = { left: await Oracle.connect(urls.left), right: await Oracle.connect(urls.right) }
    await Promise.all([oracles.left.create(FIRST_ROWS.left), oracles.right.create(FIRST_ROWS.right)])
    const rows = `${count(FIRST_ROWS.left)} rows on the left, ${count(FIRST_ROWS.right)} others on the right`
    stage.board.done(`table records (id uuid, value text): ${rows}`)

    const folder = await stage.folderOf(this)
    await writeFile(join(folder, 'lockstep.config.ts'), CONFIG)
    const env = { LEFT_URL: urls.left, RIGHT_URL: urls.right }
    const sync = stage.product(['run', 'mirror'], { env, cwd: folder })
    stage.board.done(`process ${sync.pid}: lockstep run mirror`)
    this.#setting = { urls, env, folder, oracles, sync, distinctRows: FIRST_ROWS.left + FIRST_ROWS.right }
    await firstSync(stage, this.#setting)
  }

  played(): Played {
    const { folder, env } = this.#ready()
    return { config: join(folder, 'lockstep.config.ts'), env }
  }

  async run(stage: Stage): Promise<void> {
    const setting = this.#ready()
    this.#round = await playRound(stage, setting)
    this.#setting = { ...setting, distinctRows: this.#round.expectedRows }
  }

  async verify(stage: Stage): Promise<SceneResult> {
    if (this.#round === undefined) throw new Error('the scene was not run')
    return judgeRound(stage, this.#ready(), this.#round)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const oracles = Object.values(this.#setting?.oracles ?? {})
    await Promise.all(oracles.map((oracle) => oracle[Symbol.asyncDispose]()))
  }

  #ready(): Setting {
    if (this.#setting === undefined) throw new Error('the scene was not prepared')
    return this.#setting
  }
}

async function startServers(stage: Stage): Promise<Sides<string>> {
  stage.board.waiting('starting two PostgreSQL servers')
  const startMs = performance.now()
  const [left, right] = await Promise.all([stage.server(), stage.server()])
  const took = span(performance.now() - startMs)
  stage.board.done(`two PostgreSQL servers, left on port ${left.port}, right on port ${right.port}, in ${took}`)
  return { left: left.url(), right: right.url() }
}
