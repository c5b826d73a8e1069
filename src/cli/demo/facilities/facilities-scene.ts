import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { z } from 'zod'
import { count, span } from '../../render/format.js'
import { exampleFolder } from '../example-folder.js'
import { ran } from '../ran.js'
import type { Played, Scene, SceneResult } from '../scene.js'
import { sqlClient } from '../sql-client.js'
import type { Stage } from '../stage.js'
import { readNewestFeed, wrongEntities } from './facilities-oracle.js'

const ROWS = { fewest: 5_000, most: 500_000, withoutRows: 200_000 }
/** Of each kind: rows that Google would refuse. */
const FAULTS = 10
const FILES = 4
const CONFIG = 'lockstep.config.ts'

const Planted = z.object({ id: z.number(), fault: z.string() })
const Rejected = z.object({ key: z.tuple([z.number()]), code: z.string(), reason: z.string() })

interface Setting {
  readonly folder: string
  readonly config: string
  readonly client: Client
  readonly env: Readonly<Record<string, string>>
}

/** `feed` for the Actions Center, as in examples/facilities, read again without the product. */
export class FacilitiesScene implements Scene {
  readonly name = 'facilities'
  readonly title = [
    "a table of PostgreSQL as a feed for Google's Actions Center, in a folder; rows that Google would refuse are left out",
    'what was published is read as a reader would: unpacked, parsed, and compared with plain SQL',
  ].join('\n')
  readonly #example = exampleFolder('facilities')
  #setting: Setting | undefined
  #round = 0
  #rows = 0
  #planted: readonly number[] = []
  #tookMs = 0

  async prepare(stage: Stage): Promise<void> {
    const { board } = stage
    board.waiting('starting a PostgreSQL server')
    const [server, folder] = await Promise.all([stage.server(), stage.folderOf(this)])
    const client = await sqlClient(server.url())
    await client.query(await readFile(join(this.#example, 'schema.sql'), 'utf8'))
    await mkdir(join(folder, 'out'), { recursive: true })
    const places = { FEED_FOLDER: join(folder, 'out'), REJECTED_FOLDER: join(folder, 'rejected') }
    const env = { DATABASE_URL: server.url(), FEED_NAME: 'reservewithgoogle.entity', ...places }
    const config = await stage.withState(this, join(this.#example, CONFIG))
    this.#setting = { folder, config, client, env }
    board.done(`PostgreSQL on port ${server.port}`)
  }

  played(): Played {
    const { config, env } = this.#ready()
    return { config, env }
  }

  async run(stage: Stage): Promise<void> {
    const { board } = stage
    const { folder, env } = this.#ready()
    this.#rows = rowsOf(stage.options.rows)
    const log = join(folder, `faults-${++this.#round}.ndjson`)
    board.waiting(`filling in ${count(this.#rows)} facilities`)
    const filling = [
      '--rows',
      String(this.#rows),
      '--faults',
      String(FAULTS),
      '--seed',
      String(this.#round),
      '--log',
      log,
    ]
    await ran(stage.program([join(this.#example, 'generator.mjs'), ...filling], { env }), 'the generator')
    const lines = (await readFile(log, 'utf8')).trimEnd().split('\n')
    this.#planted = lines.map((line) => Planted.parse(JSON.parse(line)).id)
    board.done(`${count(this.#rows)} facilities, ${count(this.#planted.length)} of them such as Google would refuse`)

    board.waiting('publishing: lockstep run facilities')
    const startMs = performance.now()
    await ran(this.#product(stage, ['run', 'facilities']), 'lockstep run facilities')
    this.#tookMs = performance.now() - startMs
    board.done(`lockstep run facilities --config examples/facilities/${CONFIG}: published in ${span(this.#tookMs)}`)
  }

  async verify(stage: Stage): Promise<SceneResult> {
    const { board } = stage
    const { folder, client } = this.#ready()
    board.waiting('reading the feed')
    const feed = await readNewestFeed(join(folder, 'out'))
    const wrong = await wrongEntities(client, feed, this.#planted)
    const rejected = await newestRejected(join(folder, 'rejected'))
    const keys = rejected.map(({ key }) => key[0])
    const right = isSame(keys, this.#planted)
    const tell = (good: boolean, text: string): void => (good ? board.done(text) : board.failed(text))
    const entities = feed.entities.length
    tell(
      wrong === 0,
      `${count(entities)} entities in ${feed.files.length} files, against plain SQL; wrong ones: ${count(wrong)}`,
    )
    tell(right, `rejected: ${count(keys.length)} rows, of ${count(this.#planted.length)} planted`)
    const [first] = rejected
    if (first !== undefined) board.say(board.paint.dim(`    e.g. id ${first.key[0]}: ${first.reason}`))
    const whole = await this.#verified(stage)
    const identical = entities > 0 && wrong === 0 && right && whole
    const { bold, green, red } = board.paint
    board.say(`\n  ${bold(identical ? green('THE FEED IS THE TABLE') : red('NOT THE SAME'))}\n`)
    const figures = { rows: this.#rows, entities, wrong, rejected: keys.length, planted: this.#planted.length }
    return { identical, summary: { ...figures, files: feed.files.length, publishMs: Math.round(this.#tookMs) } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#setting?.client.end()
  }

  async #verified(stage: Stage): Promise<boolean> {
    const { board } = stage
    board.waiting('verifying: lockstep feed verify facilities')
    const args = ['feed', 'verify', 'facilities']
    const { stdout, exitCode } = await ran(this.#product(stage, args), 'lockstep feed verify', [0, 5])
    board.say(`\n  ${board.paint.bold(`$ lockstep ${args.join(' ')} --config examples/facilities/${CONFIG}`)}`)
    board.say(`  ${stdout.trimEnd()}`)
    return exitCode === 0
  }

  #product(stage: Stage, args: readonly string[]): ReturnType<Stage['product']> {
    const { env, config, folder: cwd } = this.#ready()
    const chunk = { CHUNK_SIZE: String(Math.ceil(this.#rows / FILES)) }
    return stage.product([...args, '--config', config], { env: { ...env, ...chunk }, cwd })
  }

  #ready(): Setting {
    if (this.#setting === undefined) throw new Error('the scene was not prepared')
    return this.#setting
  }
}

function rowsOf(rows: number | undefined): number {
  if (rows === undefined) return ROWS.withoutRows
  return Math.min(ROWS.most, Math.max(ROWS.fewest, rows))
}

/** Names begin with the feed's number, so the last is of the newest. */
async function newestRejected(folder: string): Promise<readonly z.infer<typeof Rejected>[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).sort()
  const lines = (await readFile(join(folder, names.at(-1) ?? ''), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => Rejected.parse(JSON.parse(line)))
}

function isSame(some: readonly number[], others: readonly number[]): boolean {
  const sorted = (list: readonly number[]): string => [...list].sort((a, b) => a - b).join()
  return sorted(some) === sorted(others)
}
