import type { Checkpoints, Lane, Position } from '../../core/batch.js'
import { ConfigError } from '../../core/errors.js'
import type { StreamOptions } from '../../core/stream.js'
import type { Watermarks } from './broker.js'
import type { StreamSettings } from './options.js'
import { laneOf, type Partition } from './partition.js'

export interface Start extends Partition {
  readonly lane: Lane
  readonly offset: bigint
  /** No position is saved, and a later start would choose another offset: save this one at once. */
  readonly keep: boolean
}

export interface Known {
  readonly saved: Checkpoints
  readonly marks: ReadonlyMap<Lane, Watermarks>
  /** Only asked for where it counts. */
  readonly committed: ReadonlyMap<Lane, bigint>
}

/** What is to be read next in a lane, and what is there. */
interface Next {
  readonly lane: Lane
  readonly offset: bigint
  readonly marks: Watermarks | undefined
}

type GapRules = Pick<StreamSettings, 'onGap' | 'groupId'> & Pick<StreamOptions, 'notice'>

/**
 * Where each partition begins. A saved position is the truth, as it was stored with the rows; what the group committed
 * is only the next best thing, and counts only where not everything is wanted anyway.
 */
export function startPositions(
  partitions: readonly Partition[],
  known: Known,
  rules: GapRules & Pick<StreamSettings, 'fromBeginning'>,
): readonly Start[] {
  return partitions.map((partition) => {
    const lane = laneOf(partition)
    const marks = known.marks.get(lane)
    const saved = known.saved.get(lane)
    if (saved !== undefined) {
      return {
        ...partition,
        lane,
        offset: afterGap({ lane, offset: offsetOf(lane, saved), marks }, rules),
        keep: false,
      }
    }
    if (rules.fromBeginning || isNew(partition, known)) {
      return { ...partition, lane, offset: marks?.low ?? 0n, keep: false }
    }
    const committed = known.committed.get(lane)
    const offset = committed === undefined ? (marks?.high ?? 0n) : afterGap({ lane, offset: committed, marks }, rules)
    return { ...partition, lane, offset, keep: true }
  })
}

/** A partition that was added to a topic that is being read: its first messages are news too. */
function isNew({ topic, partition }: Partition, { saved, committed }: Known): boolean {
  if (committed.has(laneOf({ topic, partition }))) return false
  for (const lane of saved.keys()) if (lane.startsWith(`${topic}/`)) return true
  return false
}

/** The offset itself, if nothing between it and the oldest message is gone; else what the rules say. */
export function afterGap({ lane, offset, marks }: Next, rules: GapRules): bigint {
  if (marks === undefined || !isGap(offset, marks)) return offset
  const { low, high } = marks
  const what =
    offset < low
      ? `the next message is ${offset}, but the oldest that is still there is ${low}: messages were deleted before they were read`
      : `the next message is ${offset}, but the topic ends before ${high}: it was made anew or lost messages`
  if (rules.onGap === 'stop') {
    throw new ConfigError({
      code: 'kafka-gap',
      key: 'kafka.onGap',
      message: `lane ${lane}: ${what}`,
      fix: `if what is lost may be lost, set onGap: 'earliest' for one run; lengthen the topic's retention`,
    })
  }
  rules.notice({ level: 'warn', code: 'kafka-gap', message: `lane ${lane}: ${what}; reading goes on from ${low}` })
  return low
}

export function isGap(offset: bigint, { low, high }: Watermarks): boolean {
  return offset < low || offset > high
}

function offsetOf(lane: Lane, position: Position): bigint {
  if (/^\d{1,19}$/.test(position)) return BigInt(position)
  throw new ConfigError({
    code: 'kafka-position-unreadable',
    key: 'kafka',
    message: `the saved position of lane ${lane} is not an offset`,
    fix: 'give the flow another name, or delete its checkpoints',
  })
}
