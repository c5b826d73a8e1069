import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { ACTIONS, type Action, settlePrepared, type Turn, updates } from './actions.js'
import { Random } from './random.js'
import { insert, Rows, readShape, type Shape } from './shape.js'

export interface WriterOptions {
  readonly url: string
  readonly table: string
  readonly seed: number
  readonly number: number
  readonly withUpdates: boolean
  readonly over: AbortSignal
  acknowledge(keys: readonly string[]): void
}

/** What one writer did. */
export interface Deeds {
  acknowledged: number
  /** Rows whose commit was sent and never answered: stored or not. */
  inDoubt: number
  readonly actions: Record<string, number>
  /** How often each SQLSTATE (or network code) came. */
  readonly errors: Record<string, number>
}

const RECONNECT_MS = 50
/** Once the run is over, a server that does not come back is given up after so many tries. */
const LAST_TRIES = 200

/** Writes to one database until the run is over; lost connections and failed statements are counted and survived. */
export class Writer {
  readonly deeds: Deeds = { acknowledged: 0, inDoubt: 0, actions: {}, errors: {} }
  readonly #options: WriterOptions
  readonly #name: string
  readonly #random: Random
  readonly #own: string[] = []
  readonly #actions: readonly { name: string; act: Action }[]
  #shape: { readonly shape: Shape; readonly rows: Rows } | undefined

  constructor(options: WriterOptions) {
    this.#options = options
    this.#name = `hostile-${process.pid}-${options.number}`
    this.#random = new Random(options.seed * 1009 + options.number)
    const known = options.withUpdates ? [...ACTIONS, { name: 'updates', weight: 25, act: updates }] : ACTIONS
    this.#actions = known.flatMap((action) => Array.from({ length: action.weight }, () => action))
  }

  async run(): Promise<void> {
    for (let triesLeft = LAST_TRIES; triesLeft > 0; ) {
      const client = new pg.Client({
        connectionString: this.#options.url,
        application_name: this.#name,
        connectionTimeoutMillis: 5000,
      })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await settlePrepared(client, `${this.#name}-`)
        await this.#write(client)
        return
      } catch (error) {
        this.#failed(error)
        await delay(RECONNECT_MS)
        if (this.#options.over.aborted) triesLeft -= 1
      } finally {
        await client.end().catch(() => undefined)
      }
    }
  }

  /** Resolves when the run is over; throws when the connection is lost. */
  async #write(client: pg.Client): Promise<void> {
    const shape = await readShape(client, this.#options.table)
    this.#shape ??= { shape, rows: new Rows(shape, this.#random, this.#options.number) }
    while (!this.#options.over.aborted) {
      const action = this.#random.pick(this.#actions)
      this.deeds.actions[action.name] = (this.deeds.actions[action.name] ?? 0) + 1
      try {
        const { shape, rows } = this.#shape
        const insertAlone = (count: number): Promise<void> => this.#insertAlone(client, { shape, rows }, count)
        await action.act({ shape, rows, insertAlone, ...this.#turn(client) })
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error
        this.#failed(error)
        await client.query('rollback')
      }
      await delay(this.#random.integer(0, 20))
    }
  }

  #turn(client: pg.Client): Omit<Turn, 'shape' | 'rows' | 'insertAlone'> {
    return {
      name: this.#name,
      client,
      random: this.#random,
      own: this.#own,
      over: this.#options.over,
      commit: (keys, statement = 'commit') => this.#commit(keys, () => client.query(statement)),
    }
  }

  async #commit(keys: readonly string[], statement: () => Promise<unknown>): Promise<void> {
    try {
      await statement()
    } catch (error) {
      this.deeds.inDoubt += keys.length
      throw error
    }
    this.#acknowledged(keys)
  }

  /** An answer that never came leaves the rows in doubt; an error of the server does not. */
  async #insertAlone(client: pg.Client, { shape, rows }: { shape: Shape; rows: Rows }, count: number): Promise<void> {
    const made = rows.make(count)
    try {
      this.#acknowledged(await insert(client, shape, made))
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) this.deeds.inDoubt += count
      throw error
    }
  }

  #acknowledged(keys: readonly string[]): void {
    this.#options.acknowledge(keys)
    this.#own.push(...keys)
    this.deeds.acknowledged += keys.length
  }

  #failed(error: unknown): void {
    const code =
      error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'connection-lost'
    this.deeds.errors[code] = (this.deeds.errors[code] ?? 0) + 1
  }
}
