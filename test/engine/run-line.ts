import {
  type MemorySink,
  type MemorySource,
  memoryCheckpoints,
  memoryDeadLetters,
  memorySink,
  memorySource,
} from 'lockstep/memory'
import type { FlowEvent } from '../../src/core/observer.js'
import type { Line } from '../../src/engine/line.js'
import type { RunOptions } from '../../src/engine/options.js'

export const FLOW = 'flow'

export interface TestRun {
  readonly events: FlowEvent[]
  readonly drain: AbortController
  readonly abort: AbortController
  readonly options: RunOptions
}

/** Options that keep every event and hardly wait. */
export function testRun(options: Partial<RunOptions> = {}): TestRun {
  const events: FlowEvent[] = []
  const drain = new AbortController()
  const abort = new AbortController()
  const observer = (event: FlowEvent) => {
    events.push(event)
  }
  return {
    events,
    drain,
    abort,
    options: {
      observer,
      drain: drain.signal,
      abort: abort.signal,
      retry: { initialMs: 1, maxMs: 2 },
      ...options,
    },
  }
}

export interface MemoryLine extends Line<string> {
  readonly source: MemorySource<string>
  readonly sink: MemorySink<string>
  readonly checkpoints: ReturnType<typeof memoryCheckpoints>
  readonly deadLetters: ReturnType<typeof memoryDeadLetters>
}

/** Items are text and their own keys. */
export function memoryLine(parts: Partial<MemoryLine> = {}): MemoryLine {
  return {
    flow: FLOW,
    source: memorySource<string>({ batchItems: 10 }),
    sink: memorySink<string>({ key: (item) => item }),
    checkpoints: memoryCheckpoints(),
    deadLetters: memoryDeadLetters(),
    describe: (item) => ({ itemKey: item, payload: item }),
    ...parts,
  }
}

export function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`)
}
