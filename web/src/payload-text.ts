export interface DecodedPayload {
  /** With a sign for each control character, and U+FFFD for what is no UTF-8. */
  readonly text: string
  /** Every byte is text. */
  readonly exact: boolean
}

/** Of more signs than this share, nobody could read the rest. */
const READABLE = 0.2

/** What the bytes say to a person; `undefined`: nothing, as they are no text. A cut off end is left out. */
export function decoded(base64: string): DecodedPayload | undefined {
  const bytes = bytesOf(base64)
  if (bytes === undefined) return undefined
  // `stream`: a character may be cut at the end.
  const plain = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true })
  const text = plain.replaceAll(CONTROL, (sign) => signOf(sign.charCodeAt(0)))
  const signs = [...text.matchAll(SIGNS)].length
  return signs > text.length * READABLE ? undefined : { text, exact: signs === 0 }
}

/** U+2400 stands for 0, and so on; those beyond have none of their own. */
function signOf(code: number): string {
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd'
}

function bytesOf(base64: string): Uint8Array | undefined {
  const whole = base64.replace(/=+$/, '')
  try {
    const binary = atob(whole.slice(0, whole.length - (whole.length % 4 === 1 ? 1 : 0)))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Control characters, but for what a text has between its lines and columns. */
const CONTROL = /(?![\t\n\r])\p{Cc}/gu
const SIGNS = /[\u2400-\u241f\ufffd]/g

/** JSON with its lines; whatever else there is as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    // That it is no JSON may be the very reason why it is here.
    return text
  }
}
