import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const CONFIG = fileURLToPath(new URL('lockstep.config.ts', import.meta.url))
/** After SIGTERM. */
const ENDS_WITHIN_MS = 10_000
const TOLD_CHARACTERS = 4_000

export interface CliRun {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** A process of the built product, over the config beside this file. Disposing ends it. */
export class CliProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #name: string
  readonly #ended: Promise<number | NodeJS.Signals>
  #out = ''
  #complaints = ''

  constructor({ args, env, signal }: CliRun) {
    this.#name = `lockstep ${args.join(' ')}`
    this.#child = spawn(process.execPath, [MAIN, ...args, '--config', CONFIG], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    })
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#out += chunk.toString()
    })
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-TOLD_CHARACTERS)
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, killedBy) => resolve(code ?? killedBy ?? 'SIGKILL'))
    })
    // Whoever waits for its end gets the error.
    this.#ended.catch(() => undefined)
  }

  /** All that it printed on stdout, once it has ended with this exit code. */
  async output(exitCode: number): Promise<string> {
    const ended = await this.#ended
    if (ended !== exitCode) throw this.#failure(ended)
    return this.#out
  }

  /** For one that is to run until it is disposed: rejects when it ends before. */
  async failed(): Promise<never> {
    throw this.#failure(await this.#ended)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    const late = new AbortController()
    const killing = delay(ENDS_WITHIN_MS, undefined, { signal: late.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined,
    )
    await this.#ended.catch(() => undefined)
    late.abort()
    await killing
  }

  #failure(ended: number | NodeJS.Signals): Error {
    const said = `${this.#out.slice(-TOLD_CHARACTERS)}\n${this.#complaints}`.trim()
    return new Error(`${this.#name} ended with ${ended}:\n${said}`)
  }
}
