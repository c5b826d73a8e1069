import type { AlertKind } from '../../core/alert.js'
import { DataError, LockstepError } from '../../core/errors.js'
import { scrub } from '../../core/secret.js'

const MAX_LENGTH = 300

/** Why a flow stopped. What is not an error of this tool may quote a value: its message stays in the log. */
export function whyStopped(error: Error): string {
  if (error instanceof DataError) return `stopped: items that can never be stored (${error.code}); see the log`
  if (!(error instanceof LockstepError)) return `stopped: unexpected ${error.name}; see the log`
  return `stopped: ${short(error.message)} (${error.code})`
}

/** Why a feed was not published. Reasons of rejected rows are the user's own words, and are left out. */
export function whyRefused(error: DataError): string {
  if (error.code === 'feed-shrunk') return short(`nothing was published: ${error.message}`)
  if (error.code === 'feed-rejected') return 'nothing was published: too many rows were rejected (feed-rejected)'
  return `nothing was published (${error.code}); see the log`
}

/** The first line, without credentials. */
export function short(text: string): string {
  const [line = ''] = scrub(text).split('\n')
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH)}...`
}

/** `12 min`, `1 h 5 min`, `40 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}

export const RESOLVED: Readonly<Record<AlertKind, string>> = {
  stopped: 'works again',
  lag: 'is no longer behind',
  'dead-letters': 'has few enough dead letters again',
  different: 'does not differ any more',
  refused: 'was published again',
}

/** A command that shows more. */
export function commandOf(kind: AlertKind, flow: string): string {
  if (kind === 'different') return `lockstep check ${flow} --more-info`
  if (kind === 'dead-letters') return `lockstep dead-letters list ${flow}`
  return kind === 'stopped' ? `lockstep doctor ${flow}` : `lockstep status ${flow}`
}
