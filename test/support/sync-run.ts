import { expect } from 'vitest'
import { type PostgresOptions, postgres } from '../../src/adapters/postgres/index.js'
import type { Flow } from '../../src/core/flow.js'
import type { FlowEvent } from '../../src/core/observer.js'
import { type SyncSides as Between, type SyncOptions, sync } from '../../src/flows/sync/sync.js'
import { tablesIdentical } from './oracle.js'

/** Addresses of two sides, or of three. */
export interface SyncSides {
  readonly a: string
  readonly b: string
  readonly c?: string
}

export type SyncRunOptions = Partial<Omit<SyncOptions, 'between'>> & {
  readonly untilCaughtUp?: boolean
  readonly postgres?: PostgresOptions
}

type EventOf<Type extends FlowEvent['type']> = Extract<FlowEvent, { readonly type: Type }>

/** A sync within the test's own process. Disposing of it aborts it. */
export interface SyncRun extends AsyncDisposable {
  readonly flow: Flow
  /** Rejects with what stopped the flow. */
  readonly ended: Promise<void>
  of<Type extends FlowEvent['type']>(type: Type): EventOf<Type>[]
  /** Resolves with the verdict of the comparison at start; rejects when the flow ends before. */
  compared(): Promise<EventOf<'verdict'>>
  /** As the first SIGTERM does. */
  drain(): Promise<void>
}

/** Table `records`; only the comparison at start, so that it cannot make up for what the ledger misses. */
export function startSync(
  sides: SyncSides,
  { untilCaughtUp = false, postgres: limits, ...options }: SyncRunOptions = {},
): SyncRun {
  const third = sides.c === undefined ? [] : [postgres(sides.c, limits)]
  const databases: Between = [postgres(sides.a, limits), postgres(sides.b, limits), ...third]
  const flow = sync({ table: 'records', compareEveryMs: 1e9, ...options, between: databases })
  const events: FlowEvent[] = []
  const drain = new AbortController()
  const abort = new AbortController()
  const ended = flow.run({
    name: 'mirror',
    observer: (event) => void events.push(event),
    drain: drain.signal,
    abort: abort.signal,
    untilCaughtUp,
  })
  const over = ended.then(
    () => true,
    () => true,
  )
  const of: SyncRun['of'] = (type) => events.filter((event): event is EventOf<typeof type> => event.type === type)
  return {
    flow,
    ended,
    of,
    async compared() {
      const verdict = expect
        .poll(() => of('verdict').length, { timeout: 60_000 })
        .toBeGreaterThan(0)
        .then(() => of('verdict')[0])
      const found = await Promise.race([verdict, ended.then(() => of('verdict')[0])])
      if (found === undefined) throw new Error('the sync ended without a comparison')
      return found
    },
    async drain() {
      drain.abort()
      await ended
    },
    async [Symbol.asyncDispose]() {
      abort.abort()
      await over
      await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
    },
  }
}

/** Waits until the oracle sees no difference; fails with some rows that differ. */
export async function becomeIdentical(
  { a, b, c }: SyncSides,
  { table = 'records', timeoutMs = 60_000 }: { table?: string; timeoutMs?: number } = {},
): Promise<void> {
  for (const other of c === undefined ? [b] : [b, c]) {
    await expect
      .poll(() => tablesIdentical(a, other, table), { timeout: timeoutMs, interval: 200 })
      .toMatchObject({ identical: true, sample: [] })
  }
}
