import fc from 'fast-check'
import { memoryCheckpoints, memoryDeadLetters, memorySink, memorySource } from 'lockstep/memory'
import { describe, expect, it } from 'vitest'
import type { Batch, Lane } from '../../src/core/batch.js'
import { ConflictError, UnavailableError } from '../../src/core/errors.js'
import { type Outcome, run } from '../../src/engine/run.js'
import { FLOW, type MemoryLine, memoryLine, testRun } from './run-line.js'

/** What may happen at a point where the engine calls out. */
type Fault = 'none' | 'unavailable' | 'lost-answer' | 'conflict' | 'hang' | 'bug' | 'abort' | 'drain'

interface Scenario {
  readonly lanes: readonly (readonly ('good' | 'bad')[])[]
  readonly faults: readonly Fault[]
  readonly batchItems: number
  readonly transactional: boolean
  readonly namesBad: boolean
  readonly resume: 'checkpoint' | 'acknowledge'
  readonly maxInFlightBatches: number
  readonly maxItemsTogether: number
}

const fault = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>('none') },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Fault>('unavailable', 'lost-answer', 'conflict', 'hang', 'bug', 'abort', 'drain'),
  },
)

const scenario: fc.Arbitrary<Scenario> = fc.record({
  lanes: fc.array(
    fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.constant('good' as const) },
        { weight: 1, arbitrary: fc.constant('bad' as const) },
      ),
      { maxLength: 40 },
    ),
    { minLength: 1, maxLength: 4 },
  ),
  faults: fc.array(fault, { maxLength: 60 }),
  batchItems: fc.integer({ min: 1, max: 12 }),
  transactional: fc.boolean(),
  namesBad: fc.boolean(),
  resume: fc.constantFrom('checkpoint' as const, 'acknowledge' as const),
  maxInFlightBatches: fc.integer({ min: 1, max: 6 }),
  maxItemsTogether: fc.constantFrom(0, 10, 30),
})

