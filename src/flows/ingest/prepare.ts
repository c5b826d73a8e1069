import type { Batch, Items } from '../../core/batch.js'
import type { Message } from '../../core/message.js'
import type { Rowset } from '../../core/upsert.js'
import { checkSchema } from './check-schema.js'
import { decodeJson, refuseLarge } from './decode-json.js'
import type { IngestItem } from './item.js'
import { faultOf, Rejection, type Step } from './rejection.js'
import { type Routes, routesOf } from './routes.js'
import { type RowsOf, rowsOf } from './rows-of.js'
import type { PrepareSettings } from './settings.js'

export interface Preparing {
  /** The names of the tables of a group; `undefined` for one table. */
  readonly names: readonly string[] | undefined
  /** Told how many messages of a batch were left out, as their type is to be skipped. */
  skipped(lane: string, count: number): void
}

/** Makes items of the messages of a batch: decodes, routes, upcasts, validates and maps. */
export class Preparation {
  readonly #decode: (message: Message) => unknown
  readonly #routes: Routes
  readonly #rowsOf: RowsOf
  readonly #noRows: Rowset['rows']
  readonly #skipped: Preparing['skipped']

  constructor(settings: PrepareSettings, { names, skipped }: Preparing) {
    this.#decode = decoder(settings)
    this.#routes = routesOf(settings)
    this.#rowsOf = rowsOf(names)
    this.#noRows = this.#rowsOf(undefined)
    this.#skipped = skipped
  }

  /**
   * One promise for the batch, as long as the user's functions answer at once. The order stays. Throws only what says
   * nothing about a message: `UnavailableError` of a system that the user's functions ask.
   */
  async prepare(messages: Items<Message>, batch: Pick<Batch<Message>, 'lane'>): Promise<readonly IngestItem[]> {
    const items: IngestItem[] = []
    let skipped = 0
    for (const message of messages) {
      const progress: Progress = { step: 'type' }
      try {
        let rows = this.#rows(message, progress)
        if (rows instanceof Promise) rows = await rows
        if (rows === undefined) skipped++
        else items.push({ message, rows })
      } catch (error) {
        items.push({ message, rows: this.#noRows, fault: faultOf(progress.step, error) })
      }
    }
    if (skipped > 0) this.#skipped(batch.lane, skipped)
    return items
  }

  /** `undefined` for a message that is to be skipped. */
  #rows(message: Message, progress: Progress): Steps<Rowset['rows'] | undefined> {
    if (message.fault !== undefined) {
      progress.step = 'decode'
      throw new Rejection(message.fault.code, message.fault.reason)
    }
    const early = this.#routes.early(message)
    if (early === 'skip') return undefined
    progress.step = 'decode'
    return then(this.#decode(message), (value) => {
      progress.step = 'type'
      const route = early === 'undecided' ? this.#routes.late(message, value) : early
      if (route === 'skip') return undefined
      const { upcast, schema, map } = route
      progress.step = 'upcast'
      return then(upcast === undefined ? value : upcast(value, message), (present) => {
        progress.step = 'schema'
        return then(schema === undefined ? present : checkSchema(schema, present), (checked) => {
          progress.step = 'map'
          return then(map(checked, message), this.#rowsOf)
        })
      })
    })
  }
}

interface Progress {
  step: Step
}

type Steps<Result> = Result | Promise<Result>

/** Goes on at once with what is no promise. */
function then<Result>(value: unknown, next: (value: unknown) => Steps<Result>): Steps<Result> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value instanceof Promise ||
    (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function')
  )
}

function decoder({ decode, limits }: PrepareSettings): (message: Message) => unknown {
  if (decode === undefined) return ({ body }) => decodeJson(body, limits)
  return (message) => {
    refuseLarge(message.body, limits)
    return decode(message.body, message)
  }
}
