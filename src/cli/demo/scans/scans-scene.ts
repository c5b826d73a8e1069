import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { UnavailableError } from '../../../core/errors.js'
import { EmbeddedPubsub } from '../../../embedded/pubsub/embedded-pubsub.js'
import { count, span } from '../../render/format.js'
import { exampleFolder } from '../example-folder.js'
import type { Program } from '../program.js'
import type { Played, Scene, SceneResult } from '../scene.js'
import { settled } from '../settled.js'
import { showLetter } from '../show-letter.js'
import { sqlClient } from '../sql-client.js'
import type { Stage } from '../stage.js'
import { streamView, type TargetFigures } from '../stream-view.js'
import { ScansOracle } from './scans-oracle.js'

/** Of the rows a round is to move, so many messages: each becomes at most one row. */
const MESSAGES_PER_ROW = 0.1
const MESSAGES = { fewest: 500, most: 20_000, withoutRows: 5_000 }
/** Share of messages that nobody can read, and of those that are published twice. */
const BROKEN = 0.01
const TWICE = 0.02
const PROJECT = 'demo'
const SUBSCRIPTION = `projects/${PROJECT}/subscriptions/scan-sub`
const CONFIG = 'lockstep.config.ts'
const CATCH_UP_MS = 60_000

interface Setting {
  readonly broker: EmbeddedPubsub
  readonly client: Client
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly flow: Program
}

/** `ingest` from Pub/Sub, as in examples/scans, with messages that come out of order, and broken ones. */
export class ScansScene implements Scene {
  readonly name = 'scans'
  readonly title = [
    'messages from Pub/Sub into a table of PostgreSQL; the newest wins, what nobody can read is kept apart',
    'PostgreSQL is a real server; Pub/Sub is a double in this process, to which the real client talks',
  ].join('\n')
  readonly #oracle = new ScansOracle()
  readonly #example = exampleFolder('scans')
  #setting: Setting | undefined
  #round = 0
  #tookMs = 0
  #published = 0

