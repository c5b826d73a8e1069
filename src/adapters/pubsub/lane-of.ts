import type { Lane } from '../../core/batch.js'

const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193

/** The lane of an ordering key: the same key, the same lane (FNV-1a). */
export function laneOf(key: string, lanes: number): Lane {
  let hash = OFFSET_BASIS
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), PRIME)
  return String((hash >>> 0) % lanes)
}
