/** Runs `work` within one transaction of one connection. */
export type InTransaction<Session> = (work: (session: Session) => Promise<void>) => Promise<void>

/**
 * A transaction that stays open until it is closed, for what reads in one snapshot by and by. Its statements run one
 * after the other.
 */
export class HeldTransaction<Session> {
  readonly #session: Session
  readonly #transaction: Promise<void>
  readonly #release: () => void
  #last: Promise<unknown> = Promise.resolve()

  private constructor(session: Session, transaction: Promise<void>, release: () => void) {
    this.#session = session
    this.#transaction = transaction
    this.#release = release
  }

  /** Opens it; `begin` is its first work. */
  static open<Session>(
    inTransaction: InTransaction<Session>,
    begin: (session: Session) => Promise<void>,
  ): Promise<HeldTransaction<Session>> {
    return new Promise((resolve, reject) => {
      const transaction: Promise<void> = inTransaction(async (session) => {
        await begin(session)
        await new Promise<void>((release) => {
          resolve(
            new HeldTransaction(
              session,
              Promise.resolve().then(() => transaction),
              release,
            ),
          )
        })
      })
      transaction.catch(reject)
    })
  }

  run<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(() => work(this.#session))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Ends it. That a connection was lost meanwhile is not told again: whoever used it was told. */
  async close(): Promise<void> {
    await this.#last
    this.#release()
    await this.#transaction.catch(() => undefined)
  }
}
