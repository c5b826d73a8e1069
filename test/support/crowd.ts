import { setTimeout } from 'node:timers/promises'
import type { RunningCli } from './built-cli.js'
import type { Random } from './hostile/random.js'

/** What may happen to a crowd: one more comes, one is killed (`kill -9`), one is frozen (SIGSTOP), all that are frozen go on. */
export type Act = 'join' | 'kill' | 'freeze' | 'thaw'

/** More do not come. */
const MOST = 4

/** Processes that do one work together, or stand by for each other. */
export class Crowd {
  readonly #start: () => RunningCli
  readonly #random: Random
  readonly #running: RunningCli[] = []
  readonly #frozen: RunningCli[] = []
  /** What has happened, in order. */
  readonly acts: Act[] = []

  constructor(start: () => RunningCli, random: Random) {
    this.#start = start
    this.#random = random
  }

  /** To whom it happens is by chance; one goes on always. */
  async perform(act: Act): Promise<void> {
    this.acts.push(act)
    if (act === 'join') return void this.#running.push(this.#start())
    if (act === 'kill') return this.#kill()
    if (act === 'freeze') return this.#freeze()
    this.#thaw()
  }

  /** Acts by chance for so long. */
  async rage(seconds: number): Promise<void> {
    for (const until = Date.now() + seconds * 1_000; Date.now() < until; ) {
      await setTimeout(this.#random.integer(500, 4_000))
      await this.perform(this.#random.pick(this.#possible()))
    }
  }

  /** Ends all as a scheduler does; answers their exit codes. */
  async stop(): Promise<readonly (number | null)[]> {
    this.#thaw()
    return Promise.all(
      this.#running.map(async ({ process, ended, printed }) => {
        // Before that nobody listens for signals; one that has ended needs none.
        await printed('"event":"flow.').catch(() => undefined)
        process.kill('SIGTERM')
        return (await ended).code
      }),
    )
  }

  #possible(): readonly Act[] {
    const [running, frozen] = [this.#running.length, this.#frozen.length]
    return [
      // They are to be few for as short as they are many.
      ...(running + frozen < MOST ? (['join', 'join', 'join'] as const) : []),
      ...(running > 1 ? (['kill', 'freeze'] as const) : []),
      ...(frozen > 0 ? (['thaw'] as const) : []),
    ]
  }

  async #kill(): Promise<void> {
    const victim = this.#takeOne()
    victim.process.kill('SIGKILL')
    await victim.ended
  }

  #freeze(): void {
    const victim = this.#takeOne()
    victim.process.kill('SIGSTOP')
    this.#frozen.push(victim)
  }

  #takeOne(): RunningCli {
    const [victim] = this.#running.splice(this.#random.integer(0, this.#running.length - 1), 1)
    if (victim === undefined || this.#running.length === 0) throw new Error('one goes on always')
    return victim
  }

  #thaw(): void {
    for (const one of this.#frozen.splice(0)) {
      one.process.kill('SIGCONT')
      this.#running.push(one)
    }
  }
}
