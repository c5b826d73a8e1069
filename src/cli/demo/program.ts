import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { guardOrphan } from '../../embedded/orphan-guard.js'

const STOP_DEADLINE_MS = 15_000
const KEPT_LINES = 30

export interface ProgramOptions {
  /** Arguments of Node: a script and its own. */
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Called with each line of stderr, where the logs are. */
  log?(line: string): void
}

export interface Outcome {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: string
  /** The last lines of stderr. */
  readonly log: string
}

/** What comes before the arguments of `lockstep`: this very command line. */
export const LOCKSTEP: readonly string[] = [...process.execArgv, process.argv[1] ?? '']

/** A Node process of the demo: `lockstep`, started as a user would, or what feeds it. */
export class Program implements AsyncDisposable {
  readonly pid: number
  readonly ended: Promise<Outcome>
  readonly #child: ChildProcess
  readonly #log: string[] = []
  #stdout = ''

  constructor(options: ProgramOptions) {
    // In a process group of its own: the Ctrl-C is for the demo, which then ends it in order.
    const child = spawn(process.execPath, [...options.args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.pid = child.pid ?? 0
    // A demo that was killed must not leave a load behind that never ends.
    const guard = child.pid === undefined ? undefined : guardOrphan(child.pid, undefined, 'KILL')
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString()
    })
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#log.push(line)
      if (this.#log.length > KEPT_LINES) this.#log.shift()
      options.log?.(line)
    })
    this.ended = this.#outcome().finally(() => guard?.[Symbol.dispose]())
  }

  /** SIGTERM, and SIGKILL when it does not end in time. */
  async stop(): Promise<Outcome> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS)
    try {
      return await this.ended
    } finally {
      clearTimeout(timer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop()
  }

  async #outcome(): Promise<Outcome> {
    // `close` comes after the last byte of both streams; `error` when it could not be started.
    const [exitCode] = await once(this.#child, 'close').catch((error: unknown) => {
      this.#log.push(String(error))
      return [null]
    })
    return { exitCode: typeof exitCode === 'number' ? exitCode : null, stdout: this.#stdout, log: this.#log.join('\n') }
  }
}
