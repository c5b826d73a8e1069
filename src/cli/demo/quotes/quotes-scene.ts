import { join } from 'node:path'
import { UnavailableError } from '../../../core/errors.js'
import { EmbeddedKurrentdb } from '../../../embedded/kurrentdb/embedded-kurrentdb.js'
import { count, span } from '../../render/format.js'
import type { Board } from '../board.js'
import { exampleFolder } from '../example-folder.js'
import type { Program } from '../program.js'
import type { Played, Scene, SceneResult } from '../scene.js'
import { settled } from '../settled.js'
import { showLetter } from '../show-letter.js'
import type { Stage } from '../stage.js'
import { streamView, type TargetFigures } from '../stream-view.js'
import { lettersOf, type QuotesFindings, QuotesOracle } from './quotes-oracle.js'
import { mariadbTarget, postgresTarget, type QuotesTarget } from './quotes-target.js'

/** Of the rows a round is to move, so many quotes: each becomes some twenty rows. */
const QUOTES_PER_ROW = 0.01
const QUOTES = { fewest: 100, most: 2_000, withoutRows: 500 }
/** Share of quotes that get an update which no quote can be found for. */
const BROKEN = 0.02
/** Its start and two updates; the broken ones come on top. */
const EVENTS_PER_QUOTE = 3
const CATCH_UP_MS = 60_000

interface Destination {
  readonly target: QuotesTarget
  readonly flow: Program
}

interface Setting {
  readonly store: EmbeddedKurrentdb
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly destinations: readonly Destination[]
}

/** `ingest` from KurrentDB into several tables, as in examples/quotes, with updates that come before their quote. */
export class QuotesScene implements Scene {
  readonly name = 'quotes'
  readonly title = [
    'events from KurrentDB into four tables; an update that comes before its quote waits for it',
    'the databases are real servers; KurrentDB is a double in this process, to which the real client talks',
  ].join('\n')
  readonly #oracle = new QuotesOracle()
  readonly #example = exampleFolder('quotes')
  #setting: Setting | undefined
  #round = 0
  #tookMs = 0

  async prepare(stage: Stage): Promise<void> {
    const { board } = stage
    board.waiting('starting the databases and a double of KurrentDB')
    const [store, ...targets] = await Promise.all([EmbeddedKurrentdb.start(), postgresTarget(stage), mariadbTarget()])
    board.done(`a double of KurrentDB, in memory, on port ${store.port}`)
    if (targets.includes(undefined))
      board.done('no MariaDB, or no mysql2, is installed here, so the quotes go to PostgreSQL only')
    const folder = await stage.folderOf(this)
    const env = { KURRENTDB_URL: store.url }
    const destinations = targets.flatMap((target) => {
      if (target === undefined) return []
      const config = this.#configOf(target)
      const flow = stage.product(['run', 'quotes', '--config', config], {
        env: { ...env, DATABASE_URL: target.url },
        cwd: folder,
      })
      board.done(`process ${flow.pid}: lockstep run quotes --config ${shownConfigOf(target)}, into ${target.name}`)
      return [{ target, flow }]
    })
    this.#setting = { store, folder, env, destinations }
  }

