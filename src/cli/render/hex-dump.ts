const ROW = 16

/** Bytes as `offset  hex  |text|`; only printable ASCII is shown as text. */
export function hexDump(bytes: Uint8Array): readonly string[] {
  return Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, row) => {
    const part = [...bytes.subarray(row * ROW, (row + 1) * ROW)]
    const hex = part.map((byte, index) => `${index === ROW / 2 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`)
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    return `${(row * ROW).toString(16).padStart(8, '0')}  ${hex.join(' ').padEnd(ROW * 3)}  |${text}|`
  })
}
