import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from 'mysql2/promise'
import { z } from 'zod'
import { MariadbServer } from '../../../embedded/mariadb/mariadb-server.js'
import { findMariadb } from '../../../embedded/mariadb/programs.js'
import { count, span } from '../../render/format.js'
import { exampleFolder } from '../example-folder.js'
import { ran } from '../ran.js'
import type { Played, Scene, SceneResult } from '../scene.js'
import type { Stage } from '../stage.js'
import { type Fault, faultOf, faultsBySql } from './blobs-oracle.js'

/** References in a round for each row that it is to move. */
const REFERENCES = { fewest: 20_000, most: 500_000, withoutRows: 200_000 }
const REFERENCES_PER_BLOB = 10
/** Of each kind. */
const FAULTS = 20
const CONFIG = 'lockstep.config.ts'

const Planted = z.object({
  kind: z.string(),
  key: z.string(),
  stored: z.coerce.string().optional(),
  expected: z.coerce.string(),
})
const Report = z.object({ verdict: z.string(), durationMs: z.number(), findings: z.array(Planted) })

interface Database {
  readonly server: MariadbServer
  readonly url: string
  readonly connection: Connection
}

interface Setting {
  readonly folder: string
  readonly config: string
  readonly global: Database
  readonly shard: Database
  readonly env: Readonly<Record<string, string>>
}

/** `check.references`, as in examples/blobs, on data with planted faults. */
export class BlobsScene implements Scene {
  readonly name = 'blobs'
  readonly title =
    'stored numbers of references, recounted over seven columns of two MariaDB servers; faults are planted, and all must be found'
  readonly #example = exampleFolder('blobs')
  #setting: Setting | undefined
  #round = 0
  #planted: readonly Fault[] = []
  #found: readonly Fault[] = []
  #checkMs = 0

  async prepare(stage: Stage): Promise<void> {
    const { board } = stage
    board.waiting('starting two MariaDB servers')
    const [global, shard] = await Promise.all([this.#database('global'), this.#database('shard')])
    const env = { GLOBAL_URL: global.url, SHARD_URL: shard.url }
    const config = await stage.withState(this, join(this.#example, CONFIG))
    this.#setting = { folder: await stage.folderOf(this), config, global, shard, env }
    board.done(`two MariaDB servers, on ports ${global.server.port} and ${shard.server.port}`)
  }

  played(): Played {
    const { config, env } = this.#ready()
    return { config, env }
  }

  async run(stage: Stage): Promise<void> {
    const { board } = stage
    const { folder, env } = this.#ready()
    const references = referencesOf(stage.options.rows)
    const log = join(folder, `faults-${++this.#round}.ndjson`)
    const blobs = Math.round(references / REFERENCES_PER_BLOB)
    board.waiting(`filling in ${count(blobs)} blobs and ${count(references)} references`)
    const filling = ['--blobs', String(blobs), '--references', String(references), '--faults', String(FAULTS)]
    filling.push('--seed', String(this.#round), '--log', log)
    await ran(stage.program([join(this.#example, 'generator.mjs'), ...filling], { env }), 'the generator')
    this.#planted = (await readFile(log, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => toFault(JSON.parse(line)))
    board.done(`${count(blobs)} blobs, ${count(references)} references, ${count(this.#planted.length)} faults planted`)

    board.waiting('recounting: lockstep check blobs')
    const { stdout } = await ran(
      this.#check(stage, ['--json', '--more-info', '--limit', '1000000']),
      'lockstep check',
      [0, 1],
    )
    const report = Report.parse(JSON.parse(stdout))
    this.#found = report.findings.map(toFault)
    this.#checkMs = Math.round(report.durationMs)
    board.done(
      `lockstep check blobs: ${report.verdict}, ${count(this.#found.length)} findings in ${span(this.#checkMs)}`,
    )
  }

  async verify(stage: Stage): Promise<SceneResult> {
    const { board } = stage
    const { global, shard } = this.#ready()
    board.waiting('recounting in plain SQL')
    const [bySql, screen] = await Promise.all([faultsBySql(global.connection, shard.connection), this.#screen(stage)])
    const missed = without(bySql, this.#found)
    const wrong = without(this.#found, bySql)
    const unplanned = [...without(bySql, this.#planted), ...without(this.#planted, bySql)]
    const tell = (good: boolean, text: string): void => (good ? board.done(text) : board.failed(text))
    tell(unplanned.length === 0, `plain SQL: ${count(bySql.length)} faults, of ${count(this.#planted.length)} planted`)
    tell(
      missed.length + wrong.length === 0,
      `missed: ${count(missed.length)}; reported and not so: ${count(wrong.length)}`,
    )
    board.say(screen)
    const identical = bySql.length > 0 && missed.length + wrong.length + unplanned.length === 0
    const { bold, green, red } = board.paint
    board.say(`\n  ${bold(identical ? green('ALL FOUND, NOTHING ELSE') : red('NOT THE SAME'))}\n`)
    const figures = { planted: this.#planted.length, found: this.#found.length, bySql: bySql.length }
    return { identical, summary: { ...figures, missed: missed.length, wrong: wrong.length, checkMs: this.#checkMs } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { global, shard } = this.#setting ?? {}
    for (const database of [global, shard]) {
      await database?.connection.end()
      await database?.server[Symbol.asyncDispose]()
    }
  }

  /** What the product shows, with the first keys. */
  async #screen(stage: Stage): Promise<string> {
    const options = ['--more-info', '--limit', '2']
    const { stdout } = await ran(this.#check(stage, options), 'lockstep check', [0, 1])
    const command = `$ lockstep check blobs ${options.join(' ')} --config examples/blobs/${CONFIG}`
    return `\n  ${stage.board.paint.bold(command)}\n${stdout.trimEnd().replace(/^(?=.)/gm, '  ')}`
  }

  #check(stage: Stage, options: readonly string[]): ReturnType<Stage['product']> {
    const { env, config, folder: cwd } = this.#ready()
    return stage.product(['check', 'blobs', ...options, '--config', config], { env, cwd })
  }

  async #database(name: string): Promise<Database> {
    const programs = await findMariadb()
    if (programs === undefined) throw new Error('MariaDB was there when the scene was chosen')
    const { createConnection } = await import('mysql2/promise')
    const server = await MariadbServer.start(programs)
    const connection = await createConnection({ uri: server.url(), multipleStatements: true })
    const schema = await readFile(join(this.#example, `${name}.sql`), 'utf8')
    await connection.query(`CREATE DATABASE \`${name}\`; USE \`${name}\`; ${schema}`)
    return { server, connection, url: server.url(name) }
  }

  #ready(): Setting {
    if (this.#setting === undefined) throw new Error('the scene was not prepared')
    return this.#setting
  }
}

function referencesOf(rows: number | undefined): number {
  if (rows === undefined) return REFERENCES.withoutRows
  return Math.min(REFERENCES.most, Math.max(REFERENCES.fewest, rows))
}

function toFault(value: unknown): Fault {
  const { kind, key, stored, expected } = Planted.parse(value)
  return faultOf(kind, key, stored, expected)
}

function without(some: readonly Fault[], others: readonly Fault[]): readonly Fault[] {
  const known = new Set(others)
  return some.filter((fault) => !known.has(fault))
}
