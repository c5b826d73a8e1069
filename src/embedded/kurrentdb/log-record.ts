/** What a client asks to append. */
export interface Proposed {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly metadata: Uint8Array
  readonly data: Uint8Array
}

export interface LogRecord extends Proposed {
  readonly stream: string
  readonly revision: number
  /** Both commit and prepare position: each append is a transaction of its own. */
  readonly position: bigint
  /** Ticks of 100 ns since 1970. */
  readonly created: string
}
