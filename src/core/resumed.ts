/** Where a check went on that had been interrupted: it is one over two snapshots. */
export interface Resumed {
  /** When what was done was saved; ISO 8601, UTC. */
  readonly savedAt: string
  /** Findings of the part before. They are in the counts, but are not told again. */
  readonly findings: number
}
