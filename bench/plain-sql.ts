import pg from 'pg'

/** Plain SQL over `pg`: what peers and limits are measured with, and what fills tables. */
export interface PlainSql extends AsyncDisposable {
  run(sql: string): Promise<pg.QueryResult>
}

export async function plainSql(url: string): Promise<PlainSql> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  await client.connect()
  return { run: (sql) => client.query(sql), [Symbol.asyncDispose]: () => client.end() }
}

/** A piece of work and its best time. */
export class Timing {
  readonly #work: () => Promise<unknown>
  bestSeconds = Number.POSITIVE_INFINITY

  constructor(work: () => Promise<unknown>) {
    this.#work = work
  }

  async again(): Promise<void> {
    const startedMs = performance.now()
    await this.#work()
    this.bestSeconds = Math.min(this.bestSeconds, (performance.now() - startedMs) / 1000)
  }
}

/** Times works that are to be compared. They take turns, so that a slow moment of the machine strikes all of them alike. */
export async function inTurns(rounds: number, timings: readonly Timing[]): Promise<void> {
  for (let round = 0; round < rounds; round++) for (const timing of timings) await timing.again()
}
