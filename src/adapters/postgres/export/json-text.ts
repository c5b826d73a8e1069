/** How a value that COPY prints becomes JSON. `string`: in quotes. `number`: as it is, but for NaN and infinities. */
export type JsonForm = 'string' | 'number' | 'boolean' | 'json' | 'timestamp' | 'timestamptz'

/** A byte becomes six at most: `\u001f`. */
export const WORST = 6

const [TAB, LINE_END, QUOTE, BACKSLASH, SPACE] = [9, 10, 34, 92, 32]
const [PLUS, MINUS, ZERO, NINE] = [43, 45, 48, 57]
const [LOWER_T, LOWER_V, UPPER_N, UPPER_T] = [116, 118, 78, 84]
/** Bytes that are in a string of JSON as they are. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 32 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
)
const VERTICAL_TAB = 11
const HEX = Buffer.from('0123456789abcdef')
const [TRUE, FALSE, NULL, CONTROL, MINUTES] = ['true', 'false', 'null', '\\u00', ':00'].map((text) => Buffer.from(text))

/**
 * Makes JSON of the values of COPY, byte by byte: of the backslash sequences of COPY all but one are those of JSON, so that nothing
 * is parsed. Whoever puts something must have reserved room for it.
 */
export class JsonText {
  #out = Buffer.allocUnsafe(0)
  #at = 0
  /** What the lines ended in the middle of. */
  #open: 'plain' | 'quoted' | 'json' | undefined

  get length(): number {
    return this.#at
  }

  /** The next value goes on with one that was begun. */
  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** @param usual least size of a buffer, so that few of them are made. */
  reserve(bytes: number, usual: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#out.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, usual))
    this.#out.copy(grown, 0, 0, this.#at)
    this.#out = grown
  }

  /** What was put, which is the caller's from now on. */
  take(): Buffer {
    const taken = this.#out.subarray(0, this.#at)
    this.#out = Buffer.allocUnsafe(0)
    this.#at = 0
    return taken
  }

  /** What was put, until something else is put. */
  peel(): Buffer {
    const peeled = this.#out.subarray(0, this.#at)
    this.#at = 0
    return peeled
  }

  /** For a few bytes this is faster than a copy. */
  put(bytes: Buffer | undefined): void {
    if (bytes === undefined) return
    const out = this.#out
    let to = this.#at
    for (let at = 0; at < bytes.length; at++) out[to++] = bytes[at] ?? 0
    this.#at = to
  }

  end(): void {
    this.#out[this.#at++] = 125
  }

  /** Answers where the next value begins: behind the end of `lines` when this one goes on in others. */
  value(lines: Buffer, from: number, form: JsonForm): number {
    const first = lines[from] ?? LINE_END
    if (first === BACKSLASH && lines[from + 1] === UPPER_N) {
      this.put(NULL)
      return from + 3
    }
    switch (form) {
      case 'number':
        return isDigits(first, lines[from + 1]) ? this.#plain(lines, from) : this.#quoted(lines, from)
      case 'boolean':
        this.put(first === LOWER_T ? TRUE : FALSE)
        return from + 2
      case 'json':
        return this.#json(lines, from)
      case 'timestamp':
      case 'timestamptz':
        return this.#moment(lines, from, form)
      default:
        return this.#quoted(lines, from)
    }
  }

  /** The rest of a value that was begun; answers as `value` does. */
  goOn(lines: Buffer, from: number): number {
    const open = this.#open
    this.#open = undefined
    if (open === 'plain') return this.#plain(lines, from)
    return open === 'json' ? this.#json(lines, from) : this.#quoted(lines, from, true)
  }

  #plain(lines: Buffer, from: number): number {
    const out = this.#out
    let [at, to] = [from, this.#at]
    for (let byte = lines[at] ?? LINE_END; byte !== TAB && byte !== LINE_END; byte = lines[++at] ?? LINE_END)
      out[to++] = byte
    this.#at = to
    if (at >= lines.length) this.#open = 'plain'
    return at + 1
  }

  #quoted(lines: Buffer, from: number, begun = false): number {
    const out = this.#out
    let [at, to] = [from, this.#at]
    if (!begun) out[to++] = QUOTE
    for (;;) {
      const byte = lines[at++] ?? LINE_END
      if (PLAIN[byte] === 1) out[to++] = byte
      else if (byte === TAB || byte === LINE_END) break
      else if (byte === QUOTE) {
        out[to++] = BACKSLASH
        out[to++] = QUOTE
      } else if (byte === BACKSLASH && lines[at] !== LOWER_V) {
        out[to++] = BACKSLASH
        out[to++] = lines[at++] ?? BACKSLASH
      } else if (byte === BACKSLASH) {
        at += 1
        to = putControl(out, to, VERTICAL_TAB)
      } else to = putControl(out, to, byte)
    }
    if (at > lines.length) this.#open = 'quoted'
    else out[to++] = QUOTE
    this.#at = to
    return at
  }

  /** Line ends between its tokens become spaces; within its strings there are none. */
  #json(lines: Buffer, from: number): number {
    const out = this.#out
    let [at, to] = [from, this.#at]
    for (;;) {
      const byte = lines[at++] ?? LINE_END
      if (byte === TAB || byte === LINE_END) break
      if (byte !== BACKSLASH) out[to++] = byte
      else {
        const escaped = lines[at++]
        out[to++] = escaped === BACKSLASH ? BACKSLASH : escaped === LOWER_T ? TAB : SPACE
      }
    }
    if (at > lines.length) this.#open = 'json'
    this.#at = to
    return at
  }

  /** As ISO 8601: with `T`, and with minutes in the zone, which is always UTC. */
  #moment(lines: Buffer, from: number, form: JsonForm): number {
    const out = this.#out
    let at = from
    let spaced = false
    out[this.#at++] = QUOTE
    for (let byte = lines[at] ?? LINE_END; byte !== TAB && byte !== LINE_END; byte = lines[++at] ?? LINE_END) {
      if (byte === PLUS && form === 'timestamptz') {
        out[this.#at++] = byte
        out[this.#at++] = lines[++at] ?? ZERO
        out[this.#at++] = lines[++at] ?? ZERO
        this.put(MINUTES)
      } else if (byte === SPACE && !spaced) {
        spaced = true
        out[this.#at++] = UPPER_T
      } else out[this.#at++] = byte
    }
    out[this.#at++] = QUOTE
    return at + 1
  }
}

function isDigits(first: number, second: number | undefined): boolean {
  if (first === MINUS) return second !== undefined && second >= ZERO && second <= NINE
  return first >= ZERO && first <= NINE
}

function putControl(out: Buffer, to: number, byte: number): number {
  CONTROL?.copy(out, to)
  out[to + 4] = HEX[byte >> 4] ?? ZERO
  out[to + 5] = HEX[byte & 15] ?? ZERO
  return to + 6
}

/** Bytes that these may become: of a large row they are counted, so that it does not take six times its size. */
export function boundOf(lines: Buffer): number {
  let bound = lines.length
  for (let at = 0; at < lines.length; at++) {
    const byte = lines[at] ?? 0
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH || byte === PLUS) bound += WORST - 1
  }
  return bound
}
