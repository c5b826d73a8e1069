/** Connections of this process to a database, at this moment. */
export interface ConnectionFigures {
  readonly open: number
  /** Of these, those at work. */
  readonly used: number
  /** Callers that wait for a free one. */
  readonly waiting: number
  /** For how long the connection that has been at work longest has been, and with it its transaction, in ms; 0: none is. */
  readonly oldestUseMs: number
}

/** Of several pools together. */
export function addedUp(figures: readonly ConnectionFigures[]): ConnectionFigures {
  const sum = (of: (one: ConnectionFigures) => number): number => figures.reduce((total, one) => total + of(one), 0)
  return {
    open: sum(({ open }) => open),
    used: sum(({ used }) => used),
    waiting: sum(({ waiting }) => waiting),
    oldestUseMs: Math.max(0, ...figures.map(({ oldestUseMs }) => oldestUseMs)),
  }
}
