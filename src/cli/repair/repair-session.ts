import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { ConfigError } from '../../core/errors.js'
import type { RepairOptions, RepairPlan, RepairReport, Side } from '../../core/repair.js'
import type { Io } from '../io.js'
import { renderPlan } from '../render/repair-report.js'

export interface RepairArguments {
  readonly mode: RepairOptions['mode']
  readonly side?: Side
  readonly output?: string
  readonly delete?: boolean
  readonly maxRepairs: number
  readonly yes?: boolean
}

/** Where the script of a repair goes, or who is asked before it is made. */
export class RepairSession implements AsyncDisposable {
  readonly options: RepairOptions
  readonly #io: Io
  readonly #args: RepairArguments
  readonly #file: WriteStream | undefined

  private constructor(io: Io, args: RepairArguments, file: WriteStream | undefined) {
    this.#io = io
    this.#args = args
    this.#file = file
    this.options = {
      mode: args.mode,
      ...(args.side === undefined ? {} : { side: args.side }),
      delete: args.delete === true,
      maxRepairs: args.maxRepairs,
      write: (text) => (file === undefined ? io.out(text) : void file.write(`${text}\n`)),
      confirm: (plan) => this.#confirm(plan),
    }
  }

  static async open(io: Io, args: RepairArguments): Promise<RepairSession> {
    if (args.output === undefined || args.mode === 'apply') return new RepairSession(io, args, undefined)
    // It holds rows.
    const file = createWriteStream(args.output, { mode: 0o600 })
    await new Promise<void>((resolve, reject) => {
      file.once('open', () => resolve())
      file.once('error', (cause) => reject(unwritable(args.output ?? '', cause)))
    })
    return new RepairSession(io, args, file)
  }

  get usesStdout(): boolean {
    return this.#args.mode === 'sql' && this.#file === undefined
  }

  /** Resolves once the script is written. */
  async end(): Promise<void> {
    if (this.#file === undefined || this.#file.writableEnded) return
    this.#file.end()
    await finished(this.#file)
  }

  /** Throws when it was not done because nobody could be asked. */
  checkConfirmed(report: RepairReport | undefined): void {
    const nobody = this.#args.yes !== true && this.#io.ask === undefined
    if (this.#args.mode === 'apply' && report !== undefined && report.planned > 0 && !report.applied && nobody) {
      throw new ConfigError({
        code: 'repair-unconfirmed',
        key: '--repair apply',
        message: 'nobody is at a terminal to confirm it, so nothing was changed',
        fix: 'add --yes to make the changes that are shown',
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  async #confirm(plan: RepairPlan): Promise<boolean> {
    this.#io.err(renderPlan(plan))
    if (this.#args.yes === true) return true
    const answer = await this.#io.ask?.('Make these changes? [y/N] ')
    return /^y(es)?$/i.test(answer?.trim() ?? '')
  }
}

function unwritable(file: string, cause: unknown): ConfigError {
  const message = `${file} cannot be written`
  return new ConfigError({
    code: 'output-unwritable',
    key: '--output',
    message,
    fix: 'name a file in a folder that is there',
    cause,
  })
}
