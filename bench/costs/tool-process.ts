import { type ChildProcess, fork } from 'node:child_process'
import { on } from 'node:events'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { peakMemoryBytes, processorSeconds } from './processor-time.js'

const TOOL = fileURLToPath(new URL('tool.mjs', import.meta.url))
const DEADLINE_MS = 300_000

/** What `tool.mjs` is told to run. */
export interface Job {
  readonly kind: 'sync' | 'check' | 'references' | 'feed' | 'ingest'
  readonly source?: string
  readonly target?: string
  readonly path?: string
  /** Of a flow that does not end by itself: after so many items. */
  readonly items?: number
  readonly from?: Readonly<Record<string, unknown>>
}

const Wire = z.object({ received: z.number(), sent: z.number() })
/** Bytes that went over the tool's connections to one port. */
export type Wire = z.infer<typeof Wire>

const Told = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('compared') }),
  z.object({ type: z.literal('failed'), reason: z.string() }),
  z.object({
    type: z.literal('done'),
    seconds: z.number(),
    wire: z.record(z.string(), Wire),
    verdict: z.string().optional(),
  }),
])
type Told = z.infer<typeof Told>

/** The built product in a process of its own, whose costs can be read. Started with its modules loaded. */
export class ToolProcess implements Disposable {
  readonly #child: ChildProcess
  readonly #pid: number
  readonly #messages: AsyncIterator<unknown[]>

  private constructor(child: ChildProcess) {
    if (child.pid === undefined) throw new Error('the tool did not start')
    this.#child = child
    this.#pid = child.pid
    this.#messages = on(child, 'message', { close: ['exit'], signal: AbortSignal.timeout(DEADLINE_MS) })
  }

  static async start(): Promise<ToolProcess> {
    // The command line sets it for itself (src/cli/small-heap.ts).
    const tool = new ToolProcess(fork(TOOL, { execArgv: ['--heap-growing-percent=100'] }))
    await tool.told('ready')
    return tool
  }

  begin(job: Job): void {
    this.#child.send(job)
  }

  /** Resolves when it tells this; rejects with what failed. */
  async told<Type extends Told['type']>(type: Type): Promise<Extract<Told, { type: Type }>> {
    for (;;) {
      const { value, done } = await this.#messages.next()
      if (done === true) throw new Error('the tool ended')
      const told = Told.parse(value[0])
      if (isOf(told, type)) return told
      if (told.type === 'failed') throw new Error(`the tool failed: ${told.reason}`)
    }
  }

  processorSeconds(): Promise<number> {
    return processorSeconds(this.#pid)
  }

  peakMemoryBytes(): Promise<number> {
    return peakMemoryBytes(this.#pid)
  }

  [Symbol.dispose](): void {
    if (this.#child.connected) this.#child.disconnect()
    this.#child.kill()
  }
}

function isOf<Type extends Told['type']>(told: Told, type: Type): told is Extract<Told, { type: Type }> {
  return told.type === type
}
