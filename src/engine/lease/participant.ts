import { randomUUID } from 'node:crypto'
import type { Instance, LeaseRecord } from '../../core/lease.js'

const NAMELESS: Instance = { name: 'a process', id: randomUUID(), hasEnded: () => false }

/** The ids of those in this process that have not ended. */
const alive = new Set<string>()
let count = 0

/** One run of a flow, as those that want its lease see it. Dispose it when the run is over. */
export class Participant implements Disposable {
  readonly holder: NonNullable<LeaseRecord['holder']>
  readonly #instance: Instance

  constructor(instance: Instance = NAMELESS) {
    this.#instance = instance
    this.holder = { name: instance.name, id: `${instance.id} ${++count}` }
    alive.add(this.holder.id)
  }

  /** Whether this id stands in nobody's way: it is its own, or of a run that is known to be over. */
  mayReplace(id: string): boolean {
    if (id === this.holder.id) return true
    const instance = id.slice(0, id.lastIndexOf(' '))
    return instance === this.#instance.id ? !alive.has(id) : this.#instance.hasEnded(instance)
  }

  [Symbol.dispose](): void {
    alive.delete(this.holder.id)
  }
}
