import type { Observer } from '../core/observer.js'

/**
 * Says when a subject (a database, a broker) turns red and when green again. It is red while any of its users (lanes)
 * fails, so that one lane's success does not hide another's failure and events are not sent in turns.
 */
export class Health {
  readonly #flow: string
  readonly #observer: Observer
  readonly #failing = new Map<string, Set<string>>()

  constructor(flow: string, observer: Observer) {
    this.#flow = flow
    this.#observer = observer
  }

  failed(subject: string, user: string, reason: string): void {
    const users = this.#failing.get(subject)
    if (users !== undefined) {
      users.add(user)
      return
    }
    this.#failing.set(subject, new Set([user]))
    this.#observer({ flow: this.#flow, type: 'health', subject, healthy: false, reason })
  }

  worked(subject: string, user: string): void {
    const users = this.#failing.get(subject)
    if (!users?.delete(user) || users.size > 0) return
    this.#failing.delete(subject)
    this.#observer({ flow: this.#flow, type: 'health', subject, healthy: true, reason: undefined })
  }
}