/** One world: what outlives the runs, and the checks that must hold at every moment. */
class World {
  readonly #scenario: Scenario
  readonly #faults: Fault[]
  readonly #stored = new Set<string>()
  readonly #order = new Map<Lane, number[]>()
  readonly line: MemoryLine
  /** The run that is going on; a fault may end it. */
  current = testRun()

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#faults = [...scenario.faults]
    const sink = memorySink<string>({
      key: (item) => item,
      transactional: scenario.transactional,
      namesBad: scenario.namesBad,
      refuse: (item) => (item.startsWith('bad') ? 'check-violation' : undefined),
    })
    const source = memorySource<string>({
      batchItems: scenario.batchItems,
      resume: scenario.resume,
      fault: () => this.#sourceFault(),
    })
    this.line = memoryLine({ sink, source, checkpoints: memoryCheckpoints(), deadLetters: memoryDeadLetters() })
    for (const [lane, items] of scenario.lanes.entries()) source.append(`lane ${lane}`, this.items(lane, items))
    source.end()
    this.#disturb()
  }

  items(lane: number, kinds: readonly string[]): readonly string[] {
    return kinds.map((kind, at) => `${kind} ${lane} ${at}`)
  }

  get all(): readonly string[] {
    return this.#scenario.lanes.flatMap((items, lane) => this.items(lane, items))
  }

  get outcome(): readonly string[] {
    return [...this.line.sink.items, ...this.line.deadLetters.letters.map(({ itemKey }) => itemKey)]
  }

  /** For each lane, the places of its items in the order in which they were first stored. */
  get order(): readonly (readonly number[])[] {
    return [...this.#order.values()]
  }

  /** Wraps every call the engine makes, so that faults strike there and checks are made there. */
  #disturb(): void {
    const { sink, source, checkpoints, deadLetters } = this.line
    const inFlight = new Set<Lane>()
    const write = sink.write.bind(sink)
    sink.write = async (batch, context) => {
      expect(inFlight.has(batch.lane)).toBe(false)
      inFlight.add(batch.lane)
      try {
        await this.#strike(async () => {
          await write(batch, context)
          this.#note(batch)
        }, context.signal)
      } finally {
        inFlight.delete(batch.lane)
      }
    }
    const acknowledge = source.acknowledge.bind(source)
    source.acknowledge = async (batch) => {
      await this.#expectAllStored(batch)
      await this.#strike(() => acknowledge(batch))
    }
    const save = checkpoints.save.bind(checkpoints)
    checkpoints.save = (...saved) => this.#strike(() => save(...saved))
    const store = deadLetters.store.bind(deadLetters)
    deadLetters.store = (letters) => this.#strike(() => store(letters))
  }

  #note(batch: Batch<string>): void {
    const order = this.#order.get(batch.lane) ?? []
    this.#order.set(batch.lane, order)
    for (const item of batch.items) {
      if (!this.#stored.has(item)) order.push(Number(item.split(' ')[2]))
      this.#stored.add(item)
    }
  }

  /** Nothing is acknowledged, and no checkpoint is ahead, of what is stored or a dead letter. */
  async #expectAllStored(batch: Batch<string>): Promise<void> {
    const settled = new Set(this.outcome)
    expect([...batch.items].filter((item) => !settled.has(item))).toEqual([])
    await this.expectCheckpointsBehind()
  }

  async expectCheckpointsBehind(): Promise<void> {
    const saved = await (this.line.sink.checkpoints ?? this.line.checkpoints).load(FLOW)
    const settled = new Set(this.outcome)
    for (const [lane, kinds] of this.#scenario.lanes.entries()) {
      const reached = this.items(lane, kinds).slice(0, Number(saved.get(`lane ${lane}`) ?? 0))
      expect(reached.filter((item) => !settled.has(item))).toEqual([])
    }
  }

  #sourceFault(): Error | undefined {
    return this.#faults.shift() === 'unavailable' ? new UnavailableError('gone', 'the broker went away') : undefined
  }

  async #strike(work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const next = this.#faults.shift() ?? 'none'
    if (next === 'drain') this.current.drain.abort()
    if (next === 'abort') this.current.abort.abort()
    signal?.throwIfAborted()
    if (next === 'unavailable') throw new UnavailableError('gone', 'the server went away')
    if (next === 'conflict') throw new ConflictError('checkpoint-moved', 'another instance')
    if (next === 'bug') throw new TypeError('a bug')
    // A call that hangs is one that its signal ends; others are left behind by their deadline.
    if (next === 'hang') await new Promise((_, reject) => signal?.addEventListener('abort', reject, { once: true }))
    await work()
    if (next === 'lost-answer') throw new UnavailableError('gone', 'the answer was lost')
  }

  /** Starts the flow again and again until it finishes, as a supervisor would. */
  async live(): Promise<readonly (Outcome | 'failed')[]> {
    const lives: (Outcome | 'failed')[] = []
    while (lives.at(-1) !== 'finished') {
      expect(lives.length).toBeLessThan(100)
      const { maxInFlightBatches, maxItemsTogether } = this.#scenario
      this.current = testRun({
        maxInFlightBatches,
        maxItemsTogether,
        maxBufferedBatches: 3,
        writeDeadlineMs: 4,
        stateDeadlineMs: 4,
        closeDeadlineMs: 50,
        retry: { initialMs: 1, maxMs: 1 },
      })
      lives.push(await run(this.line, this.current.options).catch((error: unknown) => this.#died(error)))
      await this.expectCheckpointsBehind()
    }
    return lives
  }

  #died(error: unknown): 'failed' {
    if (error instanceof ConflictError || (error instanceof TypeError && error.message === 'a bug')) return 'failed'
    throw error
  }
}

describe('run, whatever happens', () => {
  it('stores or dead-letters every item, in order, with no checkpoint ahead', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        const world = new World(drawn)
        await world.live()
        expect([...world.outcome].sort()).toEqual([...world.all].sort())
        expect(world.line.sink.items.some((item) => item.startsWith('bad'))).toBe(false)
        for (const order of world.order) expect(order).toEqual([...order].sort((left, right) => left - right))
        for (const [lane, kinds] of drawn.lanes.entries()) {
          expect(world.line.source.acknowledged(`lane ${lane}`)).toBe(kinds.length)
        }
      }),
      { numRuns: 150, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    )
  }, 30_000)
})
