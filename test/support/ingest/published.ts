import { Random } from '../hostile/random.js'

/** A row as the oracle expects it. */
export interface Expected {
  readonly sensor: number
  readonly version: number
  readonly value: string
}

export interface Publication {
  readonly body: Buffer
  /** What it means; left out for what can never be stored. */
  readonly reading?: Expected
}

/** Told of each message that was published, with the id that the broker gave it. */
export interface Notes {
  note(id: string, publication: Publication): void
}

const SENSORS = 150
const VERSIONS = 1_000
/** Broken in each stage: decoding, validation, and, by what the tables forbid, writing. */
const POISON: readonly ((sensor: number) => Buffer)[] = [
  () => Buffer.from('{"sensor": 1, '),
  () => Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  (sensor) => json({ sensor, version: 'high', value: 'x' }),
  (sensor) => json({ sensor, version: VERSIONS + 1, value: 'refused' }),
]

/**
 * Everything that was put into a stream, and what must have become of it: a plain fold, newest version wins. It knows
 * nothing of the product.
 */
export class Published implements Notes {
  readonly seed: number
  readonly #random: Random
  readonly #newest = new Map<number, Expected>()
  /** Ids of what can never be stored, and of all else. */
  readonly poison = new Set<string>()
  readonly sound = new Set<string>()

  constructor(seed = Date.now() % 1_000_000) {
    this.seed = seed
    this.#random = new Random(seed)
  }

  get random(): Random {
    return this.#random
  }

  /** The rows that must be there, by sensor. */
  get rows(): readonly Expected[] {
    return [...this.#newest.values()].toSorted((left, right) => left.sensor - right.sensor)
  }

  /**
   * Makes messages: few sensors and many versions in no order, so most come late; one in ten is there twice. `poison` is
   * the share (0 to 1) of what can never be stored, to the message.
   */
  make(count: number, poison = 0): readonly Publication[] {
    const bad = Math.round(count * poison)
    const made = Array.from({ length: count }, (_, at) => (at < bad ? this.#poison(at) : this.#sound()))
    for (let at = bad; at < count; at++) {
      const original = made[this.#random.integer(bad, at)]
      if (original !== undefined && this.#random.chance(0.1)) made[at] = original
    }
    return this.#shuffled(made)
  }

  note(id: string, { reading }: Publication): void {
    if (reading === undefined) {
      this.poison.add(id)
      return
    }
    this.sound.add(id)
    const known = this.#newest.get(reading.sensor)
    if (known === undefined || reading.version > known.version) this.#newest.set(reading.sensor, reading)
  }

  #shuffled(made: Publication[]): readonly Publication[] {
    const keyed = made.map((one) => ({ one, at: this.#random.next() }))
    return keyed.toSorted((left, right) => left.at - right.at).map(({ one }) => one)
  }

  #sound(): Publication {
    const sensor = this.#random.integer(1, SENSORS)
    const version = this.#random.integer(1, VERSIONS)
    const reading = { sensor, version, value: `${sensor} at ${version}` }
    return { body: json(reading), reading }
  }

  #poison(at: number): Publication {
    const body = POISON[at % POISON.length]?.(this.#random.integer(1, SENSORS))
    return { body: body ?? Buffer.from('') }
  }
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
