import { setTimeout as delay } from 'node:timers/promises'
import type { v1 } from '@google-cloud/pubsub'
import { ackFailures, isPassing, isSilence } from './errors.js'
import type { Link } from './link.js'

/** Of acknowledgement ids in a request; the server takes 512 KiB. */
const REQUEST_BYTES = 400 * 1024
const CALL_MS = 5_000
/** Below the engine's deadline for an acknowledgement. */
const ACKNOWLEDGE_MS = 12_000
const RETRY_MS = 200

/** The unary calls of a subscription, each with a deadline. */
export class SubscriberCalls {
  readonly #link: Link<v1.SubscriberClient>
  readonly subscription: string
  /** When the server last showed that it is there; `performance.now()`. */
  heardAt = 0

  constructor(link: Link<v1.SubscriberClient>, subscription: string) {
    this.#link = link
    this.subscription = subscription
  }

  /**
   * Resolves when the server has confirmed all of them. Ids whose lease ran out count as done: their messages come again,
   * whatever we do.
   */
  async acknowledge(ackIds: readonly string[]): Promise<void> {
    const giveUpAt = performance.now() + ACKNOWLEDGE_MS
    for (const ids of chunks(ackIds)) {
      for (let left = ids; left.length > 0; ) {
        try {
          await this.#call(CALL_MS, (client, options) =>
            client.acknowledge({ subscription: this.subscription, ackIds: left }, options),
          )
          left = []
        } catch (error) {
          const failures = ackFailures(error)
          if (failures !== undefined) left = left.filter((id) => failures.get(id)?.startsWith('TRANSIENT_'))
          else if (!isPassing(error)) throw error
          if (left.length > 0 && performance.now() > giveUpAt) throw error
          if (left.length > 0) await delay(RETRY_MS)
        }
      }
    }
  }

  /** Renews leases, or with 0 hands messages back. Ids whose lease ran out are left out in silence. */
  async modify(ackIds: readonly string[], leaseMs: number, deadlineMs = CALL_MS): Promise<void> {
    const ackDeadlineSeconds = Math.round(leaseMs / 1000)
    for (const ids of chunks(ackIds)) {
      try {
        await this.#call(deadlineMs, (client, options) =>
          client.modifyAckDeadline({ subscription: this.subscription, ackIds: ids, ackDeadlineSeconds }, options),
        )
      } catch (error) {
        if (ackFailures(error) === undefined) throw error
      }
    }
  }

  /** What the server knows of the subscription. */
  async describe(deadlineMs: number) {
    return this.#call(deadlineMs, async (client, options) => {
      const [found] = await client.getSubscription({ subscription: this.subscription }, options)
      return found
    })
  }

  async #call<Result>(
    timeout: number,
    work: (client: v1.SubscriberClient, options: { timeout: number; retry: null }) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.#link.client()
    try {
      const result = await work(client, { timeout, retry: null })
      this.heardAt = performance.now()
      return result
    } catch (error) {
      if (isSilence(error)) await this.#link.suspect(client)
      else this.heardAt = performance.now()
      throw error
    }
  }
}

function* chunks(ackIds: readonly string[]): Generator<string[]> {
  let start = 0
  let bytes = 0
  for (let at = 0; at < ackIds.length; at++) {
    const size = (ackIds[at]?.length ?? 0) + 4
    if (bytes + size > REQUEST_BYTES) {
      yield ackIds.slice(start, at)
      start = at
      bytes = 0
    }
    bytes += size
  }
  if (start < ackIds.length) yield ackIds.slice(start)
}
