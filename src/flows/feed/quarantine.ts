import { DataError } from '../../core/errors.js'
import type { ObjectStore, ObjectWriter } from '../../core/object-store.js'
import type { Rejected } from './rejections.js'

/** A file with a line for each rejected row: key, code and reason. There is none when no row was rejected. */
export class Quarantine {
  readonly #store: ObjectStore | undefined
  readonly #name: string
  readonly #signal: AbortSignal
  #writer: ObjectWriter | undefined

  constructor(store: ObjectStore | undefined, name: string, signal: AbortSignal) {
    this.#store = store
    this.#name = name
    this.#signal = signal
  }

  async write(rejected: readonly Rejected[]): Promise<void> {
    if (this.#store === undefined || rejected.length === 0) return
    this.#writer ??= await this.#store.create(this.#name, {
      contentType: 'application/x-ndjson',
      signal: this.#signal,
    })
    await this.#writer.write(Buffer.from(rejected.map(line).join('')))
  }

  async commit(): Promise<void> {
    await this.#writer?.commit()
  }

  /** What becomes of it when nothing is published because of `error`. Never rejects. */
  async give(error: unknown): Promise<void> {
    // Then somebody wants to know which rows.
    if (error instanceof DataError && error.code === 'feed-rejected') await this.commit().catch(() => undefined)
    await this.#writer?.abort()
  }
}

function line({ key, code, reason }: Rejected): string {
  const text = JSON.stringify({ key, code, reason }, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  return `${text}\n`
}
