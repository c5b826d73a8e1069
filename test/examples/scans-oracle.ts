import { z } from 'zod'
import { query } from '../support/sql.js'

/** What a message says, without its format. */
export const Facts = z.object({
  ip: z.string(),
  port: z.number(),
  service: z.string(),
  timestamp: z.number(),
  response: z.string(),
})
export type Facts = z.infer<typeof Facts>

/** A line of the scanner's log. */
export const Published = z.union([
  Facts.extend({ id: z.string() }),
  z.object({ id: z.string(), broken: z.literal(true) }),
])

/** A plain fold of what was published: of each service the newest, and the ids of what cannot be read. */
export class ScansOracle {
  readonly #newest = new Map<string, { timestamp: number; responses: Set<string> }>()
  readonly #broken = new Set<string>()

  take(facts: Facts): void {
    const key = keyOf(facts)
    const known = this.#newest.get(key)
    if (known === undefined || facts.timestamp > known.timestamp) {
      this.#newest.set(key, { timestamp: facts.timestamp, responses: new Set([facts.response]) })
    } else if (facts.timestamp === known.timestamp) {
      // Which of the two comes first is for Pub/Sub to say.
      known.responses.add(facts.response)
    }
  }

  takeBroken(id: string): void {
    this.#broken.add(id)
  }

  get rows(): number {
    return this.#newest.size
  }

  get broken(): number {
    return this.#broken.size
  }

  /** All that is other than it should be; nothing of it once everything is stored. */
  async faults(url: string): Promise<readonly string[]> {
    const rows = await query<Record<'ip' | 'service' | 'response' | 'seen', string> & { port: number }>(
      url,
      'select host(ip) ip, port, service, response, extract(epoch from last_seen)::text seen from scan_results',
    )
    const found = new Set(rows.map(keyOf))
    const letters = await lettersOf(url)
    return [
      ...[...this.#newest.keys()].filter((key) => !found.has(key)).map((key) => `missing: ${key}`),
      ...rows.filter((row) => !this.#isRight(row)).map((row) => `wrong: ${JSON.stringify(row)}`),
      ...[...this.#broken].filter((id) => !letters.has(id)).map((id) => `no letter: ${id}`),
      ...[...letters].filter((id) => !this.#broken.has(id)).map((id) => `letter: ${id}`),
    ]
  }

  #isRight(row: { ip: string; port: number; service: string; response: string; seen: string }): boolean {
    const newest = this.#newest.get(keyOf(row))
    return newest !== undefined && Number(row.seen) === newest.timestamp && newest.responses.has(row.response)
  }
}

/** Message ids of the dead letters. */
async function lettersOf(url: string): Promise<ReadonlySet<string>> {
  const [made] = await query(url, `select 1 where to_regclass('lockstep.dead_letters') is not null`)
  if (made === undefined) return new Set()
  const rows = await query<{ item_key: string }>(
    url,
    `select item_key from lockstep.dead_letters where flow = 'scans' and state = 'dead'`,
  )
  return new Set(rows.map(({ item_key }) => item_key))
}

function keyOf({ ip, port, service }: { ip: string; port: number; service: string }): string {
  return `${ip} ${port} ${service}`
}
