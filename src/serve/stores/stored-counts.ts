import type { FlowStored } from '../../client/wire/flow.js'
import { ConfigError } from '../../core/errors.js'
import { deadline } from '../../engine/deadline.js'
import { type Desk, STORE_DEADLINE_MS } from '../desk.js'

/** So old an answer is given without asking again. */
const FRESH_MS = 2_000
/** So long a request waits for a new one, before it takes what was known. */
const PATIENCE_MS = 500

interface Known {
  counts: FlowStored | null
  askedMs: number
  asking: Promise<void> | undefined
}

/** How many dead letters and conflicts the stores of each flow hold. A slow database makes nobody wait. */
export class StoredCounts {
  readonly #desk: Desk
  readonly #known = new Map<string, Known>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** What was known last, without asking. */
  last(flow: string): FlowStored | null {
    return this.#known.get(flow)?.counts ?? null
  }

  async of(flow: string): Promise<FlowStored | null> {
    const known = this.#known.get(flow) ?? { counts: null, askedMs: 0, asking: undefined }
    this.#known.set(flow, known)
    if (known.asking === undefined && Date.now() - known.askedMs > FRESH_MS) {
      known.asking = this.#ask(flow, known).finally(() => {
        known.asking = undefined
      })
    }
    if (known.asking !== undefined) await atMost(PATIENCE_MS, known.asking)
    return known.counts
  }

  /** Never rejects: what cannot be asked is not known. */
  async #ask(flow: string, known: Known): Promise<void> {
    const limit = { what: `the counts of flow ${flow}`, ms: STORE_DEADLINE_MS, signal: this.#desk.abort }
    try {
      known.counts = await deadline(limit, () => count(this.#desk, flow))
    } catch {
      known.counts = null
    }
    known.askedMs = Date.now()
  }
}

async function count(desk: Desk, name: string): Promise<FlowStored> {
  const letters = [...new Set(desk.flows.get(name)?.deadLetters)]
  const states = desk.stateOf(name).map(({ state }) => state)
  const [deadLetters, held, conflicts] = await Promise.all([
    total(letters.map((store) => store.count(name, ['dead']))),
    total(letters.map((store) => store.count(name, ['held']))),
    total(states.map((state) => state.conflicts.count(name))),
  ])
  return { deadLetters, held, conflicts, at: new Date().toISOString() }
}

async function total(counts: readonly Promise<number>[]): Promise<number> {
  const all = await Promise.all(counts.map((each) => each.catch(noneYet)))
  return all.reduce((sum, each) => sum + each, 0)
}

/** The state tables are made by the first run. */
function noneYet(error: unknown): number {
  if (error instanceof ConfigError && error.code === 'table-missing') return 0
  throw error
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, over])
  clearTimeout(timer)
}
