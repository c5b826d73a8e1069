import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { isRoot, NOBODY } from './folders.js'
import { guardOrphan, letGo } from './orphan-guard.js'
import { freezeFamily, killFamily } from './process-family.js'

const START_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 20_000
const LOG_CHARACTERS = 20_000

export interface ServerProgram {
  /** `PostgreSQL` */
  readonly product: string
  /** What it writes to stderr once it accepts connections. */
  readonly ready: RegExp
  /** A folder that goes away with this process, also when that is killed. */
  readonly temporary: string | undefined
  /** What is thrown when `what` went wrong. */
  failure(what: string, log: string): Error
}

/**
 * A database server as a process of ours: started, stopped, killed, frozen, and started again. It ends with this process
 * and does not keep it alive. As root it runs as nobody.
 */
export class ServerProcess {
  readonly #program: ServerProgram
  #process: ChildProcess | undefined
  #log = ''

  constructor(program: ServerProgram) {
    this.#program = program
  }

  /** While it runs. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** The end of what it and the programs of `run` have written. */
  get log(): string {
    return this.#log
  }

  /** Runs a program to its end, and throws when that is a failure. `name`: what errors call it. */
  async run(name: string, path: string, args: readonly string[]): Promise<void> {
    const child = this.#spawn(path, args)
    const [code] = await once(child, 'exit').catch((error: unknown) => [error])
    if (code !== 0) throw this.#failure(`${name} failed (${String(code)})`)
  }

  /** Resolves when it accepts connections. */
  async start(path: string, args: readonly string[]): Promise<void> {
    const child = this.#spawn(path, args)
    this.#process = child
    const guard = child.pid === undefined ? undefined : guardOrphan(child.pid, this.#program.temporary)
    const over = (): void => {
      guard?.[Symbol.dispose]()
      if (this.#process === child) this.#process = undefined
    }
    child.once('exit', over)
    child.once('error', over)
    try {
      await this.#ready(child)
    } catch (error) {
      await this.kill()
      throw error
    }
    letGo(child)
  }

  /** Asks it to end, and insists when it does not. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    child.ref()
    const late = setTimeout(() => void this.kill(), STOP_DEADLINE_MS)
    child.kill(signal)
    await exited(child)
    clearTimeout(late)
  }

  /** SIGKILL to it and all its children. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child?.pid === undefined) return
    child.ref()
    const exit = exited(child)
    await killFamily(child.pid)
    await exit
  }

  /** SIGSTOP (or SIGCONT) to it and all its children: connections stay open and nothing answers. */
  async freeze(frozen: boolean): Promise<void> {
    if (this.pid !== undefined) await freezeFamily(this.pid, frozen)
  }

  #spawn(path: string, args: readonly string[]): ChildProcess {
    const user: SpawnOptions = isRoot() ? { uid: NOBODY, gid: NOBODY } : {}
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }
    // Of its own session: Ctrl-C in the terminal is for us, and we stop it when we are done.
    const child = spawn(path, args, { ...user, cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (text: unknown): void => {
      this.#log = (this.#log + String(text)).slice(-LOG_CHARACTERS)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('error', keep)
    return child
  }

  async #ready(child: ChildProcess): Promise<void> {
    const settled = new AbortController()
    const late = setTimeout(() => settled.abort('in time'), START_DEADLINE_MS)
    try {
      await new Promise<void>((resolve, reject) => {
        let text = ''
        const look = (chunk: unknown): void => {
          text += String(chunk)
          if (this.#program.ready.test(text)) resolve()
        }
        child.stderr?.on('data', look)
        child.once('exit', reject)
        child.once('error', reject)
        settled.signal.addEventListener('abort', () => {
          child.stderr?.off('data', look)
          child.off('exit', reject)
          child.off('error', reject)
          reject()
        })
      })
    } catch {
      throw this.#failure(`${this.#program.product} did not start`)
    } finally {
      clearTimeout(late)
      settled.abort()
    }
  }

  #failure(what: string): Error {
    return this.#program.failure(what, this.#log)
  }
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