  /** Of several targets the first: their flows have one name. */
  played(): Played {
    const { env, destinations } = this.#ready()
    const target = destinations[0]?.target
    if (target === undefined) throw new Error('the scene has no target')
    return { config: this.#configOf(target), env: { ...env, DATABASE_URL: target.url } }
  }

  async run(stage: Stage): Promise<void> {
    const { folder, env, destinations } = this.#ready()
    const log = join(folder, `appended-${++this.#round}.ndjson`)
    const quotes = quotesOf(stage.options.rows)
    const startMs = performance.now()
    const appending = ['--quotes', String(quotes), '--rate', '1000000', '--broken', String(BROKEN), '--log', log]
    const website = stage.program([join(this.#example, 'website.mjs'), ...appending], { env })
    stage.board.done(`process ${website.pid}: a website that appends the events of ${count(quotes)} quotes`)
    const look = (): Promise<readonly TargetFigures[]> =>
      Promise.all(destinations.map(({ target }) => progress(target)))
    const wanted = this.#oracle.events + EVENTS_PER_QUOTE * quotes
    const screen = stage.board.play(streamView({ paint: stage.board.paint, items: 'events', wanted, look }))
    try {
      const { exitCode, log: said } = await website.ended
      if (exitCode !== 0)
        throw new UnavailableError('demo-process-ended', `the website ended with ${exitCode}:\n${said}`)
      await this.#oracle.take(log)
      await Promise.all(destinations.map((destination) => this.#settled(stage, destination)))
    } finally {
      screen.stop()
    }
    this.#tookMs = performance.now() - startMs
  }

  async verify(stage: Stage): Promise<SceneResult> {
    const { board } = stage
    const { destinations, env, folder: cwd } = this.#ready()
    const { events, broken } = this.#oracle
    board.done(`${count(events)} events so far; all stored ${span(this.#tookMs)} after the first of the round`)
    const found = await Promise.all(
      destinations.map(async ({ target }) => ({ target, findings: await this.#oracle.findings(target) })),
    )
    for (const { target, findings } of found) this.#tell(board, target, findings)
    const identical = events > 0 && found.every(({ findings }) => this.#isRight(findings))
    for (const { target } of destinations.slice(0, 1)) {
      const start = { env: { ...env, DATABASE_URL: target.url }, cwd }
      const config = this.#configOf(target)
      await showLetter(stage, { flow: 'quotes', config, shownConfig: shownConfigOf(target), start })
    }
    const { bold, green, red } = board.paint
    board.say(`\n  ${bold(identical ? green('NOTHING LOST') : red('NOT THE SAME'))}\n`)
    const targets = Object.fromEntries(found.map(({ target, findings }) => [target.example, findings]))
    return { identical, summary: { events, broken, targets } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { destinations = [], store } = this.#setting ?? {}
    await Promise.all(destinations.map(({ flow }) => flow[Symbol.asyncDispose]()))
    await Promise.all(destinations.map(({ target }) => target[Symbol.asyncDispose]()))
    await store?.[Symbol.asyncDispose]()
  }

  async #settled(stage: Stage, { target, flow }: Destination): Promise<void> {
    const isSo = async (): Promise<boolean> => this.#isRight(await this.#oracle.findings(target))
    await settled(
      stage,
      { name: `lockstep run quotes (${target.example})`, program: flow },
      { deadlineMs: CATCH_UP_MS, isSo },
    )
  }

  #isRight({ wrongRows, deadLetters, held }: QuotesFindings): boolean {
    return wrongRows === 0 && held === 0 && deadLetters === this.#oracle.broken
  }

  #tell(board: Board, { name }: QuotesTarget, findings: QuotesFindings): void {
    const { quotes, items, activeProducts, wrongRows, deadLetters, held } = findings
    const tell = (good: boolean, text: string): void => (good ? board.done(text) : board.failed(text))
    tell(
      wrongRows === 0,
      `${name}, plain SQL: ${count(quotes)} quotes, ${count(items)} items, ${count(activeProducts)} products active now; wrong rows: ${wrongRows}`,
    )
    const { broken } = this.#oracle
    tell(
      deadLetters === broken && held === 0,
      `${name}: dead letters ${count(deadLetters)} of ${count(broken)} broken events; still held: ${count(held)}`,
    )
  }

  #configOf({ example }: QuotesTarget): string {
    return join(this.#example, example, 'lockstep.config.ts')
  }

  #ready(): Setting {
    if (this.#setting === undefined) throw new Error('the scene was not prepared')
    return this.#setting
  }
}

function quotesOf(rows: number | undefined): number {
  if (rows === undefined) return QUOTES.withoutRows
  return Math.min(QUOTES.most, Math.max(QUOTES.fewest, Math.round(rows * QUOTES_PER_ROW)))
}

function shownConfigOf({ example }: QuotesTarget): string {
  return `examples/quotes/${example}/lockstep.config.ts`
}

/** An event that was stored has made one row of either table. */
async function progress(target: QuotesTarget): Promise<TargetFigures> {
  const [row] = await target.query(
    'select (select count(*) from quotes) + (select count(*) from quote_updates) as stored',
  )
  const letters = await lettersOf(target)
  const name = target.example === 'mysql' ? 'MariaDB' : 'PostgreSQL'
  return {
    name,
    stored: Number(row?.['stored']),
    deadLetters: letters.get('dead') ?? 0,
    held: letters.get('held') ?? 0,
  }
}
