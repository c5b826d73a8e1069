import { isUtf8 } from 'node:buffer'
import type { DecodeLimits } from './options.js'
import { Rejection } from './rejection.js'
import { hasManyDigits, scanJson } from './scan-json.js'

const MIB = 1024 * 1024

export const DECODE_LIMITS: DecodeLimits = { bodyBytes: 10 * MIB, depth: 64, exactIntegers: true }

/** The value of a JSON body; throws a `Rejection`. Nothing is parsed before size, encoding and depth are known. */
export function decodeJson(body: Uint8Array, limits: DecodeLimits): unknown {
  refuseLarge(body, limits)
  if (!isUtf8(body)) throw new Rejection('invalid-utf8', 'the body is not UTF-8')
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const text = bytes.toString('utf8', startsWithMark(body) ? 3 : 0)
  // Few messages have so many brackets or digits, and to look for them is far cheaper than to look at each byte.
  if (mayBeDeeper(text, limits.depth) || (limits.exactIntegers && hasManyDigits(body))) refuseHazards(body, limits)
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    throw new Rejection('invalid-json', `the body is not JSON: ${problemOf(text, error)}`)
  }
}

/** Whether more than `limit` objects and arrays begin in the text, be it in a string. */
function mayBeDeeper(text: string, limit: number): boolean {
  let count = 0
  for (const character of ['{', '[']) {
    for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) {
      if (++count > limit) return true
    }
  }
  return false
}

export function refuseLarge(body: Uint8Array, { bodyBytes }: DecodeLimits): void {
  if (body.length <= bodyBytes) return
  throw new Rejection('body-too-large', `the body has ${body.length} bytes, more than limits.bodyBytes (${bodyBytes})`)
}

function refuseHazards(body: Uint8Array, limits: DecodeLimits): void {
  const { depth } = limits
  const found = scanJson(body, limits)
  if (found === undefined) return
  if (found.kind === 'deep') {
    throw new Rejection('too-deep', `the JSON goes deeper than limits.depth (${depth}) at byte ${found.at}`)
  }
  throw new Rejection(
    'unsafe-integer',
    `the integer at byte ${found.at} is beyond what JavaScript holds exactly; send it as text, give a \`decode\` of your own, or set limits.exactIntegers to false`,
  )
}

/** A byte order mark, which JSON.parse does not take. */
function startsWithMark(body: Uint8Array): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
}

/** The message of `JSON.parse` quotes the text, so only the place is taken from it. */
function problemOf(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty'
  const place = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
  if (place !== undefined) return `it breaks at character ${place} of ${text.length}`
  return error instanceof Error && /end of JSON|unterminated/i.test(error.message) ? 'it ends too early' : 'it breaks'
}
