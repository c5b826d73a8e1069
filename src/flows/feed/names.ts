import { randomBytes } from 'node:crypto'

/**
 * How the objects of a feed are called. The manifest of sequence n+1 can be made once only, so of several exporters that
 * began after feed n one publishes; and the name needs no clock, which may go back. Data files carry the sequence they are
 * for and a random run, so that no name is used twice and no exporter touches the files of another.
 */
export interface FeedNames {
  /** Every object of the feed begins so. */
  readonly prefix: string
  readonly latest: string
  manifest(sequence: number): string
  /** Every file of the attempt begins so. */
  attempt(attempt: Attempt): string
  /** @param part from 1. */
  data(attempt: Attempt, part: number, extension: string): string
  /** Of one taking of a range, by a worker. @param part from 1. */
  rangeData(taking: Taking, part: number, extension: string): string
  rejected(attempt: Attempt): string
  /** What an object is; `undefined` when it is none of this feed's. */
  parse(object: string): FeedObject | undefined
}

export interface Attempt {
  readonly sequence: number
  /** 16 hexadecimal digits. */
  readonly run: string
}

/** One try of a worker at a range of an attempt: what is done again is done under other names. */
export interface Taking extends Attempt {
  /** From 0. */
  readonly range: number
  /** 8 hexadecimal digits. */
  readonly nonce: string
}

export type FeedObject =
  | { readonly kind: 'manifest'; readonly sequence: number }
  | ({ readonly kind: 'data' } & Attempt & Partial<Pick<Taking, 'range' | 'nonce'>>)

/** Of an attempt: random, so that no name is used twice. */
export function newRun(): string {
  return randomBytes(8).toString('hex')
}

export function newNonce(): string {
  return randomBytes(4).toString('hex')
}

const DIGITS = 8

/** Of a feed: letters, digits, hyphens, underscores and single dots, at most 100. */
export function isFeedName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name) && !name.includes('..')
}

export function feedNames(feed: string): FeedNames {
  const number = (sequence: number): string => String(sequence).padStart(DIGITS, '0')
  const four = (value: number): string => String(value).padStart(4, '0')
  const stem = ({ sequence, run }: Attempt): string => `${feed}-${number(sequence)}-${run}`
  return {
    prefix: `${feed}-`,
    latest: `${feed}.latest.json`,
    manifest: (sequence) => `${feed}-${number(sequence)}${MANIFEST_SUFFIX}`,
    attempt: (attempt) => `${stem(attempt)}-`,
    data: (attempt, part, extension) => `${stem(attempt)}-${four(part)}.${extension}`,
    rangeData: (taking, part, extension) =>
      `${stem(taking)}-r${four(taking.range)}-${taking.nonce}-${four(part)}.${extension}`,
    rejected: (attempt) => `${stem(attempt)}-rejected.ndjson`,
    parse: (object) => (object.startsWith(`${feed}-`) ? parseRest(object.slice(feed.length + 1)) : undefined),
  }
}

export const MANIFEST_SUFFIX = '.manifest.json'
const MANIFEST = /^(\d{8,})\.manifest\.json$/
const DATA = /^(\d{8,})-([0-9a-f]{16})-(?:r(\d{4,})-([0-9a-f]{8})-)?(?:\d{4,}|rejected)\.[a-z.]+$/

function parseRest(rest: string): FeedObject | undefined {
  const manifest = MANIFEST.exec(rest)
  if (manifest !== null) return { kind: 'manifest', sequence: Number(manifest[1]) }
  const data = DATA.exec(rest)
  if (data === null) return undefined
  const [, sequence, run = '', range, nonce] = data
  const attempt = { kind: 'data', sequence: Number(sequence), run } as const
  return range === undefined || nonce === undefined ? attempt : { ...attempt, range: Number(range), nonce }
}
