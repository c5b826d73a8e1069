import type { RepairTable } from '../../../core/repair.js'
import type { Row } from '../../../core/table.js'
import type { Planned } from './plan-changes.js'

/** Statements in one transaction of the script. */
const BATCH = 500

export interface ScriptOptions {
  readonly flow: string
  /** What wrote it. Default `lockstep check <flow> --repair sql`. */
  readonly origin?: string
  /** What is compared, and which of it is changed, in words. */
  readonly subject: string
  readonly write: (text: string) => void
}

/** Writes guarded statements as they are planned, in transactions of some hundred. */
export class RepairScript {
  readonly #target: RepairTable
  readonly #options: ScriptOptions
  #inBatch = 0
  #statements = 0

  constructor(target: RepairTable, options: ScriptOptions) {
    this.#target = target
    this.#options = options
    const { howTo, settings } = target.frame
    for (const line of [
      `${options.origin ?? `lockstep check ${options.flow} --repair sql`}, begun ${new Date().toISOString()}`,
      `${options.subject}; changes ${target.label}`,
      ...howTo.map((line) => `Read it, then run it: ${line}`),
      'Each statement does nothing when its row is no longer as it was compared, so the script may be run late, and again.',
      'How many statements there are is said at the end; without that line the script is not whole.',
    ])
      this.#comment(line)
    for (const setting of settings) options.write(setting)
  }

  add({ changes, kept, problems, moved }: Planned): void {
    for (const change of changes) {
      if (this.#inBatch === 0) this.#options.write(this.#target.frame.begin)
      this.#options.write(this.#target.statement(change))
      this.#statements += 1
      this.#inBatch += 1
      if (this.#inBatch === BATCH) this.#commit()
    }
    for (const key of kept)
      this.#comment(`kept, as only this side has it and deleting was not asked for: ${printed(key)}`)
    for (const { key, reason } of problems) this.#comment(`not repairable: ${printed(key)}: ${reason}`)
    for (const key of moved) this.#comment(`changed since it was compared: ${printed(key)}`)
  }

  end(): void {
    this.#commit()
    this.#comment(`${this.#statements} statements, written ${new Date().toISOString()}`)
  }

  comment(text: string): void {
    this.#comment(text)
  }

  #commit(): void {
    if (this.#inBatch > 0) this.#options.write(this.#target.frame.commit)
    this.#inBatch = 0
  }

  #comment(text: string): void {
    this.#options.write(`-- ${text.replaceAll(/[\r\n]+/g, ' ')}`)
  }
}

/** In one line, whatever is in it. */
function printed(key: Row): string {
  return JSON.stringify(key).replaceAll(/[\u0080-\u009f\u2028\u2029]/g, ' ')
}
