import type {
  DeadLetter,
  DeadLetterStore,
  LetterFilter,
  LetterPage,
  LetterState,
  StoredLetter,
} from '../../core/dead-letter.js'

const PAGE = 100
const WAITING: readonly LetterState[] = ['dead', 'held']

/** Dead letters that live as long as the object. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  readonly label = 'memory://dead-letters'
  readonly #letters = new Map<string, StoredLetter>()

  /** In the order in which their items first failed, in whatever state they are. */
  get letters(): readonly StoredLetter[] {
    return [...this.#letters.values()]
  }

  async store(letters: readonly DeadLetter[]): Promise<void> {
    for (const letter of letters) {
      const key = JSON.stringify([letter.flow, letter.itemKey])
      const known = this.#letters.get(key)
      const now = new Date().toISOString()
      this.#letters.set(key, {
        ...letter,
        id: known?.id ?? String(this.#letters.size + 1).padStart(16, '0'),
        attempts: (known?.attempts ?? 0) + letter.attempts,
        state: letter.held ? 'held' : 'dead',
        firstAt: known?.firstAt ?? now,
        lastAt: now,
      })
    }
  }

  async count(flow: string, states: readonly LetterState[] = WAITING): Promise<number> {
    return this.letters.filter((letter) => letter.flow === flow && states.includes(letter.state)).length
  }

  async list(flow: string, filter: LetterFilter = {}, page: LetterPage = {}): Promise<readonly StoredLetter[]> {
    const { limit = PAGE, after } = page
    return this.letters
      .filter(
        (letter) => letter.flow === flow && passes(letter, filter) && (after === undefined || follows(letter, after)),
      )
      .sort((a, b) => (follows(a, b) ? 1 : -1))
      .slice(0, limit)
  }

  async mark(
    flow: string,
    letters: readonly Pick<StoredLetter, 'id' | 'attempts'>[],
    state: 'replayed' | 'discarded',
  ): Promise<number> {
    const known = new Map(letters.map(({ id, attempts }) => [id, attempts]))
    let marked = 0
    for (const [key, letter] of this.#letters) {
      if (letter.flow !== flow || known.get(letter.id) !== letter.attempts) continue
      this.#letters.set(key, { ...letter, state, held: false })
      marked++
    }
    return marked
  }
}

export function memoryDeadLetters(): MemoryDeadLetterStore {
  return new MemoryDeadLetterStore()
}

function passes(letter: StoredLetter, filter: LetterFilter): boolean {
  const { ids, codes, stages, states = WAITING, since, until } = filter
  const lastMs = Date.parse(letter.lastAt)
  return (
    states.includes(letter.state) &&
    (ids === undefined || ids.includes(letter.id)) &&
    (codes === undefined || codes.includes(letter.code)) &&
    (stages === undefined || stages.includes(letter.stage)) &&
    (since === undefined || lastMs >= Date.parse(since)) &&
    (until === undefined || lastMs < Date.parse(until))
  )
}

function follows(letter: Pick<StoredLetter, 'id' | 'firstAt'>, after: Pick<StoredLetter, 'id' | 'firstAt'>): boolean {
  return letter.firstAt === after.firstAt ? letter.id > after.id : letter.firstAt > after.firstAt
}
