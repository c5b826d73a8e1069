import type { LeaseRecord } from '../../../core/lease.js'

/** Who has which lanes, for people: `web-1/42: 1, 2; web-2/17: 3, 4 (of 4 lanes)`. Lanes are counted from 0 in the map. */
export function holdersText(lanes: ReadonlyMap<number, LeaseRecord | undefined>): string {
  const byName = new Map<string, number[]>()
  for (const [lane, record] of lanes) {
    const name = record?.holder?.name ?? 'nobody'
    byName.set(name, [...(byName.get(name) ?? []), lane + 1])
  }
  const each = [...byName].map(([name, held]) => `${name}: ${held.join(', ')}`)
  return `${each.join('; ')} (of ${lanes.size} lanes)`
}
