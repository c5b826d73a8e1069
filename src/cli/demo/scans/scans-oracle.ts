import { readFile } from 'node:fs/promises'
import type { Client } from 'pg'
import { z } from 'zod'

/** A line of the scanner's log. */
const Published = z.union([
  z.object({ broken: z.literal(true) }),
  z.object({
    ip: z.string(),
    port: z.number(),
    service: z.string(),
    timestamp: z.number(),
    response: z.string(),
  }),
])

interface Newest {
  readonly timestamp: number
  /** More than one when several messages have this very second. */
  readonly responses: Set<string>
}

/** What the table must hold, as a fold over what the scanner says it published. Nothing here shares code with the product. */
export class ScansOracle {
  readonly #newest = new Map<string, Newest>()
  #messages = 0
  #broken = 0

  get messages(): number {
    return this.#messages
  }

  /** Messages that nobody can read. */
  get broken(): number {
    return this.#broken
  }

  get rows(): number {
    return this.#newest.size
  }

  async take(logFile: string): Promise<void> {
    for (const line of (await readFile(logFile, 'utf8')).split('\n')) {
      if (line === '') continue
      this.#messages++
      const published = Published.parse(JSON.parse(line))
      if ('broken' in published) this.#broken++
      else this.#fold(published)
    }
  }

  /** Rows that are missing, too many, or other than the newest message about them. */
  async wrongRows(client: Client): Promise<number> {
    const { rows } = await client.query<Record<'ip' | 'service' | 'response' | 'seen', string> & { port: number }>(
      'select host(ip) as ip, port, service, response, extract(epoch from last_seen)::text as seen from scan_results',
    )
    const right = rows.filter(({ ip, port, service, response, seen }) => {
      const newest = this.#newest.get(keyOf({ ip, port, service }))
      return newest !== undefined && Number(seen) === newest.timestamp && newest.responses.has(response)
    })
    return rows.length - right.length + (this.#newest.size - right.length)
  }

  #fold(scan: Exclude<z.infer<typeof Published>, { broken: true }>): void {
    const key = keyOf(scan)
    const known = this.#newest.get(key)
    if (known === undefined || scan.timestamp > known.timestamp) {
      this.#newest.set(key, { timestamp: scan.timestamp, responses: new Set([scan.response]) })
    } else if (scan.timestamp === known.timestamp) {
      known.responses.add(scan.response)
    }
  }
}

function keyOf({ ip, port, service }: { ip: string; port: number; service: string }): string {
  return `${ip} ${port} ${service}`
}
