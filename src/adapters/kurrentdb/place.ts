import type { Position } from '../../core/batch.js'
import { ConfigError } from '../../core/errors.js'

/** Where something is: in `$all` by commit and prepare position, in a stream by its revision (and 0). */
export interface Place {
  readonly major: bigint
  readonly minor: bigint
}

/** The stream of all streams. */
export const ALL = '$all'

export function isAfter(left: Place, right: Place): boolean {
  return left.major > right.major || (left.major === right.major && left.minor > right.minor)
}

/** `commit/prepare` in `$all`, else the revision. */
export function positionOf(place: Place, stream: string): Position {
  return stream === ALL ? `${place.major}/${place.minor}` : `${place.major}`
}

export function placeOf(position: Position, stream: string): Place {
  const [, major, minor] = /^(\d{1,20})(?:\/(\d{1,20}))?$/.exec(position) ?? []
  if (major === undefined || (minor === undefined) === (stream === ALL)) {
    throw new ConfigError({
      code: 'position-invalid',
      key: `kurrentdb({ stream: '${stream}' })`,
      message: 'the saved position is not one of this stream',
      fix: 'Give the flow another name, or delete its checkpoint to read from the start.',
    })
  }
  return { major: BigInt(major), minor: BigInt(minor ?? 0) }
}