  async prepare(stage: Stage): Promise<void> {
    const { board } = stage
    board.waiting('starting a PostgreSQL server and a double of Pub/Sub')
    const broker = await EmbeddedPubsub.start()
    const pubsub = { PUBSUB_PROJECT: PROJECT, PUBSUB_EMULATOR_HOST: broker.address }
    const create = [join(this.#example, 'scanner.mjs'), '--create', '--count', '0']
    const [server] = await Promise.all([stage.server(), ended(stage.program(create, { env: pubsub }))])
    const client = await sqlClient(server.url())
    await client.query(await readFile(join(this.#example, 'schema.sql'), 'utf8'))
    board.done(`PostgreSQL on port ${server.port}; a double of Pub/Sub, in memory, on port ${broker.port}`)

    const folder = await stage.folderOf(this)
    const env = { DATABASE_URL: server.url(), ...pubsub }
    const config = join(this.#example, CONFIG)
    const flow = stage.product(['run', 'scans', '--config', config], { env, cwd: folder })
    board.done(`process ${flow.pid}: lockstep run scans --config examples/scans/${CONFIG}`)
    this.#setting = { broker, client, folder, env, flow }
  }

  played(): Played {
    return { config: join(this.#example, CONFIG), env: this.#ready().env }
  }

  async run(stage: Stage): Promise<void> {
    const { folder, env, client, flow } = this.#ready()
    const log = join(folder, `published-${++this.#round}.ndjson`)
    const before = this.#oracle.messages
    const messages = messagesOf(stage.options.rows)
    const startMs = performance.now()
    const publishing = ['--rate', '1000000', '--count', String(messages), '--broken', String(BROKEN)]
    publishing.push('--twice', String(TWICE), '--log', log)
    const scanner = stage.program([join(this.#example, 'scanner.mjs'), ...publishing], { env })
    stage.board.done(`process ${scanner.pid}: a scanner that publishes ${count(messages)} messages`)
    const look = async (): Promise<readonly TargetFigures[]> => [await this.#progress()]
    const screen = stage.board.play(
      streamView({
        paint: stage.board.paint,
        items: 'messages',
        wanted: before + Math.round(messages * (1 + TWICE)),
        look,
      }),
    )
    try {
      await ended(scanner)
      await this.#oracle.take(log)
      const isSo = async (): Promise<boolean> =>
        (await deadLetters(client)) === this.#oracle.broken && (await this.#oracle.wrongRows(client)) === 0
      await settled(stage, { name: 'lockstep run scans', program: flow }, { deadlineMs: CATCH_UP_MS, isSo })
    } finally {
      screen.stop()
    }
    this.#tookMs = performance.now() - startMs
    this.#published = this.#oracle.messages - before
  }

  async verify(stage: Stage): Promise<SceneResult> {
    const { board } = stage
    const { client, env, folder: cwd } = this.#ready()
    const wrongRows = await this.#oracle.wrongRows(client)
    const letters = await deadLetters(client)
    const { messages, broken, rows } = this.#oracle
    const identical = wrongRows === 0 && letters === broken && messages > 0
    board.done(`${count(this.#published)} messages published and stored in ${span(this.#tookMs)}`)
    const tell = (good: boolean, text: string): void => (good ? board.done(text) : board.failed(text))
    tell(wrongRows === 0, `plain SQL: ${count(rows)} rows, each the newest of its messages; wrong rows: ${wrongRows}`)
    tell(letters === broken, `dead letters: ${count(letters)} of ${count(broken)} messages that nobody can read`)
    const config = join(this.#example, CONFIG)
    await showLetter(stage, { flow: 'scans', config, shownConfig: `examples/scans/${CONFIG}`, start: { env, cwd } })
    const { bold, green, red } = board.paint
    board.say(`\n  ${bold(identical ? green('NOTHING LOST') : red('NOT THE SAME'))}\n`)
    const messagesPerSecond = Math.round(this.#published / (this.#tookMs / 1000))
    return { identical, summary: { messages, rows, wrongRows, deadLetters: letters, broken, messagesPerSecond } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The flow first, as it hands back what it has not stored.
    await this.#setting?.flow[Symbol.asyncDispose]()
    await this.#setting?.client.end()
    await this.#setting?.broker[Symbol.asyncDispose]()
  }

  /** What the subscription no longer has to deliver was acknowledged, as it is stored or a dead letter. */
  async #progress(): Promise<TargetFigures> {
    const { broker, client } = this.#ready()
    const letters = await deadLetters(client)
    const { deliveries, leased } = broker.statistics(SUBSCRIPTION)
    return { name: 'PostgreSQL', stored: Math.max(0, deliveries - leased - letters), deadLetters: letters, held: 0 }
  }

  #ready(): Setting {
    if (this.#setting === undefined) throw new Error('the scene was not prepared')
    return this.#setting
  }
}

function messagesOf(rows: number | undefined): number {
  if (rows === undefined) return MESSAGES.withoutRows
  return Math.min(MESSAGES.most, Math.max(MESSAGES.fewest, Math.round(rows * MESSAGES_PER_ROW)))
}

async function ended(program: Program): Promise<void> {
  const { exitCode, log } = await program.ended
  if (exitCode !== 0) throw new UnavailableError('demo-process-ended', `the scanner ended with ${exitCode}:\n${log}`)
}

async function deadLetters(client: Client): Promise<number> {
  const { rows: found } = await client.query<{ there: boolean }>(
    `select to_regclass('lockstep.dead_letters') is not null as there`,
  )
  // The flow makes its tables when it starts.
  if (found[0]?.there !== true) return 0
  const { rows } = await client.query<{ count: string }>('select count(*)::text as count from lockstep.dead_letters')
  return Number(rows[0]?.count)
}
