import type { Batch, Checkpoints, Lane } from '../../core/batch.js'
import type { FlowEvent, Observer } from '../../core/observer.js'
import type { Source } from '../../core/source.js'

/** From which side to which, by their places in `between`, of so many. */
export interface DirectionName {
  readonly from: number
  readonly to: number
  readonly of: number
}

/** For people: `>` to the right and `<` to the left, of two sides; of more, `1>3` from the first to the third. */
export function nameOf({ from, to, of }: DirectionName): string {
  if (of === 2) return from < to ? '>' : '<'
  return `${from + 1}>${to + 1}`
}

/** Names the lanes of what happens in one direction, of two sides. */
export function marked(observer: Observer, name: DirectionName): Observer {
  // Of more sides the lanes themselves have the name.
  if (name.of !== 2) return observer
  const mark = nameOf(name)
  return (event: FlowEvent) => observer('lane' in event ? { ...event, lane: `${mark} ${event.lane}` } : event)
}

/**
 * The same source, its lanes named by the direction: with more than two sides several save positions and dead letters in
 * one database. With two there is nobody else, and lanes keep the names under which earlier versions saved positions.
 */
export function lanesNamed<Item>(source: Source<Item>, name: DirectionName): Source<Item> {
  if (name.of === 2) return source
  const prefix = `${nameOf(name)} `
  const originals = new WeakMap<Batch<Item>, Batch<Item>>()
  return {
    async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Item>> {
      for await (const batch of source.read(withoutPrefix(from, prefix), signal)) {
        const named = { ...batch, lane: `${prefix}${batch.lane}` }
        originals.set(named, batch)
        yield named
      }
    },
    acknowledge: (batch) => source.acknowledge(originals.get(batch) ?? batch),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

function withoutPrefix(from: Checkpoints, prefix: string): Checkpoints {
  const own = [...from].filter(([lane]) => lane.startsWith(prefix))
  return new Map(own.map(([lane, position]): [Lane, string] => [lane.slice(prefix.length), position]))
}
