/**
 * Reads protobuf's wire format, no more of it than the event messages need. Strings and byte fields are views of the
 * message, so a body is never copied.
 */
export class WireReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  #wireType = 0

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  /** The number of the next field; 0 at the end. Each field is then read, or skipped, by one of the methods below. */
  field(): number {
    if (this.#at >= this.#end) return 0
    const tag = this.#varint()
    this.#wireType = tag & 7
    return tag >>> 3
  }

  bytes(): Buffer {
    const start = this.#open()
    return this.#bytes.subarray(start, this.#at)
  }

  text(): string {
    const start = this.#open()
    return this.#bytes.toString('utf8', start, this.#at)
  }

  message(): WireReader {
    const start = this.#open()
    return new WireReader(this.#bytes, start, this.#at)
  }

  /** For numbers that are small. */
  number(): number {
    return this.#varint()
  }

  uint64(): bigint {
    const start = this.#at
    const low = this.#varint()
    // Seven bytes hold 49 bits, which a number holds exactly.
    if (this.#at - start <= 7) return BigInt(low)
    let value = 0n
    for (let at = this.#at - 1; at >= start; at--) value = (value << 7n) | BigInt(this.#byte(at) & 0x7f)
    return BigInt.asUintN(64, value)
  }

  skip(): void {
    if (this.#wireType === 0) this.#varint()
    else if (this.#wireType === 1) this.#advance(8)
    else if (this.#wireType === 2) this.#open()
    else if (this.#wireType === 5) this.#advance(4)
    else throw new Error(`protobuf wire type ${this.#wireType} is not known`)
  }

  /** Of a field with a length: moves behind it and answers where it begins. */
  #open(): number {
    if (this.#wireType !== 2) throw new Error(`protobuf wire type ${this.#wireType} where a length was expected`)
    const length = this.#varint()
    const start = this.#at
    this.#advance(length)
    return start
  }

  #advance(length: number): void {
    if (length > this.#end - this.#at) throw new Error('a protobuf field reaches beyond its message')
    this.#at += length
  }

  /** Exact up to 49 bits. */
  #varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#byte(this.#at)
      this.#at++
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
  }

  #byte(at: number): number {
    const byte = at < this.#end ? this.#bytes[at] : undefined
    if (byte === undefined) throw new Error('a protobuf message ends within a field')
    return byte
  }
}
