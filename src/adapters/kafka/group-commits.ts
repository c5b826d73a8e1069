import type { Lane } from '../../core/batch.js'
import type { GroupMember } from './group-member.js'
import type { Partition } from './partition.js'

/**
 * Tells the group how far the flow is, for tools that show its lag; a start never relies on it where a position is saved.
 * One request at a time, of what is newest when it is sent; failures are ignored, as the next one says more.
 */
export class GroupCommits {
  readonly #member: GroupMember
  #due = new Map<Lane, { topic: string; partition: number; offset: string }>()
  #sending: Promise<void> | undefined

  constructor(member: GroupMember) {
    this.#member = member
  }

  note(lane: Lane, { topic, partition }: Partition, next: bigint): void {
    this.#due.set(lane, { topic, partition, offset: String(next) })
    this.#sending ??= this.#send()
  }

  /** Resolves when all that was noted has been sent, if it can be. */
  async settled(): Promise<void> {
    await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#due.size > 0 && !this.#member.dead) {
      const offsets = [...this.#due.values()]
      this.#due = new Map()
      await this.#member.commit(offsets).catch(() => undefined)
    }
    this.#sending = undefined
  }
}
