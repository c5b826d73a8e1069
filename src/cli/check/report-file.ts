import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { ConfigError } from '../../core/errors.js'

/** A result that goes into a file: it is there as a whole, once `keep` is called, or not at all. */
export class ReportFile implements AsyncDisposable {
  readonly #path: string
  readonly #partial: string
  readonly #stream: ReturnType<typeof createWriteStream>
  readonly #ended: Promise<unknown>

  constructor(cwd: string, path: string) {
    this.#path = resolve(cwd, path)
    this.#partial = `${this.#path}.${randomBytes(4).toString('hex')}.partial`
    this.#stream = createWriteStream(this.#partial, { flags: 'wx', mode: 0o600 })
    this.#ended = finished(this.#stream).then(
      () => undefined,
      (error: unknown) => error,
    )
  }

  readonly line = (text: string): void => {
    this.#stream.write(`${text}\n`)
  }

  /** Puts the file in place of what was there. */
  async keep(): Promise<void> {
    this.#stream.end()
    const failure = await this.#ended
    if (failure !== undefined) throw this.#unwritable(failure)
    await rename(this.#partial, this.#path).catch((error: unknown) => {
      throw this.#unwritable(error)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.destroy()
    await this.#ended
    await rm(this.#partial, { force: true })
  }

  #unwritable(cause: unknown): ConfigError {
    return new ConfigError({
      code: 'output-unwritable',
      key: '--output',
      message: `the file cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      fix: 'name a file in a folder that is there and may be written to',
      cause,
    })
  }
}
