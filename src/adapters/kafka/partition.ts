import type { Lane } from '../../core/batch.js'

export interface Partition {
  readonly topic: string
  readonly partition: number
}

/** The lane of a partition. Topic names have no `/`. */
export function laneOf({ topic, partition }: Partition): Lane {
  return `${topic}/${partition}`
}

/** As the clients' `pause` and `resume` want them. */
export function byTopic(partitions: readonly Partition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const known = topics.get(topic)
    if (known === undefined) topics.set(topic, [partition])
    else known.push(partition)
  }
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}
